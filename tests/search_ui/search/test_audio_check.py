"""*Check against the audio* on the search page, with a real API that serves Whisper's published weights."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from asr.pipeline.assembly import Models
from asr.speech.whisper import WhisperSpeechModel
from hearsay.records.clip import ClipRow
from tests.support.apps import Open, html
from tests.support.models import LoudnessEmotionModel
from tests.support.ports import free_port
from tests.support.serving import server_of, small_models
from tests.support.weights import published_weights

ROWS: Final = [
    ClipRow("sample-000000.mp3", generated_text="The blacksmith put down his hamper and smiled.", duration=3.0),
    ClipRow("sample-000010.mp3", generated_text="My grandmother kept her hamper in a piano & sang.", duration=3.0),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    weights = published_weights("whisper-tiny.en-short")
    model = WhisperSpeechModel(weights.folder, "whisper-tiny.en-short", weights.digest, workers=1)
    with (
        pytest.MonkeyPatch.context() as patched,
        server_of(Models(model, LoudnessEmotionModel(), ()), patched) as there,
    ):
        yield there


def test_the_button_lists_the_revised_probabilities_and_leaves_the_results(
    opened: Open, address: str, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_URL", address)
    page = opened(ROWS, audio=samples, q="hammer", possible="0")
    before = html(page)
    assert '<ol class="checked">' not in before
    page.button(key="check against the audio").click().run()
    after = html(page)
    checked = after.partition('<ol class="checked">')[2]
    assert "Probabilities after the check with whisper-tiny.en-short:" in after
    assert checked.index("sample-000000.mp3") < checked.index("sample-000010.mp3") < checked.index("unlikely")
    assert "in a piano &amp; sang." in checked
    assert after.count('<li class="hit possible">') == before.count('<li class="hit possible">') > 0


def test_without_an_api_or_with_another_model_a_sentence_says_so(
    opened: Open, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_URL", f"http://127.0.0.1:{free_port()}")
    page = opened(ROWS, audio=samples, q="hammer", possible="0")
    page.button(key="check against the audio").click().run()
    assert "does not respond" in page.info[-1].value
    with pytest.MonkeyPatch.context() as patched, server_of(small_models(), patched) as there:
        monkeypatch.setenv("API_URL", there)
        page = opened(q="hammer", possible="0")
        page.button(key="check against the audio").click().run()
    assert "not checked against their audio" in page.info[-1].value


def test_a_clip_without_audio_is_listed_with_the_reason(
    opened: Open, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_URL", address)
    page = opened(ROWS, audio=tmp_path, q="hammer", possible="0")
    page.button(key="check against the audio").click().run()
    assert html(page).count("not checked: its audio is not where the index says") == 2
