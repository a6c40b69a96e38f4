"""Whisper in CTranslate2 format: windows that fit the clip, and transcripts that depend on the clip alone.

docs/recognition.md describes how transcripts are chosen, and the measurements on which this is based.
"""

import math
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Final

from asr.audio.vad import pieces
from asr.errors import ModelNotInstalled, ModelUnavailable
from asr.inference.batching import Padding
from asr.speech.alternatives import alternatives_in
from asr.speech.rejection import IN_DOUBT, is_loop, repeats_tokens, speech_log_odds
from asr.speech.scoring import TextScorer
from asr.speech.segments import mean_confidence, segments_between
from asr.speech.whisper_decoding import (
    LONGEST_WINDOW,
    TRAILING_SILENCE,
    Alignment,
    EncodedWindow,
    Hypothesis,
    WhisperEngine,
)
from asr.speech.whisper_tokens import LONGEST_CONTEXT, WhisperVocabulary
from asr.speech.word_confidence import confidence_of
from asr.types import SAMPLE_RATE, DecodedAudio, DecodingOptions, Precision, SpeechOutput, Stretch, named
from hearsay.extras import how_to_install
from hearsay.records.transcript import Segment, Word
from hearsay.text.languages import UNSPACED, joined
from hearsay.text.normalize import words as normalized_words

AUTO_LANGUAGE: Final = "auto"

CLIPS_TOGETHER: Final = 8
"""Number of windows in one pass of the decoder, which reads its weights once per pass."""

LONGEST_PIECE: Final = LONGEST_WINDOW - TRAILING_SILENCE
"""Maximum seconds of a clip in one window, so that each window ends with enough silence for every model."""

_NO_REPEAT: Final = 3  # tokens
_MOST_ALTERNATIVES: Final = 4  # of a word: one from each of the beam's other hypotheses


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """A piece of a clip: the number of the clip, the start of the piece in the clip in seconds, and its audio."""

    clip: int
    start: float
    audio: DecodedAudio

    @property
    def speech_seconds(self) -> float:
        return sum(end - start for start, end in self.audio.stretches) / SAMPLE_RATE


@dataclass(frozen=True, slots=True, eq=False)
class _EncodedPiece:
    """An encoded piece and its language, with the probability of the language if it was detected."""

    piece: _Piece
    window: EncodedWindow
    language: str
    probability: float | None


@dataclass(frozen=True, slots=True)
class _PieceWords:
    """The transcript of a piece of a clip: its words; for a translation, one segment and no words."""

    clip: int
    words: tuple[Word, ...]
    language: str
    probability: float | None
    translation: Segment | None = None

    @property
    def length(self) -> int:
        """The length of the text, to find the longest piece."""
        return len(self.translation.text if self.translation else self.words)


