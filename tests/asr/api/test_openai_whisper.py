"""OpenAI's own client and Whisper with its published weights: options, streams and translations."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import OpenAI

from asr.pipeline.assembly import Models
from asr.speech.whisper import WhisperSpeechModel
from tests.support.models import LoudnessEmotionModel
from tests.support.serving import TIMEOUT, server_of
from tests.support.weights import published_weights


def client_with(name: str) -> Iterator[OpenAI]:
    weights = published_weights(name)
    model = WhisperSpeechModel(weights.folder, name, weights.digest, workers=1)
    with (
        pytest.MonkeyPatch.context() as patched,
        server_of(Models(model, LoudnessEmotionModel(), ()), patched) as address,
        OpenAI(base_url=f"{address}/v1", api_key="any", max_retries=0, timeout=TIMEOUT) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def english() -> Iterator[OpenAI]:
    yield from client_with("whisper-tiny.en")


@pytest.fixture(scope="module")
def multilingual() -> Iterator[OpenAI]:
    yield from client_with("whisper-base")


@pytest.fixture
def harbor(samples: Path) -> Path:
    return samples / "sample-000004.mp3"


def text_of(client: OpenAI, clip: Path, **options: Any) -> str:
    return str(client.audio.transcriptions.create(file=clip, model="whisper-1", **options).text)


def test_prompt_and_hotwords_decide_between_spellings(english: OpenAI, harbor: Path, samples: Path):
    assert text_of(english, harbor).endswith("over the harbor.")
    assert text_of(english, harbor, prompt="The harbour and its colour.").endswith("over the harbour.")
    smith = samples / "sample-000000.mp3"
    assert "blacksmith" in text_of(english, smith)
    assert "Black Smith" in text_of(english, smith, keywords=["Black Smith", "Hammer"])
    assert "Black Smith" in text_of(english, smith, extra_body={"hotwords": "Black Smith, Hammer"})


def test_language_and_temperature_are_in_the_reply(english: OpenAI, harbor: Path):
    reply = english.audio.transcriptions.with_raw_response.create(
        file=harbor, model="whisper-1", language="en", temperature=0.1, response_format="verbose_json"
    )
    assert "X-Ignored-Fields" not in reply.headers
    parsed = reply.parse()
    assert (parsed.language, parsed.segments[0].temperature) == ("english", 0.1)
    with pytest.raises(openai.BadRequestError, match="transcribes only English"):
        text_of(english, harbor, language="de")


def test_a_stream_has_the_text_of_the_whole_reply(english: OpenAI, samples: Path):
    clip = samples / "sample-interview.mp3"
    *deltas, done = english.audio.transcriptions.create(file=clip, model="whisper-1", stream=True)
    assert "".join(delta.delta for delta in deltas) == done.text == text_of(english, clip)
    assert done.usage.output_tokens == len(done.text.split()) > 20


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
def test_an_english_only_model_does_not_translate(english: OpenAI, harbor: Path):
    with pytest.raises(openai.BadRequestError, match=r"en supports only English, so it does not translate"):
        english.audio.translations.create(file=harbor, model="whisper-1")


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
def test_a_translation_has_segments_and_no_words(multilingual: OpenAI, harbor: Path):
    reply = multilingual.audio.translations.create(file=harbor, model="whisper-1", response_format="verbose_json")
    (segment,) = reply.segments
    assert segment.text == reply.text == "The old lighthouse still watches over the harbor."
    assert 0 <= segment.start < segment.end <= reply.duration
    assert segment.avg_logprob < 0
    assert (reply.language, reply.model_extra["task"]) == ("english", "translate")
