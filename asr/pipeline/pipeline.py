"""The pipeline from clips to records: one record per clip, here or over an API, whatever fails."""

import hashlib
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Lock
from typing import Final, Protocol

from asr.audio.decoding import decode_audio
from asr.audio.vad import detect_speech
from asr.errors import ModelFailed
from asr.pipeline.identity import Identity, emotion_columns, speech_columns
from asr.pipeline.long_form import PieceJoiner, cut
from asr.pipeline.records import (
    NOT_YET,
    EmotionOutcome,
    ModelOutputs,
    now,
    row_of,
    sentence_of,
    wanted_pieces,
    with_kept,
)
from asr.pipeline.scheduler import Scheduler
from asr.sources.listing import Clip
from asr.types import NO_OPTIONS, DecodedAudio, DecodingOptions, EmotionOutput, SpeechOutput, seconds
from hearsay.errors import AudioError, BadRow, NoAudio
from hearsay.records.clip import ClipRow
from hearsay.records.journal import line_of

log = logging.getLogger(__name__)

AUDIO_DECODERS: Final = 4
"""Threads that decode audio in parallel; the libraries release the GIL while they work."""


ClipStep = Callable[[str, float, float], None]
"""Called after each piece of a long clip, with its id, the seconds that are done, and its seconds in all."""


class Pipeline(Protocol):
    """Transcribes and tags clips, wherever the models run; threads may share it."""

    @property
    def speech(self) -> Identity: ...

    @property
    def emotion(self) -> Identity: ...

    @property
    def is_speech_by_default(self) -> bool:
        """Whether the speech model was chosen automatically, so that another version or machine may use another one."""
        ...

    @property
    def clips_at_once(self) -> int:
        """The number of clips to process together. Larger groups are not faster, and delay their records."""
        ...

    def process(self, clips: Sequence[Clip]) -> list[ClipRow]:
        """One record per clip, in order. A clip that fails has a record with its ``error``; others are not affected.

        If a clip has a record in ``transcribed``, its transcript is kept, and only missing pieces are transcribed. If
        it has one in ``tagged``, its emotion is kept.

        Raises `PipelineUnavailable`, with the records so far, if no further clip can be processed.
        """
        ...

    def unfinished(self) -> "Sequence[UnfinishedClip]":
        """Long clips of calls that have not returned, of which some pieces are transcribed; none over an API."""
        ...

    def close(self) -> None:
        """Release the models; may be called twice."""
        ...


class UnfinishedClip(Protocol):
    """A long clip that is being transcribed: its id, the share of its pieces' seconds that is done, and a record."""

    @property
    def id(self) -> str: ...

    @property
    def share(self) -> float: ...

    def row(self) -> ClipRow | None:
        """The record so far, with the missing parts in its ``failed_pieces``; None if there is no word yet."""
        ...


@dataclass(frozen=True, slots=True)
class _SubmittedClip:
    """A clip whose audio was decoded once for both models, with their future results; or the error."""

    clip: Clip
    digest: str = ""
    seconds: float = 0.0
    transcript: "Future[SpeechOutput] | None" = None
    emotion: "Future[EmotionOutput] | None" = None
    error: str = ""


