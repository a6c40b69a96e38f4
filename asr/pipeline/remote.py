"""The listener that is elsewhere: each clip's bytes go once to an API, and come back as the row a local one makes."""

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass, replace
from itertools import count
from math import inf
from typing import Any, Final, TypeVar

import httpx

from asr.audio.decoding import decode_audio, seconds, wav_of
from asr.errors import AsrError, ModelFailed, PipelineUnavailable
from asr.models.identity import NOBODY, Identity
from asr.pipeline.credentials import credentials_of
from asr.pipeline.long_form import cut, joined
from asr.pipeline.pipeline import bytes_of, checked_row, digest_of, failed_row, with_same_audio
from asr.pipeline.records import EmotionOutcome, ModelOutputs, failure_columns, missing, now, wanted_pieces, with_kept
from asr.settings import AsrSettings
from asr.sources.listing import Clip
from asr.types import EmotionOutput, SpeechOutput, Waveform
from hearsay.errors import AudioError, BadRow, BadSettings
from hearsay.process import wait_in_turns
from hearsay.records.clip import TAGGING, TRANSCRIBING, ClipRow, FailedPiece
from hearsay.retry import GivenUp, Patience, Tries, seconds_told
from hearsay.version import USER_AGENT

Result = TypeVar("Result")

Notify = Callable[[str], None]

SECONDS_BETWEEN_LOOKS: Final = 1.0
"""How often an API that is loading its models is asked whether it is ready."""

LOOKS_BETWEEN_WORDS: Final = 10
"""How often a person is told so."""

LOOK_SECONDS: Final = 10.0
"""How long an API may take to accept a connection, and to tell its health."""

KEPT_SECONDS: Final = 4.0
"""How long an idle connection is kept: less than the 5 s after which the server closes it."""

BUSY: Final = frozenset({408, 429, 502, 503, 504})
"""Statuses that say: later perhaps."""

FAULT_TRIES: Final = 3
"""How often a clip is sent to an API that says it is at fault (500): memory may be short once, but not every time."""

UNAUTHORIZED: Final = frozenset({401, 403})

_OF_EMOTION: Final = ("emotion", "emotion_score", "emotion_scores", "sentiment", "ser_model")
_OF_SPEECH: Final = ("confidence", "words", "segments", "asr_model")
"""Members of a reply that are columns of the record by the same name."""

_OF_A_MODEL: Final = ("model", "weights", "precision")
"""What an API says of each of its models; older ones name the model alone."""


_OTHER_SHAPE: Final = (ValueError, KeyError, TypeError, BadRow)
"""What reading a reply leads to where it is not of this version's shape."""


@dataclass(frozen=True, slots=True)
class Health:
    """What an API says of itself: ``ready``, ``loading`` or ``failed``, its models, and what was wanted in vain."""

    status: str
    speech: Identity = NOBODY
    emotion: Identity = NOBODY
    is_speech_by_default: bool = False
    warnings: tuple[str, ...] = ()


def open_remote_pipeline(
    address: str, settings: AsrSettings, notify: Notify, patience: Patience | None = None
) -> "RemotePipeline":
    """A listener at ``address``, whose coming and going is said; patience is the settings' unless it is given.

    Raises `BadSettings` where that is no address, or as `RemotePipeline` does.
    """
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as problem:
        raise BadSettings(f"--via {address} is no address ({problem}); write http://HOST:8001") from problem
    if url.scheme not in ("http", "https") or not url.host or url.userinfo:
        raise BadSettings("--via takes an address like http://HOST:8001; a key belongs into API_KEY")
    client = httpx.AsyncClient(
        base_url=url,
        headers={"User-Agent": USER_AGENT},
        auth=credentials_of(settings, f"{url.scheme}://{url.netloc.decode()}"),
        timeout=httpx.Timeout(settings.via_timeout, connect=LOOK_SECONDS),
        limits=httpx.Limits(max_connections=settings.via_clips + 1, keepalive_expiry=KEPT_SECONDS),
    )
    return RemotePipeline(client, settings.via_clips, patience or Patience(settings.via_patience), notify)


