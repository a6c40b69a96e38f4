"""The pipeline over an API: each clip is sent once, and its record equals that of a local pipeline."""

import asyncio
import time
from collections.abc import Callable, Sequence
from itertools import count
from math import inf
from typing import Any, Final, TypeVar

import httpx

from asr.audio.decoding import decode_audio, wav_of
from asr.audio.vad import detect_speech
from asr.errors import AsrError, ModelFailed, PipelineUnavailable
from asr.pipeline.credentials import credentials_of
from asr.pipeline.identity import Identity
from asr.pipeline.long_form import cut, joined
from asr.pipeline.pipeline import UnfinishedClip, bytes_of, checked_row, digest_of, failed_row, with_same_audio
from asr.pipeline.records import EmotionOutcome, ModelOutputs, failure_columns, missing, now, wanted_pieces, with_kept
from asr.settings import AsrSettings
from asr.sources.listing import Clip
from asr.types import EmotionOutput, Notify, SpeechOutput, Waveform, seconds
from hearsay.errors import ApiError, AudioError, BadArgument, BadSettings
from hearsay.http.connection import BUSY, UNAUTHORIZED, ApiConnection, cancel, checked_address
from hearsay.http.replies import (
    EMOTION_COLUMNS,
    TRANSCRIPT_COLUMNS,
    UNEXPECTED,
    Health,
    detail_of,
    health_of,
    record_in,
)
from hearsay.http.retry import RetryPolicy, TemporaryFailure
from hearsay.records.clip import ClipRow
from hearsay.records.transcript import TAGGING, TRANSCRIBING, FailedPiece
from hearsay.terminal.commands import to_type

Result = TypeVar("Result")

SECONDS_BETWEEN_HEALTH_CHECKS: Final = 1.0
"""Interval of health checks while the API loads its models."""

HEALTH_CHECKS_BETWEEN_NOTICES: Final = 10
"""Health checks between two messages about that."""

HEALTH_SECONDS: Final = 10.0
"""Time limit for a connection to the API, and for a health check."""

FAULT_ATTEMPTS: Final = 3
"""How often a clip is sent to an API that replies with status 500, which may be temporary (out of memory)."""


def open_remote_pipeline(
    address: str, settings: AsrSettings, notify: Notify, policy: RetryPolicy | None = None
) -> "RemotePipeline":
    """A pipeline over the API at ``address``; ``notify`` is called when it becomes unavailable or available.

    The retry policy is that of the settings unless it is given. Raises `BadSettings` for an invalid address, and what
    `RemotePipeline` raises.
    """
    try:
        url = checked_address(address)
    except BadArgument as problem:
        raise BadSettings(f"--via: {problem}") from problem
    connection = ApiConnection(
        address,
        credentials_of(settings, f"{url.scheme}://{url.netloc.decode()}"),
        httpx.Timeout(settings.via_timeout, connect=HEALTH_SECONDS),
        max_connections=settings.via_clips + 1,
    )
    policy = policy or RetryPolicy(settings.via_patience, fault_attempts=FAULT_ATTEMPTS)
    return RemotePipeline(connection, settings.via_clips, policy, notify)