class WhisperSpeechModel:
    """A Whisper model in CTranslate2 format, from a folder.

    ``language`` is a code such as ``en``, or ``auto`` to detect the language of each piece. ``name`` and ``weights``
    are stored in records. On a CPU the model computes in int8 unless ``precision`` is float32, on a GPU in float16.
    ``workers`` threads transcribe in parallel; 0 means one per core. Raises `ModelUnavailable` if the folder, device,
    precision or language is not supported.
    """

    options: Final = frozenset({"language", "prompt", "hotwords", "temperature", "task"})
    clips_together: Final = CLIPS_TOGETHER

    def __init__(
        self,
        folder: Path,
        name: str,
        weights: str,
        *,
        language: str = "en",
        device: str = "auto",
        precision: Precision = "auto",
        workers: int = 0,
    ) -> None:
        self.name, self.weights, self.device = name, weights, _device(device)
        self.precision = named(precision)
        self.workers = workers or len(os.sched_getaffinity(0))
        self._engine = WhisperEngine(folder, self.device, _compute_type(precision, self.device), self.workers)
        self._vocabulary = WhisperVocabulary(folder, is_multilingual=self._engine.is_multilingual)
        self._confidence = confidence_of(weights)
        self._padding = Padding()
        self._language = self._known(language)

    @property
    def padding_ratio(self) -> float:
        return self._padding.ratio

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of the languages that the model transcribes."""
        return self._vocabulary.languages

    def excess_tokens(self, options: DecodingOptions) -> int:
        """The number of tokens of the prompt and the hotwords that exceed the limit."""
        return max(0, len(self._vocabulary.context(options.context)) - LONGEST_CONTEXT)

    def window(self, clip: DecodedAudio) -> tuple[int, DecodingOptions]:
        """The seconds of a clip's window, and its options; of a clip in several windows, those of the longest."""
        return self._engine.window_for(len(clip.waveform)), clip.options

    def transcribe(self, clips: Sequence[DecodedAudio]) -> list[SpeechOutput]:
        found: list[list[_PieceWords]] = [[] for _ in clips]
        for group in self._groups(clips):
            for transcribed in self._transcribe(group, group[0].audio.options):
                found[transcribed.clip].append(transcribed)
        return [_output(clip, own) for clip, own in zip(clips, found, strict=True)]

    def scorer(self) -> TextScorer:
        """Scores texts with this model."""
        return TextScorer(
            self.name, self._engine, self._vocabulary, None if self._language == AUTO_LANGUAGE else self._language
        )

    def close(self) -> None:
        """Do nothing: the garbage collector releases the model."""

    def _groups(self, clips: Sequence[DecodedAudio]) -> Iterator[list[_Piece]]:
        """The pieces of all clips in groups of at most `CLIPS_TOGETHER` pieces with the same window and options."""
        alike: defaultdict[tuple[int, DecodingOptions], list[_Piece]] = defaultdict(list)
        for number, clip in enumerate(clips):
            for start, end in pieces(clip, LONGEST_PIECE, self._engine.limits.longest_run):
                piece = _Piece(number, start / SAMPLE_RATE, clip.part(start, end))
                alike[self._engine.window_for(end - start), clip.options].append(piece)
        for own in alike.values():
            yield from (own[first : first + CLIPS_TOGETHER] for first in range(0, len(own), CLIPS_TOGETHER))

    def _transcribe(self, pieces: Sequence[_Piece], options: DecodingOptions) -> Iterator[_PieceWords]:
        windows = self._encode(pieces, self._engine.window_for(len(pieces[0].audio.waveform)))
        languages = self._languages(windows, options)
        encoded = [
            _EncodedPiece(piece, window, *language)
            for piece, window, language in zip(pieces, windows, languages, strict=True)
        ]
        by_language = attrgetter("language")
        for language, members in groupby(sorted(encoded, key=by_language), key=by_language):
            yield from self._words(list(members), language, options)

    def _encode(self, pieces: Sequence[_Piece], window: int) -> list[EncodedWindow]:
        waveforms = [piece.audio.waveform for piece in pieces]
        self._padding.count(list(map(len, waveforms)), window * SAMPLE_RATE)
        return self._engine.encode(waveforms, window)

    def _languages(
        self, windows: Sequence[EncodedWindow], options: DecodingOptions
    ) -> Sequence[tuple[str, float | None]]:
        language = self._known(options.language) if options.language else self._language
        return self._engine.languages(windows) if language == AUTO_LANGUAGE else [(language, None)] * len(windows)

    def _words(
        self, encoded: Sequence[_EncodedPiece], language: str, options: DecodingOptions
    ) -> Iterator[_PieceWords]:
        start = self._vocabulary.start(language, options.task)
        prompt = self._vocabulary.prompt(start, options.context)
        windows = [each.window for each in encoded]
        hypotheses = self._engine.decode(windows, prompt, temperature=options.temperature)
        for each, hypothesis in zip(encoded, hypotheses, strict=True):
            if found := self._settled(each, prompt, hypothesis, options):
                window, final = found
                if options.task == "translate":
                    segment = self._segment(each.piece, final)
                    yield _PieceWords(each.piece.clip, (), language, each.probability, segment)
                    continue
                words = self._timed(each.piece, final, self._engine.align(window, start, final.tokens), language)
                yield _PieceWords(each.piece.clip, tuple(words), language, each.probability)

    def _settled(
        self, encoded: _EncodedPiece, prompt: Sequence[int], first: Hypothesis, options: DecodingOptions
    ) -> tuple[EncodedWindow, Hypothesis] | None:
        """The final hypothesis with its window; None if the piece contains no speech.

        A hypothesis that repeats itself, is not complete, or is a borderline case is compared with that of a window of
        the length that Whisper was trained on, which must contain speech, too. If both windows have the same
        repetition, it is kept. Otherwise the hypothesis of the longer window is used; if that is a loop, it is decoded
        again so that no three tokens occur twice. Sampled hypotheses (``temperature``) are kept unchanged.
        """
        window, kept, odds = encoded.window, first, self._speech_log_odds(encoded, first)
        if odds <= 0:
            return None
        is_repeated = first.is_cut or repeats_tokens(first.tokens)
        if options.temperature or not (is_repeated or odds < IN_DOUBT):
            return window, first
        if window.length < LONGEST_WINDOW:
            (longer,) = self._encode([encoded.piece], LONGEST_WINDOW)
            (second,) = self._engine.decode([longer], prompt)
            if self._speech_log_odds(encoded, second) <= 0:
                return None
            is_same = second.tokens == first.tokens
            if is_repeated or second.log_probability > first.log_probability:
                window, kept = longer, second
            if is_same and not second.is_cut:
                return window, kept
        if is_repeated and (kept.is_cut or is_loop(normalized_words(self._vocabulary.text(kept.tokens)))):
            (kept,) = self._engine.decode([window], prompt, no_repeat=_NO_REPEAT)
        return window, kept

    def _speech_log_odds(self, encoded: _EncodedPiece, hypothesis: Hypothesis) -> float:
        return speech_log_odds(hypothesis, self._vocabulary.text(hypothesis.tokens), encoded.piece.speech_seconds)

    def _timed(self, piece: _Piece, hypothesis: Hypothesis, alignment: Alignment, language: str) -> Iterator[Word]:
        """Words with times from the start of the clip; each word ends where the next one begins, pauses included."""
        spans = self._vocabulary.words(hypothesis.tokens, language)
        others = [] if language in UNSPACED else hypothesis.others
        hypotheses = [(self._vocabulary.text(tokens), probability) for tokens, probability in others]
        alternatives = alternatives_in([span.text for span in spans], hypotheses, _MOST_ALTERNATIVES)
        for span, own in zip(spans, alternatives, strict=True):
            start, end = alignment.times[span.first], alignment.times[span.end]
            confidence = self._confidence(alignment.probabilities[span.first : span.end])
            yield Word(span.text, piece.start + start, piece.start + end, confidence, own)

    def _segment(self, piece: _Piece, hypothesis: Hypothesis) -> Segment:
        """A translation as one segment: its words are in another order than the spoken ones, so they have no times.

        It spans the speech in the piece. Its confidence is the geometric mean of the token probabilities.
        """
        first, last = piece.audio.stretches[0][0], piece.audio.stretches[-1][1]
        start, end = piece.start + first / SAMPLE_RATE, piece.start + last / SAMPLE_RATE
        confidence = math.exp(min(0.0, hypothesis.log_probability))
        return Segment(start, end, self._vocabulary.text(hypothesis.tokens), confidence)

    def _known(self, language: str) -> str:
        """The language, if the model supports it; raises `ModelUnavailable` otherwise."""
        if language == AUTO_LANGUAGE and len(self.languages) == 1:
            return self.languages[0]
        if language != AUTO_LANGUAGE and language not in self.languages:
            known = "only English" if len(self.languages) == 1 else f"these languages: {', '.join(self.languages)}"
            raise ModelUnavailable(f"{self.name} transcribes {known}; the requested language is {language}.")
        return language


