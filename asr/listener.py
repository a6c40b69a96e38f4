"""The seam between clips and rows: who listens, here or elsewhere, gives back one row a clip and loses none."""

import hashlib
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Protocol, TypeVar

from asr.audio import decode_audio, seconds
from asr.emotion import Emotion, EmotionTagger
from asr.errors import AudioError
from asr.sources import Clip
from asr.transcript import Transcriber, Transcript, Waveform
from clips.row import ClipRow, Segment, Word

log = logging.getLogger(__name__)

Answer = TypeVar("Answer", bound=Transcript | Emotion)

AUDIO_DECODERS: Final = 4
"""Threads that decode audio side by side; the libraries let go of the interpreter while they work."""


class Listener(Protocol):
    """Hears clips, wherever the models run."""

    @property
    def asr_model(self) -> str: ...

    @property
    def ser_model(self) -> str: ...

    def hear(self, clips: Sequence[Clip]) -> list[ClipRow]:
        """One row per clip, in order. A clip that cannot be heard has a row with its ``error``, and stops no other."""
        ...

    def close(self) -> None:
        """Give back what the models hold; closing twice is once."""
        ...


@dataclass(frozen=True, slots=True)
class Sound:
    """One clip's audio, decoded once for both models, or the reason why there is none."""

    digest: str = ""
    waveform: Waveform | None = None
    error: str = ""


class LocalListener:
    """Hears on this machine: decodes each clip once and gives the waveform to both models."""

    def __init__(self, transcriber: Transcriber, tagger: EmotionTagger, max_seconds: float) -> None:
        self._transcriber = transcriber
        self._tagger = tagger
        self._max_seconds = max_seconds

    @property
    def asr_model(self) -> str:
        return self._transcriber.name

    @property
    def ser_model(self) -> str:
        return self._tagger.name

    def hear(self, clips: Sequence[Clip]) -> list[ClipRow]:
        with ThreadPoolExecutor(AUDIO_DECODERS) as decoders:
            sounds = list(decoders.map(self._decode, clips))
        waveforms = [sound.waveform for sound in sounds if sound.waveform is not None]
        transcripts = iter(one_by_one_on_failure(self._transcriber.transcribe, waveforms))
        emotions = iter(one_by_one_on_failure(self._tagger.tag, waveforms))
        return [
            self._failed(clip, sound, sound.error)
            if sound.waveform is None
            else self._row(clip, sound, seconds(sound.waveform), next(transcripts), next(emotions))
            for clip, sound in zip(clips, sounds, strict=True)
        ]

    def close(self) -> None:
        self._transcriber.close()
        self._tagger.close()

    def _decode(self, clip: Clip) -> Sound:
        if clip.read is None:
            return Sound(error="there is no audio file")
        try:
            data = clip.read()
        except OSError as problem:
            return Sound(error=f"the file cannot be read: {problem.strerror or problem}")
        digest = digest_of(data)
        try:
            return Sound(digest, decode_audio(data, self._max_seconds))
        except AudioError as problem:
            return Sound(digest, error=str(problem))

    def _failed(self, clip: Clip, sound: Sound, error: str) -> ClipRow:
        log.warning("clip failed", extra={"clip": clip.row.id, "error": error})
        return replace(
            clip.row,
            audio_digest=sound.digest,
            asr_model=self.asr_model,
            ser_model=self.ser_model,
            decoded_at=now(),
            error=error,
        )

    def _row(
        self, clip: Clip, sound: Sound, length: float, transcript: Transcript | str, emotion: Emotion | str
    ) -> ClipRow:
        if isinstance(transcript, str):
            return self._failed(clip, sound, transcript)
        if isinstance(emotion, str):
            return self._failed(clip, sound, emotion)
        return replace(
            clip.row,
            duration=round(length, 2) if clip.row.duration is None else clip.row.duration,
            audio_digest=sound.digest,
            generated_text=transcript.text,
            confidence=_rounded(transcript.confidence),
            words=tuple(rounded_word(word) for word in transcript.words),
            segments=tuple(rounded_segment(segment) for segment in transcript.segments),
            emotion=emotion.label,
            emotion_score=_rounded(emotion.certainty),
            emotion_scores={label: round(score, 3) for label, score in emotion.scores.items()},
            sentiment=emotion.sentiment,
            asr_model=self.asr_model,
            ser_model=self.ser_model,
            decoded_at=now(),
        )


def one_by_one_on_failure(
    model: Callable[[Sequence[Waveform]], Sequence[Answer]], waveforms: Sequence[Waveform]
) -> Sequence[Answer | str]:
    """The model's answers in order, and in the place of a waveform that it fails on alone, the reason.

    A model may fail in any way a library can, and one clip that makes it fail must not take its batch along.
    """
    try:
        return model(waveforms) if waveforms else []
    except Exception as problem:
        log.exception("model failed on a batch", extra={"clips": len(waveforms)})
        if len(waveforms) == 1:
            return [f"the model failed: {problem or type(problem).__name__}"]
    return [answer for waveform in waveforms for answer in one_by_one_on_failure(model, [waveform])]


def digest_of(data: bytes) -> str:
    """SHA-256 in hexadecimal, by which a clip is known to be the same."""
    return hashlib.sha256(data).hexdigest()


def now() -> str:
    """The time as rows have it: ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 3)


def rounded_word(word: Word) -> Word:
    """The word with times to 10 ms and its confidence to three decimals, as rows and the API have it."""
    return replace(word, start=round(word.start, 2), end=round(word.end, 2), confidence=_rounded(word.confidence))


def rounded_segment(segment: Segment) -> Segment:
    """The segment with times to 10 ms and its scores to three decimals."""
    return replace(
        segment,
        start=round(segment.start, 2),
        end=round(segment.end, 2),
        confidence=_rounded(segment.confidence),
        emotion_score=_rounded(segment.emotion_score),
    )