class RemotePipeline:
    """Processes clips through ``POST /asr``, at most ``at_once`` at the same time; threads may share it.

    A request to a busy or unavailable API is retried, for each clip separately; a rejection becomes the record's
    ``error``. Raises `PipelineUnavailable` if the API stays unavailable, and at construction if it does not respond,
    has failed, is still loading its models at the end of the policy's time, or refuses access.
    """

    def __init__(self, connection: ApiConnection, at_once: int, policy: RetryPolicy, notify: Notify) -> None:
        self._connection = connection
        self._address = connection.address
        self._policy = policy
        self._notify = notify
        self._at_once = at_once
        self._slots = asyncio.Semaphore(at_once)
        self._is_away = False
        try:
            self._health = connection.run(self._ready())
        except BaseException:
            self.close()
            raise

    @property
    def speech(self) -> Identity:
        return Identity(self._health.asr_model or "", self._health.asr_weights, self._health.asr_precision)

    @property
    def emotion(self) -> Identity:
        return Identity(self._health.ser_model or "", self._health.ser_weights, self._health.ser_precision)

    @property
    def second(self) -> Identity | None:
        return None

    @property
    def is_speech_by_default(self) -> bool:
        return self._health.asr_by_default

    @property
    def clips_at_once(self) -> int:
        return self._at_once

    def process(self, clips: Sequence[Clip]) -> list[ClipRow]:
        try:
            return self._connection.run(self._process_all(clips))
        except ApiError as problem:
            raise AsrError(str(problem)) from problem

    def unfinished(self) -> Sequence[UnfinishedClip]:
        return ()

    def close(self) -> None:
        self._connection.close()

    async def _ready(self) -> Health:
        """The health of the API, when it has loaded its models."""
        started, checks = time.monotonic(), count()
        while (health := await self._check_health()).status == "loading":
            waited = time.monotonic() - started
            if waited > self._policy.seconds:
                raise PipelineUnavailable(
                    f"{self._address} is still loading its models after {waited:.0f} s; try again later"
                )
            if next(checks) % HEALTH_CHECKS_BETWEEN_NOTICES == 0:
                self._notify(f"{self._address} is loading its models; waited {waited:.0f} s so far")
            await asyncio.sleep(SECONDS_BETWEEN_HEALTH_CHECKS)
        if health.status == "failed":
            raise PipelineUnavailable(f"{self._address} could not load its models: {'; '.join(health.warnings)}")
        for warning in health.warnings:
            self._notify(f"warning: {self._address}: {warning}")
        return health

    async def _check_health(self) -> Health:
        try:
            response = await self._connection.request("GET", "/health", timeouts=httpx.Timeout(HEALTH_SECONDS))
        except TemporaryFailure as problem:
            advice = f"check the address, and that {to_type('api')} is running there"
            raise PipelineUnavailable(f"{self._address} does not respond ({problem}); {advice}") from problem
        self._check_authorized(response)
        try:
            return health_of(response.json())
        except UNEXPECTED as problem:
            if response.status_code in BUSY:  # from a proxy in front of an API that is starting
                return Health("loading")
            raise PipelineUnavailable(
                f"{self._address} responds, but not as Hearsay's API does; check the address"
            ) from problem

    async def _process_all(self, clips: Sequence[Clip]) -> list[ClipRow]:
        tasks = [asyncio.create_task(self._process(clip)) for clip in clips]
        try:
            return await asyncio.gather(*tasks)
        except PipelineUnavailable as problem:
            await cancel(tasks)
            rows = [task.result() for task in tasks if not task.cancelled() and task.exception() is None]
            raise PipelineUnavailable(str(problem), rows) from problem

    async def _process(self, clip: Clip) -> ClipRow:
        digest = ""
        async with self._slots:
            try:
                data = await asyncio.to_thread(bytes_of, clip)
                digest = digest_of(data)
                clip = with_same_audio(clip, digest)
                if wanted := wanted_pieces(clip, self.speech):
                    return await self._completed(clip, data, wanted)
                response = await self._answer(data, "/ser" if clip.transcribed else "/asr")
            except AudioError as problem:
                return failed_row(self, clip, digest, str(problem))
            except TemporaryFailure as problem:
                await self._check_still_there(str(problem))
                return failed_row(
                    self, clip, digest, f"the API is available, but did not reply for this clip: {problem}"
                )
        if response.is_error:
            return failed_row(self, clip, digest, detail_of(response))
        try:
            columns = columns_of(response.json(), clip)
        except UNEXPECTED as problem:
            return failed_row(self, clip, digest, _not_understood(problem))
        return with_kept(clip, columns | {"audio_digest": digest, "decoded_at": now()})

    async def _completed(self, clip: Clip, data: bytes, wanted: Sequence[FailedPiece]) -> ClipRow:
        """The completed record of a clip: each missing piece is sent as a file, and the whole clip for its emotion."""
        waveform = await asyncio.to_thread(decode_audio, data, inf)
        whole = cut(await asyncio.to_thread(detect_speech, waveform), wanted)
        pieces = [await self._piece(waveform[start:end]) for start, end in whole.pieces]
        emotion: EmotionOutcome | None = None
        if not clip.tagged:
            emotion = await self._output(data, "/ser", _emotion_in)
        outputs = ModelOutputs(digest_of(data), seconds(waveform), joined(whole, pieces), emotion)
        return checked_row(self, clip, outputs)

    async def _piece(self, piece: Waveform) -> SpeechOutput | ModelFailed:
        return await self._output(wav_of(piece), "/asr", _speech_in)

    async def _output(self, data: bytes, path: str, read: Callable[[Any], Result]) -> Result | ModelFailed:
        """The content of the reply for a file, or the error."""
        try:
            response = await self._answer(data, path)
            return ModelFailed(detail_of(response)) if response.is_error else read(response.json())
        except TemporaryFailure as problem:
            await self._check_still_there(str(problem))
            return ModelFailed(f"the API is available, but did not reply for this piece: {problem}")
        except UNEXPECTED as problem:
            return ModelFailed(_not_understood(problem))

    async def _answer(self, data: bytes, path: str) -> httpx.Response:
        """The API's final reply for a file.

        Raises `TemporaryFailure` if there is none, and `PipelineUnavailable` if the key is not accepted.
        """

        def notify_away(failure: TemporaryFailure) -> None:
            if failure.is_unreachable and not self._is_away:
                self._is_away = True
                self._notify(f"{self._address} is unavailable ({failure}); retrying for {self._policy.seconds:.0f} s")

        response = await self._connection.post_audio(path, data, self._policy, notify_away)
        self._check_authorized(response)
        if self._is_away:
            self._is_away = False
            self._notify(f"{self._address} is available again")
        return response

    async def _check_still_there(self, reason: str) -> None:
        """Raise `PipelineUnavailable` unless the failure concerns this one clip."""
        try:
            health = await self._check_health()
        except PipelineUnavailable:
            health = Health("away")
        if health.status != "ready":
            raise PipelineUnavailable(
                f"{self._address} is still unavailable ({reason}). Completed records are kept; "
                "run the same command to continue when the API is available."
            )

    def _check_authorized(self, response: httpx.Response) -> None:
        if response.status_code in UNAUTHORIZED:
            advice = "set API_KEY to one of its keys, or API_TOKEN=google"
            raise PipelineUnavailable(f"{self._address} refuses access ({detail_of(response)}); {advice}")


def _not_understood(problem: Exception) -> str:
    return f"the reply cannot be read ({problem!r}); check that the API has the same version as this program"


def _speech_in(body: Any) -> SpeechOutput:
    row = record_in(body, has_emotion=False)
    return SpeechOutput(
        row.generated_text,
        row.words,
        row.segments,
        row.confidence,
        language=row.language,
        language_probability=row.language_probability,
    )


def _emotion_in(body: Any) -> EmotionOutput:
    row = record_in(body, has_transcript=False)
    return EmotionOutput(row.emotion, row.emotion_score, row.emotion_scores)


def columns_of(body: Any, clip: Clip) -> dict[str, Any]:
    """The columns in the body of a reply; raises `UNEXPECTED`."""
    row = record_in(body, clip.row.id, has_transcript=not clip.transcribed)
    columns = (*EMOTION_COLUMNS, *(() if clip.transcribed else TRANSCRIPT_COLUMNS))
    failed = [*missing(clip.transcribed or row, TRANSCRIBING), *([] if clip.tagged else missing(row, TAGGING))]
    return {name: getattr(row, name) for name in columns} | failure_columns(failed)
