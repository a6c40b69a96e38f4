"""Batched models: the outputs of a model for many pieces of audio, in few forward passes without changing results."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from asr.audio.decoding import SAMPLE_RATE
from asr.audio.vad import pieces
from asr.inference.batching import Padding, batches
from asr.inference.checkpoints import features, running
from asr.inference.precision import Precision, kind_of
from asr.types import DecodedAudio, Waveform

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
    (`asr.inference.batch_invariance.can_batch`), or else one by one.
    """

    def __init__(
        self, name: str, extractor: Any, model: Any, device: str, precision: Precision, batch_seconds: float
    ) -> None:
        from asr.inference import batch_invariance, int8, kernels

        self._name, self._extractor, self._device = name, extractor, device
        self.padding = Padding()
        self._max_samples = round((batch_seconds or usual_seconds(device)) * SAMPLE_RATE)
        self._batched = batch_invariance.can_batch(model.config)
        self._kind = kind_of(precision, device)
        if self._batched:
            batch_invariance.make_batch_invariant(model)
            self._model = kernels.optimized(model, self._kind, device, is_int8=precision == "int8")
        else:
            self._model = model.to(device, self._kind)
            if precision == "int8":
                int8.use_int8(self._model)

    @property
    def config(self) -> Any:
        return self._model.config

    def outputs(self, clips: Sequence[DecodedAudio]) -> Iterator[PieceOutput]:
        """The model's output for each piece of the clips, in any order, each once. Raises `AsrError`."""
        cuts = [(number, start, end) for number, clip in enumerate(clips) for start, end in pieces(clip)]
        lengths = [end - start for _, start, end in cuts]
        for batch in (
            batches(lengths, self._max_samples) if self._batched else [[number] for number in range(len(cuts))]
        ):
            cut = [cuts[number] for number in batch]
            batch_waveforms = [clips[clip].waveform[start:end] for clip, start, end in cut]
            self.padding.count(own := list(map(len, batch_waveforms)), max(own))
            for number, logits in zip(batch, self._logits(batch_waveforms), strict=True):
                yield PieceOutput(*cuts[number], logits)

    def _logits(self, batch_waveforms: Sequence[Waveform]) -> "list[Tensor]":
        with running(self._name):
            return (
                self._run_batch(batch_waveforms)
                if self._batched
                else [self._run_single(sound) for sound in batch_waveforms]
            )

    def _run_single(self, sound: Waveform) -> "Tensor":
        logits: Tensor = self._model(**features(self._extractor, sound, self._device, self._kind)).logits[0]
        return logits.float().cpu()

    def _run_batch(self, batch_waveforms: Sequence[Waveform]) -> "list[Tensor]":
        from torch.nn.utils.rnn import pad_sequence

        from asr.inference.batch_invariance import frames_of

        inputs = [features(self._extractor, sound, self._device)["input_values"][0] for sound in batch_waveforms]
        lengths = [len(samples) for samples in inputs]
        mask = _mask(lengths).to(self._device) if min(lengths) < max(lengths) else None
        logits = self._model(pad_sequence(inputs, batch_first=True), attention_mask=mask).logits.float().cpu()
        if logits.ndim == 2:
            return list(logits)
        return [own[: frames_of(length, self.config)] for own, length in zip(logits, lengths, strict=True)]


def usual_seconds(device: str) -> float:
    """The default of padded seconds in one pass on a device."""
    return SECONDS_ON_GPU if device.startswith("cuda") else SECONDS_ON_CPU


def _mask(lengths: Sequence[int]) -> "Tensor":
    """1 for samples of a clip, 0 for padding, shape (clips, samples)."""
    import torch

    return (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
