"""The API over HTTP from Python: responses of a real server and of a faulty one."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import hearsay
from asr.api.app import create_app
from asr.audio.decoding import decode_audio
from asr.settings import AsrSettings
from asr.types import SAMPLE_RATE
from tests.support.api_server import FakeApi
from tests.support.ports import free_port
from tests.support.serving import listening

SENTENCE = "the blacksmith put down his hammer and smiled"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A real API with the embedded models that accepts one key."""
    settings = AsrSettings(
        asr_model="pocketsphinx", ser_model="classic", workers=1, max_clip_seconds=10, api_keys="right"
    )
    with listening(create_app(settings)) as there:
        yield there


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[hearsay.Client]:
    with hearsay.Client(address, api_key="right") as opened:
        yield opened


@pytest.fixture
def clip(samples: Path) -> Path:
    return samples / "sample-000000.mp3"


@pytest.fixture
def fake_api() -> Iterator[FakeApi]:
    with FakeApi() as there:
        yield there


def test_health_names_the_models(client: hearsay.Client):
    health = client.health()
    assert (health.status, health.is_ready) == ("ready", True)
    assert (health.asr_model, health.ser_model, health.device) == ("pocketsphinx", "classic", "cpu")
    assert health.warnings == ()


def test_a_transcript_equals_that_of_the_same_local_model(client: hearsay.Client, clip: Path):
    with hearsay.load_transcriber("pocketsphinx", workers=1) as transcriber:
        assert client.transcribe(clip) == transcriber.transcribe(clip)
    assert client.transcribe(clip).text == SENTENCE


def test_an_emotion_equals_that_of_the_same_local_model(client: hearsay.Client, clip: Path):
    here, there = hearsay.load_emotion_model("classic").tag(clip), client.tag(clip)
    assert (there.label, there.probability, there.sentiment) == (here.label, here.probability, here.sentiment)
    assert (there.probabilities, there.model) == (here.probabilities, here.model)
    assert there.duration == pytest.approx(here.duration, abs=0.06)


def test_files_and_arrays_give_the_same_transcript(client: hearsay.Client, clip: Path):
    by_path = client.transcribe(clip).outcome
    assert client.transcribe(io.BytesIO(clip.read_bytes())).outcome == by_path
    waveform = decode_audio(clip.read_bytes(), 60)
    assert client.transcribe(waveform, sampling_rate=SAMPLE_RATE).outcome == by_path
    whole = np.round(waveform * 32767).astype(np.int16)
    assert client.transcribe(whole, sampling_rate=SAMPLE_RATE).text == SENTENCE


def test_recordings_are_returned_in_order_and_an_error_does_not_stop_the_others(
    client: hearsay.Client, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    named = [clip, b"no sound", tmp_path / "gone.mp3", np.zeros(0, np.float32), clip]
    found = list(client.transcribe_many(named, sampling_rate=SAMPLE_RATE, progress=True))
    kinds = [type(None), hearsay.NotAudio, hearsay.NoAudio, hearsay.EmptyAudio, type(None)]
    assert [type(one.error) for one in found] == kinds
    assert [one.text for one in found if one.error is None] == [SENTENCE] * 2
    assert "5 of 5 recordings" in capsys.readouterr().err
    assert [type(one.error) for one in client.tag_many(named[:2])] == kinds[:2]


def test_an_overlong_recording_is_rejected_by_name(client: hearsay.Client):
    with pytest.raises(hearsay.AudioTooLong, match=r"array: The audio is longer than 10 seconds"):
        client.transcribe(np.zeros(11 * SAMPLE_RATE, np.float32), sampling_rate=SAMPLE_RATE)


def test_a_wrong_key_is_rejected_with_advice(address: str, clip: Path):
    with (
        hearsay.Client(address, api_key="wrong") as unauthorised,
        pytest.raises(hearsay.ApiRefused, match=r"does not accept the key .*; pass one that it knows as api_key"),
    ):
        unauthorised.transcribe(clip)


def test_a_missing_key_ends_the_iteration(address: str, clip: Path):
    with hearsay.Client(address) as unauthorised, pytest.raises(hearsay.ApiRefused):
        list(unauthorised.transcribe_many([clip, clip]))


def test_an_unreachable_address_fails_immediately(clip: Path):
    with (
        hearsay.Client(f"http://127.0.0.1:{free_port()}", retry_seconds=3600) as client,
        pytest.raises(
            hearsay.ApiUnreachable, match=r"does not respond .*check the address, and that hearsay api is running there"
        ),
    ):
        client.transcribe(clip)


@pytest.mark.parametrize("url", ["gpu:8001", "ftp://gpu", "http://", "http://user:secret@gpu", "http://[::1"])
def test_an_invalid_address_is_an_error(url: str):
    with pytest.raises(hearsay.BadArgument, match="address") as problem:
        hearsay.Client(url)
    assert "secret" not in str(problem.value)


def test_a_busy_api_is_retried_after_the_requested_delay(fake_api: FakeApi):
    fake_api.replies = [(429, {"Retry-After": "0"}, {"detail": "busy"}), (503, {}, {"detail": "loading"})]
    with hearsay.Client(fake_api.address) as client:
        assert client.transcribe(b"four").text == "4"
    assert len(fake_api.received) == 3


@pytest.mark.parametrize("name", ["retry_seconds", "patience"])  # patience is the name in version 0.2
def test_an_api_that_stays_busy_is_an_error_after_the_retry_time(fake_api: FakeApi, name: str):
    fake_api.replies = [(429, {"Retry-After": "7"}, {"detail": "too much waits"})]
    with (
        hearsay.Client(fake_api.address, **{name: 1.0}) as client,
        pytest.raises(hearsay.ApiBusy, match=r"is still busy after \d+ s: too much waits.*; try again later"),
    ):
        client.transcribe(b"four")


def test_a_lost_connection_is_retried(fake_api: FakeApi):
    with hearsay.Client(fake_api.address) as client:
        client.health()
        fake_api.replies = [None]
        assert client.transcribe(b"four").text == "4"


def test_an_internal_server_error_affects_only_its_recording(fake_api: FakeApi):
    fake_api.replies = [(500, {}, {"detail": "a fault"})]
    with hearsay.Client(fake_api.address) as client:
        first, second = client.transcribe_many(iter([b"four", b"fives"]))
    failed, succeeded = (first, second) if first.error else (second, first)
    assert type(failed.error) is hearsay.ApiError
    assert "a fault" in str(failed.error)
    assert succeeded.error is None


@pytest.mark.parametrize("body", [{}, [], "pong", {"transcription": 3}])
def test_an_unexpected_reply_is_an_error(fake_api: FakeApi, body: object):
    fake_api.replies = [(200, {}, body)]
    fake_api.health = [(200, {}, body)]
    with hearsay.Client(fake_api.address) as client:
        with pytest.raises(hearsay.ApiError, match="the reply cannot be read"):
            client.transcribe(b"four")
        with pytest.raises(hearsay.ApiError, match="the reply cannot be read"):
            client.health()


def test_a_key_that_is_not_valid_in_a_header_is_rejected():
    with pytest.raises(hearsay.BadArgument, match="api_key contains characters"):
        hearsay.Client("http://127.0.0.1:8001", api_key="schlüssel")


def test_the_client_sends_its_user_agent(fake_api: FakeApi):
    with hearsay.Client(fake_api.address, api_key="k") as client:
        client.transcribe(b"four")
    headers = {name.lower(): value for name, value in fake_api.headers[0].items()}
    assert headers["user-agent"] == f"hearsay/{hearsay.__version__}"
    assert headers["authorization"] == "Bearer k"
