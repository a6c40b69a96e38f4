"""The API over HTTP from Python: the same methods and results as with models on this machine."""

import io
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from hearsay.errors import (
    ApiBusy,
    ApiError,
    ApiRefused,
    ApiUnreachable,
    AudioError,
    AudioTooLong,
    BadArgument,
    EmptyAudio,
    HearsayError,
    NotAudio,
)
from hearsay.extras import needing
from hearsay.http.replies import UNEXPECTED, Health, detail_of, health_of, recognised_in, tagged_in, text_scores_in
from hearsay.in_order import in_order
from hearsay.results.emotion import Emotion
from hearsay.results.recordings import Recording, bytes_of, check_rate, each, is_array, name_of
from hearsay.results.text_scores import TextScores
from hearsay.results.transcript import Transcript
from hearsay.terminal.progress import count_of, followed

if TYPE_CHECKING:
    import httpx

Outcome = TypeVar("Outcome")
T = TypeVar("T")

_AT_ONCE: Final = 8
"""Recordings that are sent at the same time."""

_CONNECT_SECONDS: Final = 10.0

_REFUSALS: Final[Mapping[int, type[AudioError]]] = {413: AudioTooLong, 415: NotAudio, 422: EmptyAudio}

_UNPROCESSABLE: Final = 422

_OTHER_VERSION: Final = "the reply cannot be read; check that the address is that of Hearsay's API, in the same version"


