"""The seam between clips and rows: who listens, here or elsewhere, gives back one row a clip and loses none."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from asr.audio import decode_audio, seconds
from asr.emotion import Emotion
from asr.errors import ModelFailed
from asr.identity import Identity, emotion_columns, speech_columns
from asr.scheduler import Scheduler
from asr.sources import Clip
from asr.transcript import Transcript
from hearsay.errors import AudioError, BadRow, NoAudio
from hearsay.records.clip import EMOTION, ClipRow, Segment, Word
from hearsay.records.journal import line_of

log = logging.getLogger(__name__)

AUDIO_DECODERS: Final = 4
"""Threads that decode audio side by side; the libraries let go of the interpreter while they work."""


class Listener(Protocol):
    """Hears clips, wherever the models run; threads may share it."""

    @property
    def speech(self) -> Identity: ...

    @property
    def emotion(self) -> Identity: ...

    @property
    def is_speech_by_default(self) -> bool:
        """Whether nobody named the speech model, so that another version or machine may have another one."""
        ...

    @property
    def clips_at_once(self) -> int:
        """How many clips keep it busy when some such groups are heard side by side: more only delay their rows."""
        ...

    def hear(self, clips: Sequence[Clip]) -> list[ClipRow]:
        """One row per clip, in order. A clip that cannot be heard has a row with its ``error``, and stops no other.

        Of a clip that is ``transcribed`` only the emotion is made, and the rest of its record is kept; of one that is
        ``tagged`` the transcript, and the emotion is kept.

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

    def __init__(self, scheduler: Scheduler, max_seconds: float, *, is_speech_by_default: bool = False) -> None:
        self._scheduler = scheduler
        self._max_seconds = max_seconds
        self._is_speech_by_default = is_speech_by_default

    @property
    def speech(self) -> Identity:
        return Identity.of(self._scheduler.transcriber)

    @property
    def emotion(self) -> Identity:
        return Identity.of(self._scheduler.tagger)

    @property
    def is_speech_by_default(self) -> bool:
        return self._is_speech_by_default

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
        transcript = None if clip.transcribed else self._scheduler.transcript(waveform, is_patient=True)
        emotion = None if clip.tagged else self._scheduler.emotion(waveform, is_patient=True)
        return Heard(digest, seconds(waveform), transcript, emotion)

    def _row(self, clip: Clip, heard: Heard) -> ClipRow:
        if heard.error:
            return failed_row(self, clip, heard.digest, heard.error)
        try:
            made = self._transcript_columns(heard) | self._emotion_columns(heard)
        except ModelFailed as problem:
            return failed_row(self, clip, heard.digest, str(problem))
        if clip.row.duration is None:
            made["duration"] = round(heard.seconds, 2)
        row = with_kept(clip, made | {"audio_digest": heard.digest, "decoded_at": now()})
        try:
            line_of(row)
        except BadRow as problem:
            return failed_row(self, clip, heard.digest, f"the model's result is not usable: {problem}")
        return row

    def _transcript_columns(self, heard: Heard) -> dict[str, Any]:
        """What was said, where that was wanted; raises `ModelFailed`."""
        if heard.transcript is None:
            return {}
        transcript = heard.transcript.result()
        return {
            "generated_text": transcript.text,
            "confidence": rounded(transcript.confidence),
            "words": tuple(rounded_word(word) for word in transcript.words),
            "segments": tuple(rounded_segment(segment) for segment in transcript.segments),
            **speech_columns(self.speech),
        }

    def _emotion_columns(self, heard: Heard) -> dict[str, Any]:
        """The emotion, where that was wanted; raises `ModelFailed`."""
        if heard.emotion is None:
            return {}
        emotion = heard.emotion.result()
        return {
            "emotion": emotion.label,
            "emotion_score": rounded(emotion.certainty),
            "emotion_scores": {label: round(score, 3) for label, score in emotion.scores.items()},
            "sentiment": emotion.sentiment,
            **emotion_columns(self.emotion),
        }


def with_kept(clip: Clip, made: Mapping[str, Any]) -> ClipRow:
    """The clip's record of what was made now, and of what its earlier record has of the other model."""
    if clip.transcribed:
        return replace(clip.transcribed.merged_with(clip.row), **made)
    kept = {} if clip.tagged is None else {name: getattr(clip.tagged, name) for name in EMOTION}
    return replace(clip.row, **{**made, **kept})


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
    # A library may quote what is no UTF-8.
    made = {"audio_digest": digest, "decoded_at": now(), "error": error.encode(errors="backslashreplace").decode()}
    return with_kept(clip, made | speech_columns(listener.speech) | emotion_columns(listener.emotion))


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