class LocalPipeline:
    """The pipeline on this machine: decodes each clip once, ahead of the models, and passes the audio to both.

    ``options`` are those of every clip.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        max_seconds: float,
        step: ClipStep = lambda *_: None,
        *,
        is_speech_by_default: bool = False,
        options: DecodingOptions = NO_OPTIONS,
    ) -> None:
        self._scheduler = scheduler
        self._options = options
        self._max_seconds = max_seconds
        self._step = step
        self._is_speech_by_default = is_speech_by_default
        self._under_way: dict[str, _LongClip] = {}
        self._lock = Lock()

    @property
    def speech(self) -> Identity:
        return Identity.of(self._scheduler.speech_model)

    @property
    def emotion(self) -> Identity:
        return Identity.of(self._scheduler.emotion_model)

    @property
    def is_speech_by_default(self) -> bool:
        return self._is_speech_by_default

    @property
    def clips_at_once(self) -> int:
        return self._scheduler.clips_at_once

    def process(self, clips: Sequence[Clip]) -> list[ClipRow]:
        try:
            with ThreadPoolExecutor(AUDIO_DECODERS) as decoders:
                return [self._row(submitted) for submitted in decoders.map(self._submit, clips)]
        finally:
            with self._lock:
                for clip in clips:
                    self._under_way.pop(clip.row.id, None)

    def unfinished(self) -> Sequence[UnfinishedClip]:
        with self._lock:
            return list(self._under_way.values())

    def close(self) -> None:
        self._scheduler.close()

    def _submit(self, clip: Clip) -> _SubmittedClip:
        """Decode a clip and submit it to both models; its waveform is kept no longer than they need it."""
        digest = ""
        try:
            data = bytes_of(clip)
            digest = digest_of(data)
            waveform = decode_audio(data, self._max_seconds, clip.row.id)
            audio = replace(detect_speech(waveform), options=self._options, name=clip.row.id)
            del data  # it would otherwise stay in memory as long as a long recording waits
        except AudioError as problem:
            return _SubmittedClip(clip, digest, error=str(problem))
        clip = with_same_audio(clip, digest)
        long_clip = _LongClip(clip, digest, seconds(audio.waveform), self.speech, self.emotion)
        transcript = self._transcript(long_clip, audio)
        long_clip.emotion_output = None if clip.tagged else self._scheduler.emotion(audio, is_blocking=True)
        return _SubmittedClip(clip, digest, long_clip.seconds, transcript, long_clip.emotion_output)

    def _transcript(self, long_clip: "_LongClip", audio: DecodedAudio) -> "Future[SpeechOutput] | None":
        clip = long_clip.clip
        wanted = wanted_pieces(clip, self.speech)
        if clip.transcribed and not wanted:
            return None

        def step(pieces: PieceJoiner) -> None:
            if long_clip.pieces is None:
                long_clip.pieces = pieces
                with self._lock:
                    self._under_way[long_clip.id] = long_clip
            self._step(long_clip.id, pieces.done_seconds, pieces.all_seconds)

        return self._scheduler.transcript_of(cut(audio, wanted), audio, is_blocking=True, step=step)

    def _row(self, submitted: _SubmittedClip) -> ClipRow:
        clip = submitted.clip
        if submitted.error:
            return failed_row(self, clip, submitted.digest, submitted.error)
        try:
            transcript = submitted.transcript.result() if submitted.transcript else None
        except ModelFailed as problem:
            return failed_row(self, clip, submitted.digest, str(problem))
        emotion = _emotion_outcome(submitted.emotion) if submitted.emotion else None
        return checked_row(self, clip, ModelOutputs(submitted.digest, submitted.seconds, transcript, emotion))


@dataclass(slots=True, eq=False)
class _LongClip:
    """An `UnfinishedClip`; its ``pieces`` are known when the first of them is done, and its emotion some time later."""

    clip: Clip
    digest: str
    seconds: float
    speech: Identity
    emotion: Identity
    pieces: PieceJoiner | None = None
    emotion_output: "Future[EmotionOutput] | None" = None

    @property
    def id(self) -> str:
        return self.clip.row.id

    @property
    def share(self) -> float:
        return self.pieces.done_seconds / max(self.pieces.all_seconds, 1e-6) if self.pieces else 0.0

    def row(self) -> ClipRow | None:
        transcript = self.pieces.so_far() if self.pieces else None
        if transcript is None:
            return None
        emotion: EmotionOutcome | None = None
        if not self.clip.tagged:
            output = self.emotion_output
            is_there = output is not None and output.done() and not output.cancelled()
            emotion = _emotion_outcome(output) if output and is_there else ModelFailed(NOT_YET)
        return row_of(
            self.clip, ModelOutputs(self.digest, self.seconds, transcript, emotion), self.speech, self.emotion
        )


def with_same_audio(clip: Clip, digest: str) -> Clip:
    """The clip, without its earlier record if that belongs to other audio."""
    known = clip.transcribed or clip.tagged
    return clip if known is None or known.audio_digest == digest else replace(clip, transcribed=None, tagged=None)


def checked_row(pipeline: Pipeline, clip: Clip, outputs: ModelOutputs) -> ClipRow:
    """The clip's record; failures are logged. If the log could not store it, a record with the error."""
    row = row_of(clip, outputs, pipeline.speech, pipeline.emotion)
    if row.error:
        log.warning("clip failed in part", extra={"clip": row.id, "error": row.error})
    try:
        line_of(row)
    except BadRow as problem:
        return failed_row(pipeline, clip, outputs.digest, f"the model's result is not usable: {problem}")
    return row


def _emotion_outcome(emotion: "Future[EmotionOutput]") -> EmotionOutcome:
    try:
        return emotion.result()
    except ModelFailed as problem:
        return problem


def bytes_of(clip: Clip) -> bytes:
    """The bytes of the clip's audio file; raises `NoAudio` if there is no file or it cannot be read."""
    if clip.read is None:
        raise NoAudio("there is no audio file")
    try:
        return clip.read()
    except OSError as problem:
        raise NoAudio(f"the file cannot be read: {problem.strerror or problem}") from problem


def failed_row(pipeline: Pipeline, clip: Clip, digest: str, error: str) -> ClipRow:
    """The record of a clip that could not be processed; the error is logged.

    An earlier transcript of the same audio is kept, with its missing pieces.
    """
    log.warning("clip failed", extra={"clip": clip.row.id, "error": error})
    if clip.transcribed and clip.transcribed.failed_pieces:
        error = f"{sentence_of(clip.transcribed.failed_pieces)}; another attempt failed: {error}"
    # The message of a library may contain bytes that are not UTF-8.
    outputs = {"audio_digest": digest, "decoded_at": now(), "error": error.encode(errors="backslashreplace").decode()}
    return with_kept(clip, outputs | speech_columns(pipeline.speech) | emotion_columns(pipeline.emotion))


def digest_of(data: bytes) -> str:
    """SHA-256 of a file in hexadecimal, which identifies its audio."""
    return hashlib.sha256(data).hexdigest()
