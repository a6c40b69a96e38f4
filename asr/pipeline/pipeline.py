"""The pipeline from clips to records: one record per clip, here or over an API, whatever fails."""

import hashlib
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import Final, Protocol, TypeVar

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
from asr.pipeline.second import SecondOutcome, needs_second, wanted_of_second, with_second
from asr.sources.listing import Clip
from asr.types import NO_OPTIONS, DecodedAudio, DecodingOptions, EmotionOutput, SpeechOutput, seconds
from hearsay.errors import AudioError, BadRow, NoAudio
from hearsay.records.clip import ClipRow
from hearsay.records.journal import line_of

log = logging.getLogger(__name__)

Output = TypeVar("Output")

_FIRST: Final = "first"
_SECOND: Final = "second"

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
    def second(self) -> Identity | None:
        """The model of the second transcripts; None if there are none."""
        ...

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
        it has one in ``tagged``, its emotion is kept; with one in ``seconded``, so is that of the second model.

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
    second: "Future[SpeechOutput] | None" = None
    error: str = ""


class LocalPipeline:
    """The pipeline on this machine: decodes each clip once, ahead of the models, and passes the audio to all of them.

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
    def second(self) -> Identity | None:
        model = self._scheduler.second_model
        return Identity.of(model) if model else None

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
        """Decode a clip and submit it to the models; its waveform is kept no longer than they need it."""
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
        long_clip = _LongClip(clip, digest, seconds(audio.waveform), self.speech, self.emotion, self.second)
        transcript = self._transcript(long_clip, audio)
        long_clip.emotion_output = None if clip.tagged else self._scheduler.emotion(audio, is_blocking=True)
        second = self._second_transcript(long_clip, audio)
        return _SubmittedClip(clip, digest, long_clip.seconds, transcript, long_clip.emotion_output, second)

    def _transcript(self, long_clip: "_LongClip", audio: DecodedAudio) -> "Future[SpeechOutput] | None":
        if not long_clip.needs_first:
            return None
        whole = cut(audio, wanted_pieces(long_clip.clip, self.speech))
        step = partial(self._after_piece, long_clip, _FIRST)
        return self._scheduler.transcript_of(whole, audio, is_blocking=True, step=step)

    def _second_transcript(self, long_clip: "_LongClip", audio: DecodedAudio) -> "Future[SpeechOutput] | None":
        if self.second is None or not long_clip.needs_second:
            return None
        whole = cut(audio, wanted_of_second(long_clip.clip, self.second))
        step = partial(self._after_piece, long_clip, _SECOND)
        return self._scheduler.second_transcript_of(whole, audio, is_blocking=True, step=step)

    def _after_piece(self, long_clip: "_LongClip", which: str, pieces: PieceJoiner) -> None:
        with self._lock:
            long_clip.pieces[which] = pieces
            self._under_way[long_clip.id] = long_clip
            done, whole = long_clip.done_seconds, long_clip.all_seconds
        self._step(long_clip.id, done, whole)

    def _row(self, submitted: _SubmittedClip) -> ClipRow:
        clip = submitted.clip
        if submitted.error:
            return failed_row(self, clip, submitted.digest, submitted.error)
        second, transcript = _outcome(submitted.second), _outcome(submitted.transcript)
        if isinstance(transcript, ModelFailed):
            row = failed_row(self, clip, submitted.digest, str(transcript))
            return _checked_second(self, row, clip, second, submitted.seconds)
        emotion = _outcome(submitted.emotion)
        return checked_row(self, clip, ModelOutputs(submitted.digest, submitted.seconds, transcript, emotion), second)


@dataclass(slots=True, eq=False)
class _LongClip:
    """An `UnfinishedClip`; its ``pieces`` by model are known when one of them is done, its emotion some time later."""

    clip: Clip
    digest: str
    seconds: float
    speech: Identity
    emotion: Identity
    second: Identity | None
    pieces: dict[str, PieceJoiner] = field(default_factory=dict)
    emotion_output: "Future[EmotionOutput] | None" = None

    @property
    def id(self) -> str:
        return self.clip.row.id

    @property
    def needs_first(self) -> bool:
        return self.clip.transcribed is None or bool(wanted_pieces(self.clip, self.speech))

    @property
    def needs_second(self) -> bool:
        return needs_second(self.clip, self.second)

    @property
    def done_seconds(self) -> float:
        return sum(pieces.done_seconds for pieces in self.pieces.values())

    @property
    def all_seconds(self) -> float:
        """Seconds of both models' pieces; a model without a finished piece counts as the other one does."""
        known = sum(pieces.all_seconds for pieces in self.pieces.values())
        return known * (self.needs_first + self.needs_second) / max(len(self.pieces), 1)

    @property
    def share(self) -> float:
        return self.done_seconds / max(self.all_seconds, 1e-6)

    def row(self) -> ClipRow | None:
        transcript, second = self._so_far(_FIRST), self._so_far(_SECOND)
        if transcript is None and (second is None or self.clip.transcribed is None):
            return None
        emotion: EmotionOutcome | None = None
        if not self.clip.tagged:
            output = self.emotion_output
            is_there = output is not None and output.done() and not output.cancelled()
            found = _outcome(output if is_there else None)
            emotion = ModelFailed(NOT_YET) if found is None else found
        row = row_of(self.clip, ModelOutputs(self.digest, self.seconds, transcript, emotion), self.speech, self.emotion)
        return with_second(row, self.clip, second, self.second, self.seconds) if second and self.second else row

    def _so_far(self, which: str) -> SpeechOutput | None:
        return self.pieces[which].so_far() if which in self.pieces else None


def with_same_audio(clip: Clip, digest: str) -> Clip:
    """The clip, without its earlier record if that belongs to other audio."""
    known = clip.transcribed or clip.tagged or clip.seconded
    if known is None or known.audio_digest == digest:
        return clip
    return replace(clip, transcribed=None, tagged=None, seconded=None)


def checked_row(pipeline: Pipeline, clip: Clip, outputs: ModelOutputs, second: SecondOutcome | None = None) -> ClipRow:
    """The clip's record; failures are logged. If the log could not store it, a record with the error."""
    row = row_of(clip, outputs, pipeline.speech, pipeline.emotion)
    if row.error:
        log.warning("clip failed in part", extra={"clip": row.id, "error": row.error})
    try:
        line_of(row)
    except BadRow as problem:
        row = failed_row(pipeline, clip, outputs.digest, f"the model's result is not usable: {problem}")
    return _checked_second(pipeline, row, clip, second, outputs.seconds)


def _checked_second(
    pipeline: Pipeline, row: ClipRow, clip: Clip, second: SecondOutcome | None, seconds: float
) -> ClipRow:
    """The record with the second transcript, or the error if the model failed or the log cannot store the result."""
    if second is None or pipeline.second is None:
        return row
    whole = with_second(row, clip, second, pipeline.second, seconds)
    try:
        line_of(whole)
    except BadRow as problem:
        second = ModelFailed(f"the model's result is not usable: {problem}")
        whole = with_second(row, clip, second, pipeline.second, seconds)
    if isinstance(second, ModelFailed) or second.failed:
        log.warning("second transcript failed", extra={"clip": clip.row.id, "model": pipeline.second.name})
    return whole


def _outcome(output: "Future[Output] | None") -> "Output | ModelFailed | None":
    """What a model gave, or its error; None if it was not asked."""
    try:
        return None if output is None else output.result()
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
