"""Long recordings in pieces: each is transcribed separately, so that a failure affects one piece only."""

import ctypes
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock
from typing import Final

from asr.audio.vad import LONGEST_PIECE, runs_of
from asr.errors import ModelFailed
from asr.pipeline.records import NOT_YET, Timed, in_order, rounded_segment, rounded_word
from asr.speech.segments import mean_confidence, segments_between
from asr.types import SAMPLE_RATE, DecodedAudio, SpeechOutput, Stretch
from hearsay.records.transcript import FailedPiece, Segment, Word
from hearsay.text.languages import joined as joined_text

log = logging.getLogger(__name__)

Step = Callable[["PieceJoiner"], None]
"""Called after each piece of a long recording, in the thread of a model."""

LONGEST: Final = int(LONGEST_PIECE * SAMPLE_RATE)
"""Samples above which a recording is transcribed in pieces."""

_DECIMALS: Final = 6
"""Decimals of the times of a failed piece: a sample is 0.0000625 s, and a later run must cut at the same samples."""


@dataclass(frozen=True, slots=True)
class LongForm:
    """Where a recording is cut into ``pieces``, in samples, and the ``stretches`` of it that contain speech.

    ``is_whole`` if it is transcribed in one piece, ``is_part`` if its other pieces are already transcribed.
    """

    pieces: tuple[Stretch, ...]
    stretches: tuple[Stretch, ...] = ()
    is_whole: bool = False
    is_part: bool = False


def cut(audio: DecodedAudio, only: Sequence[FailedPiece] = ()) -> LongForm:
    """A recording of up to `LONGEST` samples as a whole, a longer one in pieces; or the pieces in ``only``, if any."""
    samples = len(audio.waveform)
    if only:
        again = tuple((_sample(piece.start), min(_sample(piece.end), samples)) for piece in only)
        return LongForm(again, audio.stretches, is_part=True)
    if samples <= LONGEST:
        return LongForm(((0, samples),), is_whole=True)
    return LongForm(tuple(runs_of(audio.stretches)), audio.stretches)


def joined(whole: LongForm, outcomes: Sequence[SpeechOutput | Exception]) -> SpeechOutput:
    """The transcript of a recording, from those of its pieces; raises the first failure if all pieces failed.

    Times and scores are rounded as in records, and a segment never joins words of two pieces, so the pieces of two runs
    together give the result of a single run. The language is that of the longest piece.
    """
    failures = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    if failures and len(failures) == len(outcomes) and not whole.is_part:
        raise failures[0]
    words: list[Word] = []
    segments: list[Segment] = []
    failed: list[FailedPiece] = []
    for (first, last), outcome in zip(whole.pieces, outcomes, strict=True):
        start, end = first / SAMPLE_RATE, last / SAMPLE_RATE
        if isinstance(outcome, Exception):
            failed.append(FailedPiece(round(start, _DECIMALS), round(end, _DECIMALS), str(outcome)))
        else:
            own = [rounded_word(moved(word, start)) for word in outcome.words]
            words += own
            segments += (
                segments_between(whole.stretches, own, outcome.language)
                if own
                else (rounded_segment(moved(segment, start)) for segment in _segments_of(outcome, end - start))
            )
    words, segments = in_order(words), in_order(segments)
    transcripts = (outcome for outcome in outcomes if isinstance(outcome, SpeechOutput))
    main = max(transcripts, key=lambda transcript: len(transcript.text), default=SpeechOutput(""))
    return SpeechOutput(
        joined_text((segment.text for segment in segments), main.language),
        tuple(words),
        tuple(segments),
        mean_confidence(words or segments),
        tuple(failed),
        main.language,
        main.language_probability,
    )


def moved(timed: Timed, seconds: float) -> Timed:
    """The word or segment, with its times moved by ``seconds``."""
    return replace(timed, start=timed.start + seconds, end=timed.end + seconds)


def _segments_of(transcript: SpeechOutput, seconds: float) -> Sequence[Segment]:
    """The segments of a transcript; one for the whole text if the model gives none."""
    if transcript.segments or not transcript.text:
        return transcript.segments
    return [Segment(0.0, seconds, transcript.text, transcript.confidence)]


class PieceJoiner:
    """Joins the transcripts of a recording's pieces, when all are done, into the future ``transcript``.

    If that is cancelled, pieces that have not started are not transcribed. ``done_seconds`` of the pieces'
    ``all_seconds`` are transcribed or have failed.
    """

    def __init__(self, whole: LongForm, answers: "Sequence[Future[SpeechOutput]]", step: Step) -> None:
        self.transcript: Future[SpeechOutput] = Future()
        self._whole = whole
        self._answers = answers
        self._step = step
        self._lock = Lock()
        self._left = len(answers)
        self.done_seconds = 0.0
        self.all_seconds = sum(map(_seconds, whole.pieces))
        self.transcript.add_done_callback(self._pass_on)
        for piece, answer in zip(whole.pieces, answers, strict=True):
            answer.add_done_callback(partial(self._count, piece))
        if not answers:
            self._finish()

    def so_far(self) -> SpeechOutput | None:
        """The transcript of the pieces that have one by now, the others having failed; None if no piece has one."""
        outcomes = [
            _outcome(answer) if answer.done() and not answer.cancelled() else ModelFailed(NOT_YET)
            for answer in self._answers
        ]
        if not any(isinstance(outcome, SpeechOutput) for outcome in outcomes):
            return None
        return joined(self._whole, outcomes)

    def _count(self, piece: Stretch, _: "Future[SpeechOutput]") -> None:
        with self._lock:
            self._left -= 1
            self.done_seconds += _seconds(piece)
            is_last = not self._left
            self._step(self)
        # glibc keeps freed heap memory, and fragmentation makes it grow piece by piece; other C libraries have no trim
        if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
            trim(0)
        if is_last:
            self._finish()

    def _finish(self) -> None:
        if any(answer.cancelled() for answer in self._answers):
            self.transcript.cancel()
        if not self.transcript.set_running_or_notify_cancel():
            return
        try:
            self.transcript.set_result(joined(self._whole, [_outcome(answer) for answer in self._answers]))
        except ModelFailed as problem:
            self.transcript.set_exception(problem)
        except Exception as problem:  # otherwise the caller would wait forever
            log.exception("pieces could not be joined")
            self.transcript.set_exception(problem)

    def _pass_on(self, transcript: "Future[SpeechOutput]") -> None:
        if transcript.cancelled():
            for answer in self._answers:
                answer.cancel()


def _outcome(answer: "Future[SpeechOutput]") -> SpeechOutput | Exception:
    problem = answer.exception()
    if problem is None:
        return answer.result()
    if isinstance(problem, Exception):
        return problem
    raise problem


def _sample(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


def _seconds(piece: Stretch) -> float:
    return (piece[1] - piece[0]) / SAMPLE_RATE
