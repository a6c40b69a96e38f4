"""Exact batches of CTC models on mel features: Conformers such as Parakeet.

Mel features are normalised clip by clip, over the clip's own frames, and only then padded with zeros. What is left are
the convolutions and attention, and there transformers' own masks are right for the kinds named here: padded frames are
zero before each convolution, as they are beyond a clip's end, or come after all that the clip's own frames depend on;
no frame attends to them; batch norms use the statistics of training. Without a mask each of these models is inexact.

An extractor may end a clip with a frame of padding and mask it (Parakeet, Wav2Vec2-BERT). It is cut off here: the
logits of the other frames stay the same, and nothing is decoded from it.
"""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from torch import Tensor

_KINDS: Final = frozenset({"parakeet_ctc", "lasr_ctc", "granite_speech5_ctc", "wav2vec2-bert"})
_HOP: Final = 160
"""Samples between two mel frames, where the extractor does not say."""


def can_batch(config: Any) -> bool:
    """Whether batches of this kind of model are known to be exact; adapters convolve over padded frames."""
    return config.model_type in _KINDS and not getattr(config, "add_adapter", False)


def own_features(features: "dict[str, Tensor]") -> "Tensor":
    """The features of one clip, shape (frames, channels), without frames that its extractor masks."""
    own = features["input_features"][0]
    mask = features.get("attention_mask")
    return own if mask is None else own[: int(mask.sum())]


def frames_of(length: int, model: Any) -> int:
    """The frames of logits that so many frames of features have."""
    import torch

    if model.config.model_type == "wav2vec2-bert":
        return length
    return int(model._get_subsampling_output_length(torch.tensor([length]))[0])


def samples_a_frame(config: Any, extractor: Any) -> float:
    """How far apart the frames of logits are; 0 where that is not known."""
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
    """The samples of which a model makes its first frame, where its convolutions do not pad; 0 for other kinds."""
    if config.model_type != "lasr_ctc":
        return 0
    encoder = config.encoder_config
    frames = 1 + (encoder.subsampling_conv_kernel_size - 1) * (1 + encoder.subsampling_conv_stride)
    return int(extractor.win_length + (frames - 1) * extractor.hop_length)
