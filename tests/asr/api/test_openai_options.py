"""Options of OpenAI's client: they are passed to the model, rejected, or listed as ignored."""

from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from asr.pipeline.assembly import Models
from asr.types import NO_OPTIONS, DecodingOptions, SpeechModel
from tests.support.models import LengthSpeechModel, LoudnessEmotionModel, OptionsSpeechModel, tone
from tests.support.serving import TIMEOUT, server_of

CLIP = ("clip.wav", tone(16_000))


@pytest.fixture
def model() -> OptionsSpeechModel:
    return OptionsSpeechModel()


@pytest.fixture
def client(model: OptionsSpeechModel, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAI]:
    yield from client_with(model, monkeypatch)


def client_with(model: SpeechModel, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAI]:
    models = Models(model, LoudnessEmotionModel(), ())
    with (
        server_of(models, monkeypatch) as address,
        OpenAI(base_url=f"{address}/v1", api_key="any", max_retries=0) as client,
    ):
        yield client


def transcribed(client: OpenAI, **options: Any) -> Any:
    """The raw reply to a transcription of a clip."""
    return client.audio.transcriptions.with_raw_response.create(file=CLIP, model="whisper-1", **options)


def translated(client: OpenAI, **options: Any) -> Any:
    """The raw reply to a translation of a clip."""
    with pytest.warns(DeprecationWarning, match="deprecated"):  # OpenAI has deprecated the route
        return client.audio.translations.with_raw_response.create(file=CLIP, model="whisper-1", **options)


def test_without_options_the_model_uses_its_defaults(client: OpenAI, model: OptionsSpeechModel):
    reply = transcribed(client)
    assert (model.read, reply.parse().text, "X-Ignored-Fields" in reply.headers) == ([NO_OPTIONS], "16000", False)


@pytest.mark.parametrize(
    ("options", "read"),
    [
        ({"language": "de"}, DecodingOptions(language="de")),
        ({"language": "German"}, DecodingOptions(language="de")),
        ({"language": "auto"}, DecodingOptions(language="auto")),
        ({"prompt": " Dr Müller says "}, DecodingOptions(prompt="Dr Müller says")),
        ({"temperature": 0.4}, DecodingOptions(temperature=0.4)),
        (
            {"extra_body": {"hotwords": "Müller, Ada  Lovelace,,Müller"}},
            DecodingOptions(hotwords=("Müller", "Ada  Lovelace")),
        ),
        ({"extra_body": {"hotwords": ["Müller", "Ada"]}}, DecodingOptions(hotwords=("Müller", "Ada"))),
        ({"keywords": ["Müller", "Ada"]}, DecodingOptions(hotwords=("Müller", "Ada"))),
    ],
)
def test_options_are_passed_to_the_model(
    client: OpenAI, model: OptionsSpeechModel, options: dict[str, Any], read: DecodingOptions
):
    reply = transcribed(client, **options)
    assert model.read == [read]
    assert "X-Ignored-Fields" not in reply.headers


def test_a_repeated_field_gives_several_hotwords(client: OpenAI, model: OptionsSpeechModel):
    form = {"model": "whisper-1", "hotwords": ["Ada", "Grace, Alan"]}
    reply = httpx.post(f"{client.base_url}audio/transcriptions", data=form, files={"file": CLIP}, timeout=TIMEOUT)
    assert reply.json()["text"] == "16000"
    assert model.read == [DecodingOptions(hotwords=("Ada", "Grace", "Alan"))]


def test_an_unsupported_language_is_rejected(client: OpenAI, model: OptionsSpeechModel):
    for language, message in (
        ("fr", "does not support French"),
        ("klingon", "klingon is not a language that Whisper supports"),
    ):
        with pytest.raises(openai.BadRequestError, match=message) as rejected:
            transcribed(client, language=language)
        assert (rejected.value.param, rejected.value.code) == ("language", "unsupported_language")
    assert model.read == []


def test_too_many_hotwords_are_rejected_and_a_long_prompt_is_truncated(client: OpenAI, model: OptionsSpeechModel):
    words = ["word"] * model.most_tokens
    transcribed(client, prompt=" ".join([*words, "more"]))
    transcribed(client, keywords=[f"word{number}" for number in range(len(words))])
    with pytest.raises(openai.BadRequestError, match="exceed the limit of options by 1 tokens") as rejected:
        transcribed(client, keywords=[f"word{number}" for number in range(len(words))], prompt="more")
    assert (rejected.value.param, len(model.read)) == ("hotwords", 2)


def test_an_english_only_model_rejects_other_languages(monkeypatch: pytest.MonkeyPatch):
    for client in client_with(OptionsSpeechModel(("en",)), monkeypatch):
        assert transcribed(client, language="english").parse().text == "16000"
        with pytest.raises(
            openai.BadRequestError, match=r"only English; the requested language is German\. Omit language"
        ):
            transcribed(client, language="de")


