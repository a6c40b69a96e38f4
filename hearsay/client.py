"""The API over HTTP from Python: the same methods and results as with models on this machine."""

import io
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from hearsay.emotion import Emotion
from hearsay.errors import (
    ApiBusy,
    ApiError,
    ApiRefused,
    ApiUnreachable,
    AudioError,
    AudioTooLong,
    BadArgument,
    BadRow,
    EmptyAudio,
    HearsayError,
    NotAudio,
)
from hearsay.extras import needing
from hearsay.http_replies import Health, detail_of, health_of, recognised_in, tagged_in
from hearsay.in_order import in_order
from hearsay.progress import count_of, followed
from hearsay.recordings import Recording, bytes_of, check_rate, each, is_array, name_of
from hearsay.retry import GivenUp, Patience, Tries, seconds_told
from hearsay.transcript import Transcript
from hearsay.version import USER_AGENT

if TYPE_CHECKING:
    import httpx

Outcome = TypeVar("Outcome")
Result = TypeVar("Result")

_AT_ONCE: Final = 8
"""Recordings that are sent at the same time."""

_CONNECT_SECONDS: Final = 10.0

_LATER: Final = frozenset({408, 429, 502, 503, 504})
"""Statuses that say: later perhaps."""

_LOCKED: Final = frozenset({401, 403})

_REFUSALS: Final[Mapping[int, type[AudioError]]] = {413: AudioTooLong, 415: NotAudio, 422: EmptyAudio}

_OTHER_VERSION: Final = "the reply is not understood; is it Hearsay's API, of this version?"


