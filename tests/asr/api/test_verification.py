"""``POST /verify`` with Whisper's published weights, over HTTP and through the client."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

import hearsay
from asr.api.app import create_app
from asr.api.verification import MOST_CHARACTERS, MOST_TEXTS
from asr.audio.decoding import decode_audio
from asr.audio.vad import detect_speech
from asr.pipeline.assembly import Models
from asr.settings import AsrSettings
from asr.speech.whisper import WhisperSpeechModel
from asr.types import SAMPLE_RATE
from tests.asr.api.test_openapi import API
from tests.support.models import LoudnessEmotionModel, tone
from tests.support.serving import TIMEOUT, client_of, server_of, small_models
from tests.support.weights import published_weights

WRONG = "The blacksmith put down his hamper and smiled."
SAID = "The blacksmith put down his hammer and smiled."


@pytest.fixture(scope="module")
def model() -> WhisperSpeechModel:
    weights = published_weights("whisper-tiny.en")
    return WhisperSpeechModel(weights.folder, "whisper-tiny.en", weights.digest, workers=1)


@pytest.fixture(scope="module")
def address(model: WhisperSpeechModel) -> Iterator[str]:
    with (
        pytest.MonkeyPatch.context() as patched,
        server_of(Models(model, LoudnessEmotionModel(), ()), patched, api_keys="right", max_clip_seconds=60) as there,
    ):
        yield there


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[hearsay.Client]:
    with hearsay.Client(address, api_key="right") as opened:
        yield opened


@pytest.fixture
def clip(samples: Path) -> Path:
    return samples / "sample-000000.mp3"


def posted(address: str, clip: Path | bytes, **fields: str | list[str]) -> httpx.Response:
    data = clip if isinstance(clip, bytes) else clip.read_bytes()
    form = {"transcript": WRONG, "texts": [SAID]} | fields
    headers = {"Authorization": "Bearer right"}
    return httpx.post(f"{address}/verify", files={"file": ("clip", data)}, data=form, headers=headers, timeout=TIMEOUT)


def test_the_scores_equal_those_of_the_same_local_model_in_order(
    client: hearsay.Client, model: WhisperSpeechModel, clip: Path
):
    texts = [SAID, WRONG.replace("smiled", "whined"), SAID.replace("smiled", "whined")]
    found = client.score_texts(clip, WRONG, texts)
    assert found == model.scorer().score(detect_speech(decode_audio(clip.read_bytes(), 60)), WRONG, texts)
    assert found.model == "whisper-tiny.en"
    said, whined, both = found.texts
    assert said.difference > 0 > whined.difference
    assert said.placed.mean > both.placed.mean > whined.placed.mean


def test_the_reply_conforms_to_the_document(address: str, clip: Path, model: WhisperSpeechModel):
    reply = posted(address, clip, texts=[SAID, WRONG.replace("his", "his own")])
    assert reply.status_code == 200
    body = reply.json()
    assert (body["asr_model"], body["asr_weights"]) == (model.name, model.weights)
    assert [text["replaced"] is None for text in body["texts"]] == [False, True]
    reply.request.read()
    API["/verify"]["POST"].validate_response(reply)


def test_a_stretch_of_a_longer_recording_scores_as_if_it_were_alone(client: hearsay.Client, clip: Path):
    import numpy as np

    alone = decode_audio(clip.read_bytes(), 60)
    noise = np.zeros(20 * SAMPLE_RATE, np.float32)
    joined = np.concatenate([noise, alone, noise])
    start, end = 20.0, 20.0 + len(alone) / SAMPLE_RATE
    (found,) = client.score_texts(joined, WRONG, [SAID], start=start, end=end, sampling_rate=SAMPLE_RATE).texts
    (expected,) = client.score_texts(clip, WRONG, [SAID]).texts
    assert found.difference == pytest.approx(expected.difference, abs=0.2)
    with pytest.raises(hearsay.BadArgument, match="longer than 30 s"):
        client.score_texts(joined, WRONG, [SAID], sampling_rate=SAMPLE_RATE)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"texts": [WRONG]}, "lacks there"),
        ({"texts": [SAID] * (MOST_TEXTS + 1)}, "at most 10"),
        ({"texts": []}, "texts"),
        ({"texts": ["word " * MOST_CHARACTERS]}, "at most 2000"),
        ({"transcript": "he put it he put it he put it"}, "repetition loop"),
        ({"start": "30"}, "there is nothing"),
        ({"start": "2", "end": "1"}, "there is nothing"),
        ({"start": "nan"}, "finite"),
    ],
    ids=["equal", "many", "none", "long", "loop", "outside", "backwards", "nan"],
)
def test_a_request_that_cannot_be_answered_is_refused_with_the_reason(
    address: str, clip: Path, fields: dict[str, str | list[str]], says: str
):
    reply = posted(address, clip, **fields)
    assert (reply.status_code, reply.headers["content-type"]) == (422, "application/problem+json")
    assert says in reply.json()["detail"]


def test_what_is_not_audio_and_a_second_file_are_refused(address: str, client: hearsay.Client):
    assert posted(address, b"no sound at all " * 50).status_code == 415
    with pytest.raises(hearsay.NotAudio):
        client.score_texts(b"no sound at all " * 50, WRONG, [SAID])
    files = [("file", ("a", tone(800))), ("file", ("b", tone(800)))]
    form = {"transcript": WRONG, "texts": [SAID]}
    headers = {"Authorization": "Bearer right"}
    twice = httpx.post(f"{address}/verify", files=files, data=form, headers=headers, timeout=TIMEOUT)
    assert (twice.status_code, "more than once" in twice.json()["detail"]) == (422, True)


def test_requests_at_the_same_time_are_answered_one_after_the_other_and_timed(
    address: str, client: hearsay.Client, clip: Path
):
    def count() -> float:
        page = httpx.get(f"{address}/metrics", headers={"Authorization": "Bearer right"}).text
        lines = (line.rpartition(" ") for line in page.splitlines())
        return sum(float(value) for name, _, value in lines if name == 'hearsay_stage_seconds_count{stage="verify"}')

    before = count()
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: client.score_texts(clip, WRONG, [SAID]), range(4)))
    assert len(set(replies)) == 1
    assert count() == before + 4


def test_a_model_that_does_not_score_texts_says_so(monkeypatch: pytest.MonkeyPatch, clip: Path):
    with client_of(small_models(), monkeypatch) as client:
        reply = client.post("/verify", files={"file": tone(8000)}, data={"transcript": WRONG, "texts": SAID})
    assert reply.status_code == 422
    assert "The speech model length cannot score texts" in reply.json()["detail"]


def test_an_api_without_keys_documents_the_route():
    operation = create_app(AsrSettings()).openapi()["paths"]["/verify"]["post"]
    assert set(operation["responses"]) >= {"200", "401", "413", "415", "422", "429", "503"}