class RemotePipeline:
    """Hears through ``POST /asr``, at most ``at_once`` clips at the same time; threads may share it.

    An API that is busy or away is tried again, each clip by itself; what it refuses is the row's ``error``. Raises
    `PipelineUnavailable` where the API stays away, and from the beginning where it is not there, has failed, is still
    loading its models when ``patience`` ends, or does not let us in.
    """

    def __init__(self, client: httpx.AsyncClient, at_once: int, patience: Patience, notify: Notify) -> None:
        self._client = client
        self._address = str(client.base_url).rstrip("/")
        self._patience = patience
        self._say = notify
        self._at_once = at_once
        self._slots = asyncio.Semaphore(at_once)
        self._is_away = False
        self._closing = threading.Lock()
        self._is_closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="remote listener", daemon=True)
        self._thread.start()
        try:
            self._health = self._wait_for(self._ready())
        except BaseException:
            self.close()
            raise

    @property
    def speech(self) -> Identity:
        return self._health.speech

    @property
    def emotion(self) -> Identity:
        return self._health.emotion

    @property
    def is_speech_by_default(self) -> bool:
        return self._health.is_speech_by_default

    @property
    def clips_at_once(self) -> int:
        return self._at_once

    def process(self, clips: Sequence[Clip]) -> list[ClipRow]:
        return self._wait_for(self._process_all(clips))

    def close(self) -> None:
        with self._closing:
            if self._is_closed:
                return
            self._is_closed = True
            ended = asyncio.run_coroutine_threadsafe(self._end(), self._loop)
        ended.result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait_for(self, work: Coroutine[Any, Any, Result]) -> Result:
        with self._closing:  # what comes after the end would be waited for without end
            if self._is_closed:
                work.close()
                raise AsrError("nothing is heard any more: the listener is closed")
            answer = asyncio.run_coroutine_threadsafe(work, self._loop)
        wait_in_turns(answer)
        return answer.result()

    async def _end(self) -> None:
        unfinished = asyncio.all_tasks() - {asyncio.current_task()}
        await _cancel(unfinished)
        await self._client.aclose()

    async def _ready(self) -> Health:
        """The health of an API that is ready; one that is loading its models is waited for."""
        started, looks = time.monotonic(), count()
        while (health := await self._look()).status == "loading":
            waited = time.monotonic() - started
            if waited > self._patience.seconds:
                raise PipelineUnavailable(
                    f"{self._address} still loads its models after {waited:.0f} s; try again later"
                )
            if next(looks) % LOOKS_BETWEEN_WORDS == 0:
                self._say(f"{self._address} is loading its models; waiting since {waited:.0f} s")
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
        if health.status == "failed":
            raise PipelineUnavailable(f"{self._address} could not load its models: {'; '.join(health.warnings)}")
        for warning in health.warnings:
            self._say(f"warning: {self._address}: {warning}")
        return health

    async def _look(self) -> Health:
        try:
            response = await self._client.get("/health", timeout=LOOK_SECONDS)
        except httpx.RequestError as problem:
            advice = "is python -m asr api running there, and is the address right?"
            raise PipelineUnavailable(f"{self._address} does not answer ({_reason(problem)}); {advice}") from problem
        self._check_let_in(response)
        try:
            return health_of(response.json())
        except (ValueError, KeyError, TypeError) as problem:
            if response.status_code in BUSY:  # said by what stands before an API that is only starting
                return Health("loading")
            raise PipelineUnavailable(
                f"{self._address} answers, but not as Hearsay's API; look at the address"
            ) from problem

    async def _process_all(self, clips: Sequence[Clip]) -> list[ClipRow]:
        tasks = [asyncio.create_task(self._process(clip)) for clip in clips]
        try:
            return await asyncio.gather(*tasks)
        except PipelineUnavailable as gone:
            await _cancel(tasks)
            rows = [task.result() for task in tasks if not task.cancelled() and task.exception() is None]
            raise PipelineUnavailable(str(gone), rows) from gone

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
            except GivenUp as problem:
                await self._check_still_there(str(problem))
                return failed_row(self, clip, digest, f"the API answers, but not for this clip: {problem}")
        return self._row(clip, digest, response)

    async def _completed(self, clip: Clip, data: bytes, wanted: Sequence[FailedPiece]) -> ClipRow:
        """The clip's record with what is missing from it: each piece is sent as a file, the whole for its emotion."""
        waveform = await asyncio.to_thread(decode_audio, data, inf)
        whole = await asyncio.to_thread(cut, waveform, wanted)
        outcomes = [await self._piece(clip, waveform[start:end]) for start, end in whole.pieces]
        emotion = None if clip.tagged else await self._emotion(data)
        return checked_row(
            self, clip, ModelOutputs(digest_of(data), seconds(waveform), joined(whole, outcomes), emotion)
        )

    async def _piece(self, clip: Clip, sound: Waveform) -> SpeechOutput | ModelFailed:
        reply = await self._reply(wav_of(sound), "/asr")
        if isinstance(reply, ModelFailed):
            return reply
        try:
            columns = columns_of(reply, replace(clip, transcribed=None))
        except _OTHER_SHAPE as problem:
            return ModelFailed(_not_understood(problem))
        return SpeechOutput(columns["generated_text"], columns["words"], columns["segments"], columns["confidence"])

    async def _emotion(self, data: bytes) -> EmotionOutcome:
        reply = await self._reply(data, "/ser")
        if isinstance(reply, ModelFailed):
            return reply
        try:
            return EmotionOutput(reply["emotion"], reply["emotion_score"], reply["emotion_scores"])
        except _OTHER_SHAPE as problem:
            return ModelFailed(_not_understood(problem))

    async def _reply(self, data: bytes, path: str) -> Any:
        """The body of a reply, or why there is none."""
        try:
            response = await self._answer(data, path)
            return ModelFailed(detail_of(response)) if response.is_error else response.json()
        except GivenUp as problem:
            await self._check_still_there(str(problem))
            return ModelFailed(f"the API answers, but not for this piece: {problem}")
        except ValueError as problem:
            return ModelFailed(_not_understood(problem))

    async def _answer(self, data: bytes, path: str) -> httpx.Response:
        """The API's last word on a file; raises `GivenUp` where there is none, `PipelineUnavailable` where it is
        locked.
        """
        tries, faults = Tries(self._patience), 0
        while True:
            try:
                response = await self._client.post(path, files={"file": ("clip", data)})
            except httpx.RequestError as problem:
                self._notify_away(_reason(problem))
                await tries.pause(_reason(problem))
                continue
            is_fault = response.is_server_error and response.status_code not in BUSY
            faults += is_fault
            if response.status_code in BUSY or (is_fault and faults < FAULT_TRIES):
                await tries.pause(detail_of(response), seconds_told(response.headers.get("Retry-After", "")))
                continue
            self._check_let_in(response)
            self._notify_back()
            return response

    async def _check_still_there(self, reason: str) -> None:
        """Raise `PipelineUnavailable` where it is not this one clip that gets no answer."""
        try:
            health = await self._look()
        except PipelineUnavailable:
            health = Health("away")
        if health.status != "ready":
            raise PipelineUnavailable(
                f"{self._address} stays away ({reason}). What it answered is kept; "
                "when it is back, the same command goes on from there."
            )

    def _check_let_in(self, response: httpx.Response) -> None:
        if response.status_code in UNAUTHORIZED:
            advice = "set API_KEY to a key that it knows, or API_TOKEN=google"
            raise PipelineUnavailable(f"{self._address} does not let us in ({detail_of(response)}); {advice}")

    def _notify_away(self, reason: str) -> None:
        if not self._is_away:
            self._is_away = True
            self._say(f"{self._address} is away ({reason}); trying again for {self._patience.seconds:.0f} s")

    def _notify_back(self) -> None:
        if self._is_away:
            self._is_away = False
            self._say(f"{self._address} is back")

    def _row(self, clip: Clip, digest: str, response: httpx.Response) -> ClipRow:
        if response.is_error:
            return failed_row(self, clip, digest, detail_of(response))
        try:
            columns = columns_of(response.json(), clip)
        except _OTHER_SHAPE as problem:
            return failed_row(self, clip, digest, _not_understood(problem))
        return with_kept(clip, columns | {"audio_digest": digest, "decoded_at": now()})


