"""Sequence-to-sequence speech models (Whisper and similar): whole sentences, for some models with timestamps."""

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from asr.audio.decoding import SAMPLE_RATE
from asr.audio.vad import pieces
from asr.inference.batching import Padding
from asr.inference.checkpoints import Checkpoint, device_of, features, loaded, running
from asr.inference.precision import Precision, kind_of, named
from asr.types import DecodedAudio, SpeechOutput, Waveform
from hearsay.records.transcript import Segment


class Seq2SeqSpeechModel:
    """A sequence-to-sequence checkpoint by Hugging Face name or folder.

    A multilingual model detects the language. If the model writes timestamps (Whisper), they delimit the segments;
    otherwise each piece is one segment. There are no confidences, times of words or alternatives.
    """

    def __init__(self, name: str, device: str = "auto", precision: Precision = "float32") -> None:
        self.name = name
        self.device = device_of(device)
        self._extractor, self._tokenizer, self._model, self.weights = loaded(name, _load)
        self.precision = named(precision)
        self._model.to(self.device, kind_of(precision, self.device))
        if precision == "int8":
            from asr.inference.int8 import use_int8

            use_int8(self._model)
        self._padding = Padding()
        self._marks_times = getattr(self._model.generation_config, "no_timestamps_token_id", None) is not None

    @property
    def padding_ratio(self) -> float:
        return self._padding.ratio

    def transcribe(self, clips: Sequence[DecodedAudio]) -> list[SpeechOutput]:
        return [_transcript(self._segments(clip)) for clip in clips]

    def close(self) -> None:
        """Do nothing: the garbage collector releases the model."""

    def _segments(self, clip: DecodedAudio) -> Iterator[Segment]:
        for piece in pieces(clip):
            start, end = (sample / SAMPLE_RATE for sample in piece)
            for first, last, tokens in self._timed_tokens(clip.waveform[slice(*piece)]):
                text = self._tokenizer.decode(tokens, skip_special_tokens=True).strip()
                if text and start + first < end:  # Whisper pads to 30 s, and may place segments in the padding
                    yield Segment(start + first, min(start + last, end), text)

    def _timed_tokens(self, piece: Waveform) -> list[tuple[float, float, Any]]:
        """The segments that the model wrote: start and end in seconds from the start of the piece, and tokens."""
        self._padding.count([len(piece)], max(len(piece), getattr(self._extractor, "n_samples", 0)))
        options = {"return_timestamps": True, "return_segments": True} if self._marks_times else {}
        with running(self.name):
            inputs = features(self._extractor, piece, self.device, self._model.dtype, return_attention_mask=True)
            generated = self._model.generate(**inputs, **options)
        if not self._marks_times:
            return [(0.0, len(piece) / SAMPLE_RATE, generated[0])]
        found = [(float(each["start"]), float(each["end"]), each["tokens"]) for each in generated["segments"][0]]
        return sorted(found, key=itemgetter(0))


def _transcript(segments: Iterable[Segment]) -> SpeechOutput:
    found = tuple(segments)
    return SpeechOutput(" ".join(segment.text for segment in found), segments=found)


def _load(checkpoint: Checkpoint) -> tuple[Any, Any, Any, str]:
    from transformers import AutoModelForSpeechSeq2Seq

    model = checkpoint.model(AutoModelForSpeechSeq2Seq)
    return checkpoint.feature_extractor(), checkpoint.tokenizer(), model, checkpoint.weights()
