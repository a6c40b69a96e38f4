"""The page's client with a real API: records and errors of all its replies."""

from collections.abc import Iterator

import httpx
import pytest

from hearsay.errors import ApiBusy, ApiUnreachable
from search_ui.errors import TranscriptionRefused
from search_ui.transcribe.api_client import PageApiClient, record_of
from tests.support.api_server import FakeApi, reply_to
from tests.support.models import tone
from tests.support.serving import server_of, small_models


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patched, server_of(small_models(), patched, api_keys="key") as found:
        yield found


@pytest.fixture(autouse=True)
def _long_time_to_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take longer to report whether the API is ready."""
    monkeypatch.setattr("search_ui.transcribe.api_client.CONNECT_SECONDS", 100.0)


def test_a_reply_of_the_api_becomes_a_record(address: str) -> None:
    api = PageApiClient(address, "key", 100)
    assert api.is_ready()
    row = api.transcribe("inbox/tone.wav", tone(16000, peak=0.9), pytest.fail)

    assert (row.id, row.generated_text, row.duration, row.emotion) == ("inbox/tone.wav", "16000", 1.0, "angry")
    assert (row.asr_model, row.ser_model, row.words[0].text) == ("length", "loudness", "16000")
    assert row.decoded_at.endswith("+00:00")


def test_a_file_that_is_not_audio_is_rejected_with_advice(address: str) -> None:
    with pytest.raises(TranscriptionRefused, match=r"The file is not audio.*send one of these formats: WAV"):
        PageApiClient(address, "key", 100).transcribe("notes.mp3", b"notes", pytest.fail)


def test_a_rejected_key_is_reported_with_its_setting(address: str) -> None:
    with pytest.raises(TranscriptionRefused, match="Set API_KEY"):
        PageApiClient(address, "another", 100).transcribe("tone.wav", tone(1600), pytest.fail)


@pytest.mark.parametrize(
    ("address", "key"),
    [("http://127.0.0.1:1", ""), ("nonsense", ""), ("http://[::1", ""), ("http://a..b/", ""), ("http://a/", "clé")],
)  # without host names, because some name servers resolve names that do not exist
def test_an_api_that_does_not_respond_is_unreachable(address: str, key: str) -> None:
    api = PageApiClient(address, key, 5)
    for call in (api.is_ready, lambda: api.transcribe("tone.wav", b"", pytest.fail)):
        with pytest.raises(ApiUnreachable, match="does not respond"):
            call()


def test_requests_to_a_busy_api_are_repeated_and_the_reason_is_passed_on() -> None:
    notes: list[str] = []
    with FakeApi() as busy:
        busy.replies = [(429, {"Retry-After": "1"}, {"detail": "Too much waits."}), (503, {"Retry-After": "1"}, {})]
        row = PageApiClient(busy.address, "", 100).transcribe("a.wav", b"sound", notes.append)

    assert (row.generated_text, row.duration) == ("5", 1.23)
    assert notes == ["Too much waits.", "503 Service Unavailable"]
    assert busy.received == [b"sound"] * 3
    assert "Authorization" not in busy.headers[0]


def test_requests_to_an_api_that_remains_busy_fail_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search_ui.transcribe.api_client.RETRY_SECONDS", 0.0)
    with FakeApi() as busy:
        busy.replies = [(429, {}, {"detail": "Too much waits."})]
        with pytest.raises(ApiBusy, match=r"Too much waits\. Retried for 0 s"):
            PageApiClient(busy.address, "", 100).transcribe("a.wav", b"sound", pytest.fail)


def test_a_closed_connection_is_unreachable_and_a_loading_api_is_not_ready() -> None:
    with FakeApi() as fake_api:
        fake_api.replies = [None]
        fake_api.health = [(503, {}, {})]
        api = PageApiClient(fake_api.address, "", 100)
        with pytest.raises(ApiUnreachable):
            api.transcribe("a.wav", b"sound", pytest.fail)
        assert not api.is_ready()


def test_an_invalid_reply_is_reported() -> None:
    for answer in (httpx.Response(200, text="hello"), httpx.Response(200, json=reply_to(b"sound") | {"words": 7})):
        with pytest.raises(TranscriptionRefused, match="Check that API_URL"):
            record_of(answer, "a.wav")


def test_an_internal_error_of_the_api_is_temporary() -> None:
    with pytest.raises(ApiBusy, match="500 Internal Server Error"):
        record_of(httpx.Response(500, text="oops"), "a.wav")