class Client:
    """An API at an address, with the methods of `Transcriber` and `EmotionTagger`; threads may share it.

    ``api_key`` is shown to it where there is one. ``timeout`` is how many seconds one recording may take. An API that
    is busy, is still loading its models or restarts is asked again for ``patience`` seconds.
    """

    def __init__(self, url: str, api_key: str | None = None, *, timeout: float = 600.0, patience: float = 60.0) -> None:
        with needing("asr", "A client of the API"):
            import httpx
        self.url = url.rstrip("/")
        headers = {"User-Agent": USER_AGENT} | ({"Authorization": f"Bearer {_checked(api_key)}"} if api_key else {})
        self._patience = Patience(patience)
        self._has_answered = False
        self._http = httpx.Client(
            base_url=_address(self.url), headers=headers, timeout=httpx.Timeout(timeout, connect=_CONNECT_SECONDS)
        )

    def transcribe(self, recording: Recording, *, sampling_rate: float | None = None) -> Transcript:
        """The transcript of one recording, given as to `Transcriber.transcribe`.

        Raises `ApiUnreachable`, `ApiRefused` and `ApiBusy` where the API does not answer, does not accept the key, or
        stays busy, and an `AudioError` where it takes the recording for none.
        """
        model, outcome = self._asked("/asr", recording, sampling_rate, recognised_in)
        return Transcript(name_of(recording), model, outcome)

    def transcribe_many(
        self, recordings: Iterable[Recording], *, sampling_rate: float | None = None, progress: bool = False
    ) -> Iterator[Transcript]:
        """The transcripts of many recordings, in their order, as they come; see `Transcriber.transcribe_many`."""
        return self._many(recordings, sampling_rate, self.transcribe, Transcript, is_shown=progress)

    def tag(self, recording: Recording, *, sampling_rate: float | None = None) -> Emotion:
        """The emotion in the voice of one recording; raises what `transcribe` does."""
        model, outcome = self._asked("/ser", recording, sampling_rate, tagged_in)
        return Emotion(name_of(recording), model, outcome)

    def tag_many(
        self, recordings: Iterable[Recording], *, sampling_rate: float | None = None, progress: bool = False
    ) -> Iterator[Emotion]:
        """The emotions of many recordings, in their order, as they come; see `Transcriber.transcribe_many`."""
        return self._many(recordings, sampling_rate, self.tag, Emotion, is_shown=progress)

    def health(self) -> Health:
        """Which models the API has loaded, and whether it is ready; raises `ApiUnreachable` and `ApiRefused`."""
        answer = self._answer("GET", "/health")
        if answer.status_code in _LOCKED:
            raise self._refusal(answer)
        try:
            return health_of(answer.json())
        except (ValueError, KeyError, TypeError) as problem:
            raise ApiError(f"{self.url}: {_OTHER_VERSION}") from problem

    def close(self) -> None:
        """Close the connections; closing twice is once."""
        self._http.close()

    def _many(
        self,
        recordings: Iterable[Recording],
        sampling_rate: float | None,
        one: Callable[..., Result],
        failed: Callable[[str, str, HearsayError], Result],
        *,
        is_shown: bool,
    ) -> Iterator[Result]:
        def work(recording: Recording) -> Result:
            try:
                return one(recording, sampling_rate=sampling_rate if is_array(recording) else None)
            except (ApiUnreachable, ApiRefused, ApiBusy):  # it is not this recording that fails
                raise
            except HearsayError as problem:
                return failed(name_of(recording), "", problem)

        results = in_order(work, each(recordings), _AT_ONCE)
        return followed(results, count_of(recordings)) if is_shown else results

    def _asked(
        self,
        path: str,
        recording: Recording,
        sampling_rate: float | None,
        read: "Callable[[Mapping[str, Any]], tuple[str, Outcome]]",
    ) -> tuple[str, Outcome]:
        """The model's name and what is read in the answer to one recording."""
        answer = self._answer_in_the_end(path, _file_of(recording, sampling_rate))
        if answer.is_error:
            raise self._refusal(answer, name_of(recording))
        try:
            return read(answer.json())
        except (ValueError, KeyError, TypeError, BadRow) as problem:
            raise ApiError(f"{self.url}: {_OTHER_VERSION}") from problem

    def _answer_in_the_end(self, path: str, data: bytes) -> "httpx.Response":
        """The API's last word on a file: while it is busy or away it is asked again."""
        tries = Tries(self._patience)
        while True:
            try:
                answer = self._answer("POST", path, data)
                if answer.status_code not in _LATER:
                    return answer
                problem: ApiError = ApiBusy(f"{self.url} stays busy: {detail_of(answer)}")
                wanted = seconds_told(answer.headers.get("Retry-After", ""))
            except ApiUnreachable as away:
                if not self._has_answered:  # rather a wrong address than a restart
                    raise
                problem, wanted = away, 0.0
            try:
                pause = tries.seconds(str(problem), wanted)
            except GivenUp:
                raise problem from None
            time.sleep(pause)

    def _answer(self, method: str, path: str, data: bytes | None = None) -> "httpx.Response":
        import httpx

        try:
            answer = self._http.request(method, path, files=None if data is None else {"file": ("clip", data)})
        except httpx.RequestError as problem:
            advice = "is hearsay api running there, and is the address right?"
            raise ApiUnreachable(
                f"{self.url} does not answer ({problem or type(problem).__name__}); {advice}"
            ) from problem
        self._has_answered = True
        return answer

    def _refusal(self, answer: "httpx.Response", name: str = "") -> HearsayError:
        """The error that a refusal is."""
        detail = detail_of(answer)
        if answer.status_code in _LOCKED:
            return ApiRefused(f"{self.url} does not accept the key ({detail}); pass one that it knows as api_key")
        if kind := _REFUSALS.get(answer.status_code):
            return kind(f"{name}: {detail}")
        return ApiError(f"{self.url}: {detail}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.url!r})"


def _address(url: str) -> "httpx.URL":
    import httpx

    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as problem:
        raise BadArgument(f"{url} is no address ({problem}); write http://HOST:8001") from problem
    if address.scheme not in ("http", "https") or not address.host or address.userinfo:
        raise BadArgument("the address of an API is like http://HOST:8001; a key is passed as api_key")
    return address


def _checked(key: str) -> str:
    if not key.isascii() or not key.isprintable():
        raise BadArgument("api_key holds characters that no header can carry; take letters and digits")
    return key


def _file_of(recording: Recording, sampling_rate: float | None) -> bytes:
    """The bytes that are sent: an array goes as a WAV file, with its samples as they are."""
    check_rate(is_array(recording), sampling_rate)
    if not is_array(recording):
        return bytes_of(recording)
    with needing("asr", "Sending an array"):
        import numpy as np
        import soundfile

        samples = np.asarray(recording)
        file = io.BytesIO()
        try:
            soundfile.write(file, samples, int(sampling_rate or 0), format="WAV", subtype=_subtype(str(samples.dtype)))
        except (soundfile.LibsndfileError, TypeError, ValueError, KeyError) as problem:
            raise BadArgument(f"array: it cannot be sent as a WAV file: {problem}") from problem
    return file.getvalue()


def _subtype(kind: str) -> str:
    return {"int16": "PCM_16", "int32": "PCM_32", "float64": "DOUBLE"}.get(kind, "FLOAT")