class Client:
    """An API at an address, with the methods of `Transcriber` and `EmotionTagger`; threads may share it.

    ``api_key`` is sent with each request if it is given. ``timeout`` is the time limit for one recording, in seconds.
    An API that is busy, is still loading its models or restarts is retried for ``retry_seconds``; ``patience`` is the
    former name of that argument.
    """

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        *,
        timeout: float = 600.0,
        retry_seconds: float = 60.0,
        patience: float | None = None,
    ) -> None:
        with needing("asr", "A client of the API"):
            import httpx

            from hearsay.http.connection import UNAUTHORIZED, ApiConnection, BearerAuth
            from hearsay.http.retry import RetryPolicy
        self.url = url.rstrip("/")
        self._policy = RetryPolicy(retry_seconds if patience is None else patience)
        self._unauthorized = UNAUTHORIZED
        auth = BearerAuth(api_key) if api_key else None
        self._connection = ApiConnection(self.url, auth, httpx.Timeout(timeout, connect=_CONNECT_SECONDS))

    def transcribe(self, recording: Recording, *, sampling_rate: float | None = None) -> Transcript:
        """The transcript of one recording; arguments are as in `Transcriber.transcribe`.

        Raises `ApiUnreachable`, `ApiRefused` or `ApiBusy` if the API does not respond, does not accept the key, or
        stays busy, and an `AudioError` if the API cannot read the recording as audio.
        """
        model, outcome = self._outcome_of("/asr", recording, sampling_rate, recognised_in)
        return Transcript(name_of(recording), model, outcome)

    def transcribe_many(
        self, recordings: Iterable[Recording], *, sampling_rate: float | None = None, progress: bool = False
    ) -> Iterator[Transcript]:
        """The transcripts of many recordings, in their order, as they come; see `Transcriber.transcribe_many`."""
        return self._many(recordings, sampling_rate, self.transcribe, Transcript, is_shown=progress)

    def tag(self, recording: Recording, *, sampling_rate: float | None = None) -> Emotion:
        """The emotion in the voice of one recording; raises what `transcribe` does."""
        model, outcome = self._outcome_of("/ser", recording, sampling_rate, tagged_in)
        return Emotion(name_of(recording), model, outcome)

    def tag_many(
        self, recordings: Iterable[Recording], *, sampling_rate: float | None = None, progress: bool = False
    ) -> Iterator[Emotion]:
        """The emotions of many recordings, in their order, as they come; see `Transcriber.transcribe_many`."""
        return self._many(recordings, sampling_rate, self.tag, Emotion, is_shown=progress)

    def score_texts(
        self,
        recording: Recording,
        transcript: str,
        texts: Sequence[str],
        *,
        start: float = 0.0,
        end: float | None = None,
        sampling_rate: float | None = None,
    ) -> TextScores:
        """How probable the API's speech model finds each of up to ten texts, compared with the transcript.

        The texts are the transcript with other words in some place. Both are of the stretch from ``start`` to ``end``
        in seconds, at most 30 s; by default the whole recording. Raises what `transcribe` does, and `BadArgument` if
        the API cannot score these texts against this audio.
        """
        fields: dict[str, str | list[str]] = {"transcript": transcript, "texts": list(texts), "start": repr(start)}
        if end is not None:
            fields["end"] = repr(end)
        audio = _file_of(recording, sampling_rate)
        response = self._answer(self._connection.post_audio("/verify", audio, self._policy, fields=fields))
        if response.status_code == _UNPROCESSABLE:
            raise BadArgument(f"{name_of(recording)}: {detail_of(response)}")
        if response.is_error:
            raise self._refusal(response, name_of(recording))
        return self._read(response, text_scores_in)

    def health(self) -> Health:
        """Which models the API has loaded, and whether it is ready; raises `ApiUnreachable` and `ApiRefused`."""
        response = self._answer(self._connection.request("GET", "/health"))
        if response.status_code in self._unauthorized:
            raise self._refusal(response)
        return self._read(response, health_of)

    def close(self) -> None:
        """Close the connections; calling it again has no effect."""
        self._connection.close()

    def _many(
        self,
        recordings: Iterable[Recording],
        sampling_rate: float | None,
        one: Callable[..., T],
        failed: Callable[[str, str, HearsayError], T],
        *,
        is_shown: bool,
    ) -> Iterator[T]:
        def work(recording: Recording) -> T:
            try:
                return one(recording, sampling_rate=sampling_rate if is_array(recording) else None)
            except (ApiUnreachable, ApiRefused, ApiBusy):  # the API fails, not this recording
                raise
            except HearsayError as problem:
                return failed(name_of(recording), "", problem)

        results = in_order(work, each(recordings), _AT_ONCE)
        return followed(results, count_of(recordings)) if is_shown else results

    def _outcome_of(
        self,
        path: str,
        recording: Recording,
        sampling_rate: float | None,
        read: "Callable[[Mapping[str, Any]], tuple[str, Outcome]]",
    ) -> tuple[str, Outcome]:
        """The model's name, and the output in the reply for one recording."""
        audio = _file_of(recording, sampling_rate)
        response = self._answer(self._connection.post_audio(path, audio, self._policy))
        if response.is_error:
            raise self._refusal(response, name_of(recording))
        return self._read(response, read)

    def _answer(self, request: "Coroutine[Any, Any, httpx.Response]") -> "httpx.Response":
        from hearsay.http.retry import TemporaryFailure

        began = monotonic()
        try:
            return self._connection.run(request)
        except TemporaryFailure as failure:
            if failure.is_unreachable:
                advice = "check the address, and that hearsay api is running there"
                raise ApiUnreachable(f"{self.url} does not respond ({failure}); {advice}") from failure
            waited = f"{monotonic() - began:.0f} s"
            raise ApiBusy(f"{self.url} is still busy after {waited}: {failure}; try again later") from failure

    def _read(self, response: "httpx.Response", read: "Callable[[Any], T]") -> T:
        try:
            return read(response.json())
        except UNEXPECTED as problem:
            raise ApiError(f"{self.url}: {_OTHER_VERSION}") from problem

    def _refusal(self, response: "httpx.Response", name: str = "") -> HearsayError:
        """The error for a rejected request."""
        detail = detail_of(response)
        if response.status_code in self._unauthorized:
            return ApiRefused(f"{self.url} does not accept the key ({detail}); pass one that it knows as api_key")
        if kind := _REFUSALS.get(response.status_code):
            return kind(f"{name}: {detail}")
        return ApiError(f"{self.url}: {detail}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.url!r})"


def _file_of(recording: Recording, sampling_rate: float | None) -> bytes:
    """The bytes that are sent: an array is sent as a WAV file with unchanged samples."""
    check_rate(is_array(recording), sampling_rate)
    if not is_array(recording):
        return bytes_of(recording)
    with needing("asr", "Sending an array"):
        import numpy as np
        import soundfile

        samples = np.asarray(recording)
        file = io.BytesIO()
        try:
            soundfile.write(
                file,
                samples,
                int(sampling_rate or 0),
                format="WAV",
                subtype={"int16": "PCM_16", "int32": "PCM_32", "float64": "DOUBLE"}.get(str(samples.dtype), "FLOAT"),
            )
        except (soundfile.LibsndfileError, TypeError, ValueError, KeyError) as problem:
            raise BadArgument(f"array: it cannot be sent as a WAV file: {problem}") from problem
    return file.getvalue()