def test_ignored_fields_are_listed_in_a_header(client: OpenAI):
    reply = transcribed(
        client, prompt="x", include=["logprobs"], chunking_strategy="auto", extra_body={"Ünknown, field": "1"}
    )
    ignored = reply.headers["X-Ignored-Fields"].split(", ")
    assert sorted(ignored) == ["%C3%9Cnknown%2C%20field", "chunking_strategy", "include[]"]


def test_a_model_without_options_ignores_all_of_them(monkeypatch: pytest.MonkeyPatch):
    for client in client_with(LengthSpeechModel(), monkeypatch):
        reply = transcribed(client, language="klingon", prompt="p", temperature=0.5, keywords=["Ada"])
        assert reply.headers["X-Ignored-Fields"] == "language, prompt, hotwords, temperature"
        assert reply.parse().text == "16000"


def test_verbose_json_names_the_language_of_the_transcript_and_the_temperature(client: OpenAI):
    for options, language in (({}, "german"), ({"language": "en"}, "english")):
        reply = transcribed(client, response_format="verbose_json", temperature=0.2, **options).parse()
        assert (reply.language, reply.model_extra["task"]) == (language, "transcribe")
        assert [segment.temperature for segment in reply.segments] == [0.2]


def test_a_translation_detects_the_language_unless_it_is_given(client: OpenAI, model: OptionsSpeechModel):
    reply = translated(client, prompt="Ada", extra_body={"stream": True})
    assert reply.parse().text == "16000"
    assert reply.headers["X-Ignored-Fields"] == "stream"
    translated(client, extra_body={"language": "de"})
    assert model.read == [
        DecodingOptions(language="auto", prompt="Ada", task="translate"),
        DecodingOptions(language="de", task="translate"),
    ]


def test_the_language_of_a_translation_is_english(client: OpenAI):
    reply = translated(client, response_format="verbose_json").parse()
    assert (reply.language, reply.model_extra["task"], reply.duration) == ("english", "translate", 1.0)
    assert [segment.text for segment in reply.segments] == ["16000"]
    assert "words" not in reply.model_extra


def test_a_translation_has_the_formats_of_a_transcript(client: OpenAI):
    assert translated(client, response_format="text").parse() == "16000\n"
    assert translated(client, response_format="srt").parse().startswith("1\n00:00:00,000 --> 00:00:01,000\n16000")
    assert (
        translated(client, response_format="vtt").parse().startswith("WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n16000")
    )


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (OptionsSpeechModel(("en",)), "The model options supports only English, so it does not translate; run the API"),
        (LengthSpeechModel(), "The model length does not translate; run the API"),
    ],
    ids=["English alone", "no options"],
)
def test_a_translation_by_a_model_that_cannot_translate_is_rejected(
    model: SpeechModel, message: str, monkeypatch: pytest.MonkeyPatch
):
    for client in client_with(model, monkeypatch):
        with pytest.raises(openai.BadRequestError, match=message) as rejected:
            translated(client)
        assert (rejected.value.param, rejected.value.code) == ("model", "unsupported_model")


@pytest.mark.parametrize(
    "fields",
    [
        [("timestamp_granularities[]", "word")],
        [("timestamp_granularities", "word")],
        [("timestamp_granularities[0]", "word")],
        [("timestamp_granularities", '["word"]')],
        [("timestamp_granularities[0]", "segment"), ("timestamp_granularities[1]", "word")],
        [("timestamp_granularities", "segment, word")],
    ],
)
def test_every_spelling_of_the_granularities_field_is_accepted(client: OpenAI, fields: list[tuple[str, str]]):
    form = {"model": "whisper-1", "response_format": "verbose_json"}
    reply = sent(client, {**form, **dict(fields)})
    assert reply.status_code == 200
    assert "words" in reply.json()
    assert ("segments" in reply.json()) == any("segment" in value for _, value in fields)
    assert "X-Ignored-Fields" not in reply.headers


def test_an_unknown_granularity_is_rejected(client: OpenAI):
    form = {"model": "whisper-1", "response_format": "verbose_json", "timestamp_granularities": "phoneme"}
    reply = sent(client, form)
    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == "timestamp_granularities[]"


def test_unsupported_openai_fields_are_listed_as_ignored(client: OpenAI):
    reply = sent(client, {"model": "whisper-1", "include[]": "logprobs", "chunking_strategy": "auto"})
    assert reply.headers["X-Ignored-Fields"] == "include[], chunking_strategy"


@pytest.mark.parametrize("route", ["transcriptions", "translations"])
def test_a_second_file_is_rejected(client: OpenAI, route: str):
    address = f"{client.base_url}audio/{route}"
    reply = httpx.post(address, data={"model": "whisper-1"}, files=[("file", CLIP), ("file", CLIP)], timeout=TIMEOUT)
    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == "file"


def sent(client: OpenAI, form: dict[str, str]) -> httpx.Response:
    return httpx.post(f"{client.base_url}audio/transcriptions", data=form, files={"file": CLIP}, timeout=TIMEOUT)
