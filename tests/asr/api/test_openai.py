"""OpenAI's official client against a real server: its requests are accepted and it can parse the replies."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from asr.api.app import create_app
from asr.pipeline.assembly import Models
from asr.settings import AsrSettings
from tests.support.models import LengthSpeechModel, LoudnessEmotionModel, tone
from tests.support.serving import listening, server_of

KEY = "a key of this test"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A real server with the embedded models and a key."""
    settings = AsrSettings(asr_model="pocketsphinx", ser_model="classic", workers=1, api_keys=KEY, max_clip_seconds=30)
    with listening(create_app(settings)) as address:
        yield address


@pytest.fixture
def client(address: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{address}/v1", api_key=KEY, max_retries=0) as client:
        yield client


@pytest.fixture
def clip(samples: Path) -> Path:
    return samples / "sample-000000.mp3"


def test_the_text_equals_that_of_the_asr_endpoint(client: OpenAI, clip: Path, address: str):
    ours = httpx.post(
        f"{address}/asr",
        files={"file": clip.read_bytes()},
        headers={"Authorization": f"Bearer {KEY}"},
        timeout=200,
    ).json()
    theirs = client.audio.transcriptions.create(file=clip, model="whisper-1")
    assert theirs.text == ours["transcription"] != ""
    assert theirs.usage.type == "duration"
    assert theirs.usage.seconds - 1 < ours["seconds"] <= theirs.usage.seconds


def test_the_text_format_returns_the_text_and_a_newline(client: OpenAI, clip: Path):
    in_json = client.audio.transcriptions.create(file=clip, model="pocketsphinx", response_format="json")
    plain = client.audio.transcriptions.create(file=clip, model="pocketsphinx", response_format="text")
    assert plain == in_json.text + "\n"


def test_verbose_json_contains_segments_requested_words_and_the_emotion(client: OpenAI, clip: Path):
    whole = client.audio.transcriptions.create(
        file=clip, model="whisper-1", response_format="verbose_json", timestamp_granularities=["word", "segment"]
    )
    assert [word.word for word in whole.words] == whole.text.split()
    assert " ".join(segment.text for segment in whole.segments) == whole.text
    assert 0 <= whole.words[0].start < whole.words[-1].end <= whole.duration
    assert [segment.id for segment in whole.segments] == list(range(len(whole.segments)))
    assert all(segment.avg_logprob < 0 < segment.compression_ratio for segment in whole.segments)
    emotion = whole.model_extra["emotion"]
    assert (emotion["ser_model"], emotion["sentiment"]) == ("classic", "uncertain")


@pytest.mark.parametrize(
    ("requested", "expected"), [("word", (True, False)), ("segment", (False, True)), (None, (False, True))]
)
def test_only_the_requested_granularities_are_returned(
    client: OpenAI, clip: Path, requested: str | None, expected: tuple[bool, bool]
):
    wanted = {"timestamp_granularities": [requested]} if requested else {}
    found = client.audio.transcriptions.create(file=clip, model="whisper-1", response_format="verbose_json", **wanted)
    assert ("words" in found.model_fields_set, "segments" in found.model_fields_set) == expected


def test_subtitles_have_the_times_of_the_segments(client: OpenAI, clip: Path):
    def create(form: str) -> Any:
        return client.audio.transcriptions.create(file=clip, model="whisper-1", response_format=form)

    segments = create("verbose_json").segments
    srt, vtt = create("srt"), create("vtt")
    assert vtt.startswith("WEBVTT\n\n")
    assert srt.startswith("1\n00:00:0")
    for subtitles in (srt, vtt):
        times = re.findall(r"00:00:(\d\d)[,.](\d{3}) --> 00:00:(\d\d)[,.](\d{3})\n(.*)\n", subtitles)
        shown = [(int(a) + int(b) / 1000, int(c) + int(d) / 1000, text) for a, b, c, d, text in times]
        assert [
            (pytest.approx(one.start, abs=0.011), pytest.approx(one.end, abs=0.011), one.text) for one in segments
        ] == shown


def test_the_loaded_model_is_listed_under_both_names(client: OpenAI):
    assert [model.id for model in client.models.list()] == ["whisper-1", "pocketsphinx"]
    assert client.models.retrieve("pocketsphinx").owned_by == "hearsay"


def test_a_model_whose_name_has_a_slash_is_found(monkeypatch: pytest.MonkeyPatch):
    speech_model = LengthSpeechModel()
    speech_model.name = "facebook/wav2vec2-base-960h"
    models = Models(speech_model, LoudnessEmotionModel(), ())
    with server_of(models, monkeypatch) as address, OpenAI(base_url=f"{address}/v1", api_key="any") as client:
        assert client.models.retrieve("facebook/wav2vec2-base-960h").id == "facebook/wav2vec2-base-960h"


def test_an_unknown_model_is_not_found(client: OpenAI, clip: Path):
    with pytest.raises(openai.NotFoundError) as refused:
        client.audio.transcriptions.create(file=clip, model="whisper-9")
    assert (refused.value.code, refused.value.param) == ("model_not_found", "model")
    assert refused.value.request_id
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("whisper-9")


def test_a_wrong_key_raises_an_authentication_error(address: str):
    with (
        OpenAI(base_url=f"{address}/v1", api_key="another", max_retries=0) as client,
        pytest.raises(openai.AuthenticationError) as refused,
    ):
        client.models.list()
    assert refused.value.code == "invalid_api_key"


@pytest.mark.parametrize(
    ("data", "error", "status"),
    [
        (b"no sound at all", openai.BadRequestError, 400),
        (tone(8000 * 31, rate=8000), openai.APIStatusError, 413),
    ],
    ids=["not audio", "too long"],
)
def test_a_file_that_cannot_be_transcribed_raises_an_error_with_a_message(
    client: OpenAI, data: bytes, error: type[openai.APIStatusError], status: int
):
    with pytest.raises(error) as refused:
        client.audio.transcriptions.create(file=("clip.wav", data), model="whisper-1")
    assert refused.value.status_code == status
    assert refused.value.body["message"].startswith("Th")


@pytest.mark.parametrize(
    ("option", "param"),
    [
        ({"stream": True, "response_format": "srt"}, "stream"),
        ({"stream": True, "response_format": "verbose_json"}, "stream"),
        ({"response_format": "json", "timestamp_granularities": ["word"]}, "timestamp_granularities[]"),
        ({"response_format": "verbose_json", "timestamp_granularities": ["letter"]}, "timestamp_granularities[]"),
        ({"response_format": "diarized_json"}, "response_format"),
        ({"temperature": 2}, "temperature"),
    ],
)
def test_an_unsupported_option_is_rejected_by_name(client: OpenAI, clip: Path, option: dict[str, object], param: str):
    with pytest.raises(openai.BadRequestError) as refused:
        client.audio.transcriptions.create(file=clip, model="whisper-1", **option)
    assert refused.value.param == param


def test_ignored_hints_are_accepted_and_listed_in_a_header(client: OpenAI, clip: Path):
    for form in ("verbose_json", "text"):
        answer = client.audio.transcriptions.with_raw_response.create(
            file=clip, model="whisper-1", language="en", prompt="names", temperature=0.2, response_format=form
        )
        assert answer.headers["X-Ignored-Fields"] == "language, prompt, temperature"
    plain = client.audio.transcriptions.with_raw_response.create(file=clip, model="whisper-1")
    assert "X-Ignored-Fields" not in plain.headers


def test_the_language_of_a_reply_is_not_copied_from_the_request(client: OpenAI, clip: Path):
    for option in ({}, {"language": "de"}):
        transcription = client.audio.transcriptions.create(
            file=clip, model="whisper-1", response_format="verbose_json", **option
        )
        assert transcription.language == "unknown"
