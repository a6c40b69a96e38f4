"""Settings: who wins, and what a wrong one says."""

from pathlib import Path

import pytest

from asr.settings import AsrSettings
from hearsay.config import read_settings
from hearsay.errors import BadSettings

SECRETS = [name for name, field in AsrSettings.model_fields.items() if "Secret" in str(field.annotation)]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEARSAY_HOME", str(tmp_path))
    return tmp_path / "config.yml"


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(
    config: Path, monkeypatch: pytest.MonkeyPatch
):
    assert read_settings(AsrSettings).workers == 0
    config.write_text("workers: 3\nindex_url: of another program\n")
    assert read_settings(AsrSettings).workers == 3
    monkeypatch.setenv("WORKERS", "5")
    assert read_settings(AsrSettings).workers == 5
    assert read_settings(AsrSettings, workers=7).workers == 7


def test_an_empty_variable_is_none_at_all(config: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("API_PORT", "")
    assert read_settings(AsrSettings).api_port == 8001


def test_a_wrong_value_is_named(config: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("API_PORT", "eighty")
    with pytest.raises(BadSettings, match=r"^settings: api_port: .* \(given: 'eighty'\)$"):
        read_settings(AsrSettings)


@pytest.mark.parametrize("name", [*SECRETS, "api_token"])
def test_a_secret_that_does_not_fit_is_named_and_not_told(config: Path, name: str):
    config.write_text(f"{name}: 1601\n")
    with pytest.raises(BadSettings, match=name) as refused:
        read_settings(AsrSettings)
    assert "1601" not in str(refused.value)


@pytest.mark.parametrize("content", [": : bad\n - x", "just text\n"])
def test_a_file_that_is_no_table_of_keys_is_a_sentence(config: Path, content: str):
    config.write_text(content)
    with pytest.raises(BadSettings, match=r"config\.yml cannot be read"):
        read_settings(AsrSettings)


@pytest.mark.parametrize(("given", "sources"), [("cache", ("cache",)), ("index, cache", ("index", "cache"))])
def test_sources_of_models_are_asked_in_the_order_in_which_they_are_named(given: str, sources: tuple[str, ...]):
    assert read_settings(AsrSettings, model_sources=given).sources == sources


@pytest.mark.parametrize(
    ("setting", "value"),
    [("model_sources", "cache,moon"), ("model_sources", "hub,hub"), ("model_sources", ""), ("asr_language", "english")],
)
def test_a_source_or_a_language_that_there_is_not_is_named(config: Path, setting: str, value: str):
    with pytest.raises(BadSettings, match=setting):
        read_settings(AsrSettings, **{setting: value})


@pytest.mark.parametrize("language", ["en", "DE", "auto", "yue"])
def test_a_language_is_a_code_of_whispers_or_auto(language: str):
    assert read_settings(AsrSettings, asr_language=language).asr_language == language.lower()
