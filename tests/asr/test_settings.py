"""Settings: precedence and validation."""

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


def test_the_environment_overrides_the_file_and_the_file_overrides_the_default(
    config: Path, monkeypatch: pytest.MonkeyPatch
):
    assert read_settings(AsrSettings).workers == 0
    config.write_text("workers: 3\nindex_url: of another program\n")
    assert read_settings(AsrSettings).workers == 3
    monkeypatch.setenv("WORKERS", "5")
    assert read_settings(AsrSettings).workers == 5
    assert read_settings(AsrSettings, workers=7).workers == 7


def test_an_empty_environment_variable_is_ignored(config: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("API_PORT", "")
    assert read_settings(AsrSettings).api_port == 8001


def test_an_invalid_value_is_named_in_the_error(config: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("API_PORT", "eighty")
    with pytest.raises(BadSettings, match=r"^settings: api_port: .* \(given: 'eighty'\)$"):
        read_settings(AsrSettings)


def test_a_wrong_list_of_sources_is_named_with_what_it_may_contain(config: Path):
    with pytest.raises(BadSettings) as refused:
        read_settings(AsrSettings, model_sources="mirror")
    assert str(refused.value) == (
        "settings: model_sources: write each source once, with commas between: cache, hub, index (given: 'mirror')"
    )


@pytest.mark.parametrize("name", [*SECRETS, "api_token"])
def test_an_invalid_secret_is_named_without_printing_its_value(config: Path, name: str):
    config.write_text(f"{name}: 1601\n")
    with pytest.raises(BadSettings, match=name) as refused:
        read_settings(AsrSettings)
    assert "1601" not in str(refused.value)


@pytest.mark.parametrize("content", [": : bad\n - x", "just text\n"])
def test_an_invalid_configuration_file_is_rejected(config: Path, content: str):
    config.write_text(content)
    with pytest.raises(BadSettings, match=r"config\.yml cannot be read"):
        read_settings(AsrSettings)


@pytest.mark.parametrize(("given", "sources"), [("cache", ("cache",)), ("index, cache", ("index", "cache"))])
def test_model_sources_keep_their_order(given: str, sources: tuple[str, ...]):
    assert read_settings(AsrSettings, model_sources=given).sources == sources


@pytest.mark.parametrize(
    ("setting", "value"),
    [("model_sources", "cache,moon"), ("model_sources", "hub,hub"), ("model_sources", ""), ("asr_language", "english")],
)
def test_an_unknown_model_source_or_language_is_rejected(config: Path, setting: str, value: str):
    with pytest.raises(BadSettings, match=setting):
        read_settings(AsrSettings, **{setting: value})


@pytest.mark.parametrize("language", ["en", "DE", "auto", "yue"])
def test_a_language_is_a_whisper_language_code_or_auto(language: str):
    assert read_settings(AsrSettings, asr_language=language).asr_language == language.lower()