def _output(clip: DecodedAudio, found: Sequence[_PieceWords]) -> SpeechOutput:
    """The transcript of a clip from those of its pieces; its language is that of the longest piece."""
    if translated := sorted((own.translation for own in found if own.translation), key=attrgetter("start")):
        return _translation(translated, max(found, key=attrgetter("length")))
    in_order = sorted((word for own in found for word in own.words), key=attrgetter("start"))
    words = [_trimmed(word, clip.stretches) for word in in_order]
    if not words:
        return SpeechOutput("")
    main = max(found, key=attrgetter("length"))
    segments = segments_between(clip.stretches, words, main.language)
    text = joined([segment.text for segment in segments], main.language)
    return SpeechOutput(
        text,
        tuple(words),
        segments,
        mean_confidence(words),
        language=main.language,
        language_probability=main.probability,
    )


def _translation(segments: Sequence[Segment], main: _PieceWords) -> SpeechOutput:
    text = joined(segment.text for segment in segments)
    return SpeechOutput(
        text,
        segments=tuple(segments),
        confidence=mean_confidence(segments),
        language=main.language,
        language_probability=main.probability,
    )


def _trimmed(word: Word, stretches: Sequence[Stretch]) -> Word:
    """The word without the pauses around it, which the alignment includes."""
    spoken = [(max(word.start, first / SAMPLE_RATE), min(word.end, last / SAMPLE_RATE)) for first, last in stretches]
    start, end = max(spoken, key=lambda part: part[1] - part[0], default=(word.start, word.end))
    return replace(word, start=start, end=end) if start < end else word


def _device(setting: str) -> str:
    """The device that ``auto``, ``cpu``, ``cuda`` or ``cuda:N`` means to CTranslate2; raises `ModelUnavailable`."""
    if find_spec("ctranslate2") is None:
        raise ModelNotInstalled(f"CTranslate2 is not installed here; run {how_to_install('asr')}.")
    from ctranslate2 import get_cuda_device_count

    if setting == "auto":
        return "cuda" if get_cuda_device_count() else "cpu"
    kind, _, index = setting.partition(":")
    if kind not in ("cpu", "cuda"):
        raise ModelUnavailable(f"DEVICE is {setting}; set it to auto, cpu, cuda or cuda:N.")
    if kind == "cuda" and int(index or 0) >= get_cuda_device_count():
        raise ModelUnavailable(f"DEVICE is {setting}, and CTranslate2 finds no such GPU; set DEVICE to auto or cpu.")
    return setting


def _compute_type(precision: Precision, device: str) -> str:
    """CTranslate2's name of a precision; raises `ModelUnavailable` if the device does not support it."""
    is_cpu = device == "cpu"
    if precision == "auto":
        return "int8" if is_cpu else "float16"
    if is_cpu and precision in ("float16", "bfloat16"):
        raise ModelUnavailable(f"PRECISION is {precision}, which Whisper does not support on a CPU; set it to auto.")
    return precision
