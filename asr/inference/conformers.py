"""Batch-invariant inference for CTC models on mel features: Conformers such as Parakeet.

Mel features are normalised separately for each clip, over its own frames, and then padded with zeros. For the model
types listed here, the attention masks of transformers keep the padding out of the results: before each convolution,
padded frames are zero, or lie after all frames on which the clip's own frames depend; no frame attends to padding; and
batch norms use the statistics from training. Without a mask, the results of all these models depend on the padding.

Some extractors (Parakeet, Wav2Vec2-BERT) append a masked frame of padding to a clip. It is removed here: the logits of
the other frames do not change, and no text is decoded from it.
"""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from torch import Tensor

_KINDS: Final = frozenset({"parakeet_ctc", "lasr_ctc", "granite_speech5_ctc", "wav2vec2-bert"})
_HOP: Final = 160
"""Samples between two mel frames, if the extractor does not specify it."""


def can_batch(config: Any) -> bool:
    """Whether this type of model is known to be batch-invariant; adapters are not, as they convolve over padding."""
    return config.model_type in _KINDS and not getattr(config, "add_adapter", False)


def own_features(features: "dict[str, Tensor]") -> "Tensor":
    """The features of one clip, shape (frames, channels), without the frames that its extractor masks."""
    own = features["input_features"][0]
    mask = features.get("attention_mask")
    return own if mask is None else own[: int(mask.sum())]


def frames_of(length: int, model: Any) -> int:
    """The number of frames of logits for this number of frames of features."""
    import torch

    if model.config.model_type == "wav2vec2-bert":
        return length
    return int(model._get_subsampling_output_length(torch.tensor([length]))[0])


def samples_a_frame(config: Any, extractor: Any) -> float:
    """The number of samples per frame of logits; 0 if unknown."""
    if not can_batch(config):
        return 0
    encoder = getattr(config, "encoder_config", config)
    frames = {
        "parakeet_ctc": lambda: encoder.subsampling_factor,
        "lasr_ctc": lambda: encoder.subsampling_conv_stride**2,
        "granite_speech5_ctc": lambda: extractor.frame_stacking * 2 ** len(encoder.subsample_layers),
        "wav2vec2-bert": lambda: extractor.stride,
    }[config.model_type]()
    return float(frames * getattr(extractor, "hop_length", _HOP))


def fewest_samples(config: Any, extractor: Any) -> int:
    """The minimum number of samples for one frame of logits, if the convolutions do not pad; 0 for other models."""
    if config.model_type != "lasr_ctc":
        return 0
    encoder = config.encoder_config
    frames = 1 + (encoder.subsampling_conv_kernel_size - 1) * (1 + encoder.subsampling_conv_stride)
    return int(extractor.win_length + (frames - 1) * extractor.hop_length)
