"""The seam between clips and rows: who listens, here or elsewhere, gives back one row a clip and loses none."""

import hashlib
import logging
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Protocol

from asr.audio import decode_audio, seconds
from asr.emotion import Emotion
from asr.errors import ModelFailed
from asr.scheduler import Scheduler
from asr.sources import Clip
from asr.transcript import Transcript
from hearsay.errors import AudioError, BadRow, NoAudio
from hearsay.records.clip import ClipRow, Segment, Word
from hearsay.records.journal import line_of

log = logging.getLogger(__name__)

AUDIO_DECODERS: Final = 4
"""Threads that decode audio side by side; the libraries let go of the interpreter while they work."""


class Listener(Protocol):
    """Hears clips, wherever the models run; threads may share it."""

    @property
    def asr_model(self) -> str: ...

    @property
    def ser_model(self) -> str: ...

    @property
    def clips_at_once(self) -> int:
        """How many clips keep it busy when some such groups are heard side by side: more only delay their rows."""
        ...

    def hear(self, clips: Sequence[Clip]) -> list[ClipRow]:
        """One row per clip, in order. A clip that cannot be heard has a row with its ``error``, and stops no other.

        Raises `ListenerGone`, with the rows that there are, where nothing more can be heard.
        """
        ...

    def close(self) -> None:
        """Give back what the models hold; closing twice is once."""
        ...


@dataclass(frozen=True, slots=True)
class Heard:
    """One clip's audio, decoded once for both models, and what they will say of it; or the reason why there is none."""

    digest: str = ""
    seconds: float = 0.0
    transcript: "Future[Transcript] | None" = None
    emotion: "Future[Emotion] | None" = None
    error: str = ""


class LocalListener:
    """Hears on this machine: decodes each clip once, ahead of the models, and gives the waveform to both."""

    def __init__(self, scheduler: Scheduler, max_seconds: float) -> None:
        self._scheduler = scheduler
        self._max_seconds = max_seconds

    @property
    def asr_model(self) -> str:
        return self._scheduler.transcriber.name

    @property
    def ser_model(self) -> str:
        return self._scheduler.tagger.name

    @property
    def clips_at_once(self) -> int:
        return self._scheduler.clips_at_once

    def hear(self, clips: Sequence[Clip]) -> list[ClipRow]:
        with ThreadPoolExecutor(AUDIO_DECODERS) as decoders:
            return [self._row(clip, heard) for clip, heard in zip(clips, decoders.map(self._hear, clips), strict=True)]

    def close(self) -> None:
        self._scheduler.close()

    def _hear(self, clip: Clip) -> Heard:
        """Decode a clip and let it wait for the models; its waveform is kept no longer than they need it."""
        digest = ""
        try:
            data = bytes_of(clip)
            digest = digest_of(data)
            waveform = decode_audio(data, self._max_seconds)
        except AudioError as problem:
            return Heard(digest, error=str(problem))
        transcript = self._scheduler.transcript(waveform, is_patient=True)
        return Heard(digest, seconds(waveform), transcript, self._scheduler.emotion(waveform, is_patient=True))

    def _row(self, clip: Clip, heard: Heard) -> ClipRow:
        if heard.transcript is None or heard.emotion is None:
            return failed_row(self, clip, heard.digest, heard.error)
        try:
            transcript, emotion = heard.transcript.result(), heard.emotion.result()
        except ModelFailed as problem:
            return failed_row(self, clip, heard.digest, str(problem))
        row = replace(
            clip.row,
            duration=round(heard.seconds, 2) if clip.row.duration is None else clip.row.duration,
            audio_digest=heard.digest,
            generated_text=transcript.text,
            confidence=rounded(transcript.confidence),
            words=tuple(rounded_word(word) for word in transcript.words),
            segments=tuple(rounded_segment(segment) for segment in transcript.segments),
            emotion=emotion.label,
            emotion_score=rounded(emotion.certainty),
            emotion_scores={label: round(score, 3) for label, score in emotion.scores.items()},
            sentiment=emotion.sentiment,
            asr_model=self.asr_model,
            ser_model=self.ser_model,
            decoded_at=now(),
        )
        try:
            line_of(row)
        except BadRow as problem:
            return failed_row(self, clip, heard.digest, f"the model's result is not usable: {problem}")
        return row


def bytes_of(clip: Clip) -> bytes:
    """The clip's audio file; raises `NoAudio` where there is none or it cannot be read."""
    if clip.read is None:
        raise NoAudio("there is no audio file")
    try:
        return clip.read()
    except OSError as problem:
        raise NoAudio(f"the file cannot be read: {problem.strerror or problem}") from problem


def failed_row(listener: Listener, clip: Clip, digest: str, error: str) -> ClipRow:
    """The row of a clip that the listener could not hear, which is also logged."""
    log.warning("clip failed", extra={"clip": clip.row.id, "error": error})
    return replace(
        clip.row,
        audio_digest=digest,
        asr_model=listener.asr_model,
        ser_model=listener.ser_model,
        decoded_at=now(),
        error=error.encode(errors="backslashreplace").decode(),  # a library may quote what is no UTF-8
    )


def digest_of(data: bytes) -> str:
    """SHA-256 in hexadecimal, by which a clip is known to be the same."""
    return hashlib.sha256(data).hexdigest()


def now() -> str:
    """The time as rows have it: ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 3)


def rounded_word(word: Word) -> Word:
    """The word with times to 10 ms and its confidence to three decimals, as rows and the API have it."""
    return replace(word, start=round(word.start, 2), end=round(word.end, 2), confidence=rounded(word.confidence))


def rounded_segment(segment: Segment) -> Segment:
    """The segment with times to 10 ms and its scores to three decimals."""
    return replace(
        segment,
        start=round(segment.start, 2),
        end=round(segment.end, 2),
        confidence=rounded(segment.confidence),
        emotion_score=rounded(segment.emotion_score),
    )
