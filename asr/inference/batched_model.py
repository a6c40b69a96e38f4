"""Batched models: the outputs of a model for many pieces of audio, in few forward passes without changing results."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from asr.audio.vad import pieces
from asr.inference.batching import Padding, batches, equal_batches
from asr.inference.checkpoints import features, running
from asr.inference.precision import kind_of
from asr.types import SAMPLE_RATE, DecodedAudio, Precision, Waveform

if TYPE_CHECKING:
    from torch import Tensor

SECONDS_ON_CPU: Final = 10.0
SECONDS_ON_GPU: Final = 600.0
"""Seconds of audio per pass. A GPU needs many; on a CPU, 10 s fit into the caches: about 15 % faster than 40 s."""


@dataclass(frozen=True, slots=True)
class PieceOutput:
    """A piece of a clip from sample ``start`` to ``end``, and the model's logits for it, float32 on the CPU.

    Their shape is (frames, tokens) for a CTC model, and (labels,) for a classifier.
    """

    clip: int
    start: int
    end: int
    logits: "Tensor"


class BatchedModel:
    """A transformers model with CTC or classification head, on its device and ready to run.

    Pieces are processed in batches, sorted by length, if the model is batch-invariant
    (`asr.inference.batch_invariance`, `asr.inference.conformers`). With other models, only pieces of equal length share
    a batch, which then has no padding.
    """

    def __init__(
        self, name: str, extractor: Any, model: Any, device: str, precision: Precision, batch_seconds: float
    ) -> None:
        from asr.inference import batch_invariance, conformers, int8, kernels

        self._name, self._extractor, self._device = name, extractor, device
        self.padding = Padding()
        self._max_samples = round((batch_seconds or usual_seconds(device)) * SAMPLE_RATE)
        self._is_on_samples = batch_invariance.can_batch(model.config)
        self._is_on_mel = conformers.can_batch(model.config)
        self._fewest_samples = conformers.fewest_samples(model.config, extractor)
        self._kind = kind_of(precision, device)
        if self._is_on_samples:
            batch_invariance.make_batch_invariant(model)
            self._model = kernels.optimized(model, self._kind, device, is_int8=precision == "int8")
        else:
            self._model = model.to(device, self._kind)
            if precision == "int8":
                int8.use_int8(self._model)

    @property
    def config(self) -> Any:
        return self._model.config

    @property
    def samples_a_frame(self) -> float:
        """How far apart the frames of a CTC model are; 0 if its config does not say."""
        from asr.inference.conformers import samples_a_frame

        if known := samples_a_frame(self.config, self._extractor):
            return known
        has_adapter = getattr(self.config, "add_adapter", False)
        adapter = self.config.adapter_stride**self.config.num_adapter_layers if has_adapter else 1
        return float(getattr(self.config, "inputs_to_logits_ratio", 0.0)) * adapter

    def outputs(self, clips: Sequence[DecodedAudio]) -> Iterator[PieceOutput]:
        """The model's output for each piece of the clips, in any order, each once. Raises `AsrError`."""
        return chain.from_iterable(self.batches(clips))

    def batches(self, clips: Sequence[DecodedAudio]) -> Iterator[list[PieceOutput]]:
        """The same, those of a forward pass together."""
        cuts = [(number, start, end) for number, clip in enumerate(clips) for start, end in pieces(clip)]
        lengths = [end - start for _, start, end in cuts]
        is_exact = self._is_on_samples or self._is_on_mel
        for batch in batches(lengths, self._max_samples) if is_exact else equal_batches(lengths, self._max_samples):
            cut = [cuts[number] for number in batch]
            batch_waveforms = [clips[clip].waveform[start:end] for clip, start, end in cut]
            self.padding.count(own := list(map(len, batch_waveforms)), max(own))
            logits = self._logits(batch_waveforms)
            yield [PieceOutput(*cuts[number], own) for number, own in zip(batch, logits, strict=True)]

    def _logits(self, batch_waveforms: Sequence[Waveform]) -> "list[Tensor]":
        with running(self._name):
            if self._is_on_samples:
                return self._run_samples(batch_waveforms)
            if self._is_on_mel:
                return self._run_mel(batch_waveforms)
            import torch

            inputs = [features(self._extractor, sound, self._device, self._kind) for sound in batch_waveforms]
            logits = self._model(**{name: torch.cat([own[name] for own in inputs]) for name in inputs[0]}).logits
            return list(logits.float().cpu())

    def _run_samples(self, batch_waveforms: Sequence[Waveform]) -> "list[Tensor]":
        from asr.inference.batch_invariance import frames_of

        inputs = [features(self._extractor, sound, self._device)["input_values"][0] for sound in batch_waveforms]
        return self._run_padded(inputs, lambda length: frames_of(length, self.config))

    def _run_mel(self, batch_waveforms: Sequence[Waveform]) -> "list[Tensor]":
        from asr.inference.conformers import frames_of, own_features

        fewest = self._fewest_samples
        inputs = [
            own_features(features(self._extractor, sound, self._device, self._kind, fewest=fewest))
            for sound in batch_waveforms
        ]
        return self._run_padded(inputs, lambda length: frames_of(length, self._model))

    def _run_padded(self, inputs: "Sequence[Tensor]", frames_of: Callable[[int], int]) -> "list[Tensor]":
        from torch.nn.utils.rnn import pad_sequence

        lengths = [len(own) for own in inputs]
        mask = padding_mask(lengths).to(self._device) if min(lengths) < max(lengths) else None
        logits = self._model(pad_sequence(list(inputs), batch_first=True), attention_mask=mask).logits.float().cpu()
        if logits.ndim == 2:
            return list(logits)
        return [own[: frames_of(length)] for own, length in zip(logits, lengths, strict=True)]


def usual_seconds(device: str) -> float:
    """The default of padded seconds in one pass on a device."""
    return SECONDS_ON_GPU if device.startswith("cuda") else SECONDS_ON_CPU


def padding_mask(lengths: Sequence[int]) -> "Tensor":
    """1 for samples or frames of a clip, 0 for padding, shape (clips, longest)."""
    import torch

    return (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
