"""Sequence-to-sequence speech models (Whisper and similar): whole sentences, for some models with timestamps."""

import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from operator import attrgetter, itemgetter
from typing import Any, Final

from asr.audio.vad import pieces
from asr.inference.batched_model import padding_mask, usual_seconds
from asr.inference.batching import Padding, batches
from asr.inference.checkpoints import Checkpoint, device_of, features, loaded, running
from asr.inference.precision import kind_of
from asr.types import SAMPLE_RATE, DecodedAudio, Precision, SpeechOutput, Waveform, named
from hearsay.records.transcript import Segment

log = logging.getLogger(__name__)

_TOKENS_A_SECOND: Final = 25
"""Fast speech has up to 20 characters per second, and some models generate characters."""

_LEAST_TOKENS: Final = 32
_MOST_TOKENS: Final = 1024

TimedTokens = tuple[float, float, Any]
"""Start and end in seconds from a piece's start, and tokens."""


class Seq2SeqSpeechModel:
    """A sequence-to-sequence checkpoint by Hugging Face name or folder.

    A multilingual model detects the language itself. If the model writes timestamps (Whisper), they delimit the
    segments; otherwise each piece with a transcript is one segment. It returns no confidences, no word times and
    therefore no alternatives. Moonshine models process pieces in batches, which do not change the transcripts
    (`asr.inference.moonshine`); other models process them one at a time.
    """

    def __init__(
        self, name: str, device: str = "auto", precision: Precision = "float32", batch_seconds: float = 0
    ) -> None:
        self.name = name
        self.device = device_of(device)
        self._extractor, self._tokenizer, self._model, self.weights, self._has_limit = loaded(name, _load)
        self.precision = named(precision)
        from asr.inference import moonshine

        self._is_batched = moonshine.can_batch(self._model.config)
        if self._is_batched:
            moonshine.make_batch_invariant(self._model)
        self._max_samples = round((batch_seconds or usual_seconds(self.device)) * SAMPLE_RATE)
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
        cuts = [(number, cut) for number, clip in enumerate(clips) for cut in pieces(clip)]
        segments: list[list[Segment]] = [[] for _ in clips]
        lengths = [end - start for _, (start, end) in cuts]
        singly = [[number] for number in range(len(cuts))]
        for batch in batches(lengths, self._max_samples) if self._is_batched else singly:
            own = [cuts[number] for number in batch]
            tokens = self._timed_tokens([clips[clip].waveform[start:end] for clip, (start, end) in own])
            for (clip, cut), found in zip(own, tokens, strict=True):
                self._report_limit(clips[clip].name, cut, found)
                segments[clip] += self._segments(cut, found)
        in_order = [tuple(sorted(found, key=attrgetter("start"))) for found in segments]
        return [SpeechOutput(" ".join(segment.text for segment in found), segments=found) for found in in_order]

    def close(self) -> None:
        """Do nothing: the garbage collector releases the model."""

    def _report_limit(self, name: str, cut: tuple[int, int], found: Sequence[TimedTokens]) -> None:
        """Log a transcript that was cut off by `_limit`."""
        samples = cut[1] - cut[0]
        if not self._has_limit and any(len(tokens) > self._limit(samples) for _, _, tokens in found):
            length, limit = samples / SAMPLE_RATE, self._limit(samples)
            log.warning(
                "%s: the transcript of %.1f s reached the limit of %d tokens (%s)", name, length, limit, self.name
            )

    def _segments(self, cut: tuple[int, int], found: Iterable[TimedTokens]) -> Iterator[Segment]:
        start, end = (sample / SAMPLE_RATE for sample in cut)
        for first, last, tokens in found:
            text = self._tokenizer.decode(tokens, skip_special_tokens=True).strip()
            if text and start + first < end:  # Whisper pads to 30 s, and may place segments in the padding
                yield Segment(start + first, min(start + last, end), text)

    def _timed_tokens(self, sounds: Sequence[Waveform]) -> list[list[TimedTokens]]:
        """The model's output for each piece of a batch."""
        lengths = list(map(len, sounds))
        self._padding.count(lengths, max(*lengths, getattr(self._extractor, "n_samples", 0)))
        with running(self.name):
            if self._is_batched:
                tokens = self._generate(sounds)
                return [[(0.0, length / SAMPLE_RATE, own)] for own, length in zip(tokens, lengths, strict=True)]
            return [self._generate_single(sound) for sound in sounds]

    def _generate(self, sounds: Sequence[Waveform]) -> list[Any]:
        """The tokens of each piece, up to its end of text; shorter pieces of a batch are padded."""
        from torch.nn.utils.rnn import pad_sequence

        kind = self._model.dtype
        inputs = [features(self._extractor, sound, self.device, kind)["input_values"][0] for sound in sounds]
        lengths = [len(samples) for samples in inputs]
        mask = padding_mask(lengths).to(self.device)
        limits = [self._limit(len(sound)) for sound in sounds]
        options = {} if self._has_limit else {"max_new_tokens": max(limits)}
        padded = pad_sequence(inputs, batch_first=True)
        generated = self._model.generate(padded, attention_mask=mask, **options).tolist()
        last = self._model.generation_config.eos_token_id
        ends = (last,) if isinstance(last, int) else tuple(last or ())
        own = [[row[0], *takewhile(lambda token: token not in ends, row[1:])] for row in generated]
        return [self._limited(row, sound) for row, sound in zip(own, sounds, strict=True)]

    def _limit(self, samples: int) -> int:
        """The maximum number of tokens of a piece of this length if the model states no limit; see `_TOKENS_A_SECOND`.

        Without it, transformers would stop at 20 tokens. The decoder has positions for at most ``_positions``.
        """
        return min(_positions(self._model.config), math.ceil(_TOKENS_A_SECOND * samples / SAMPLE_RATE) + _LEAST_TOKENS)

    def _limited(self, tokens: Any, sound: Waveform) -> Any:
        """The tokens up to the piece's own limit; the limits of other pieces of its batch may be higher."""
        return tokens if self._has_limit else tokens[: self._limit(len(sound)) + 1]

    def _generate_single(self, sound: Waveform) -> list[TimedTokens]:
        options = {"return_timestamps": True, "return_segments": True} if self._marks_times else {}
        inputs = features(self._extractor, sound, self.device, self._model.dtype, return_attention_mask=True)
        limit = {} if self._has_limit else {"max_new_tokens": self._limit(len(sound))}
        generated = self._model.generate(**inputs, **options, **limit)
        if not self._marks_times:
            return [(0.0, len(sound) / SAMPLE_RATE, self._limited(generated[0], sound))]
        found = [(float(each["start"]), float(each["end"]), each["tokens"]) for each in generated["segments"][0]]
        return sorted(found, key=itemgetter(0))


def _positions(config: Any) -> int:
    """The number of positions of the decoder."""
    decoder = getattr(config, "decoder", config)
    names = ("max_target_positions", "max_text_positions", "max_position_embeddings", "n_positions")
    sizes = (getattr(decoder, name, None) for name in names)
    return next((size - 1 for size in sizes if isinstance(size, int)), _MOST_TOKENS)


def _load(checkpoint: Checkpoint) -> tuple[Any, Any, Any, str, bool]:
    from transformers import AutoModelForSpeechSeq2Seq

    model = checkpoint.model(AutoModelForSpeechSeq2Seq)
    has_limit = checkpoint.states("max_length", "max_new_tokens")
    return checkpoint.feature_extractor(), checkpoint.tokenizer(), model, checkpoint.weights(), has_limit