def _not_understood(problem: Exception) -> str:
    return f"the reply is not understood ({problem!r}); is the API of the same version as this program?"


def columns_of(reply: Any, clip: Clip) -> dict[str, Any]:
    """The columns that the body of a reply fills; raises what a body of another shape leads to, and `BadRow`."""
    members = {name: reply[name] for name in _OF_EMOTION} | {
        name: reply.get(name) for name in ("ser_weights", "ser_precision")
    }
    if not clip.transcribed:
        members |= {name: reply[name] for name in _OF_SPEECH} | {"generated_text": reply["transcription"]}
        members |= {name: reply.get(name) for name in ("asr_weights", "asr_precision")}
        members["duration"] = reply["seconds"]
    members["failed_pieces"] = reply.get("failed_pieces")
    row = ClipRow.from_json({"filename": clip.row.id} | members)
    failed = [
        *missing(clip.transcribed or row, TRANSCRIBING),
        *([] if clip.tagged else missing(row, TAGGING)),
    ]
    return {name: getattr(row, name) for name in members} | failure_columns(failed)


def health_of(body: Any) -> Health:
    """The health that the body of ``GET /health`` tells; raises what a body of another shape leads to."""
    if body["status"] not in ("ready", "loading", "failed"):
        raise ValueError(body["status"])
    speech, emotion = (Identity(*(body.get(f"{kind}_{part}") or "" for part in _OF_A_MODEL)) for kind in ("asr", "ser"))
    warnings = tuple(map(str, body["warnings"]))
    return Health(body["status"], speech, emotion, bool(body.get("asr_by_default")), warnings)


def detail_of(response: httpx.Response) -> str:
    """Why a request was refused: the detail of its problem+json, else the status in words."""
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{response.status_code} {response.reason_phrase}".rstrip()


def _reason(problem: httpx.RequestError) -> str:
    return str(problem) or type(problem).__name__


async def _cancel(tasks: Collection[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
