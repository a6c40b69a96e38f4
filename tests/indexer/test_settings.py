"""The settings of the indexer: an invalid one is reported in one sentence."""

from pathlib import Path

import pytest

from hearsay.config import names_of, read_settings
from hearsay.errors import BadSettings
from indexer.settings import IndexSettings

SECRETS = [name for name, field in IndexSettings.model_fields.items() if "Secret" in str(field.annotation)]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEARSAY_HOME", str(tmp_path))
    return tmp_path / "config.yml"


def test_the_file_sets_what_the_environment_does_not(config: Path, monkeypatch: pytest.MonkeyPatch):
    config.write_text("index_name: mine\nindex_shards: 2\nworkers: 3\n")
    monkeypatch.setenv("INDEX_SHARDS", "5")
    settings = read_settings(IndexSettings)
    assert (settings.index_name, settings.index_shards) == ("mine", 5)


def test_an_invalid_value_is_reported_with_its_setting(config: Path):
    config.write_text("index_shards: many\n")
    with pytest.raises(BadSettings, match=r"^settings: index_shards: .* \(given: 'many'\)$"):
        read_settings(IndexSettings)


@pytest.mark.parametrize(("name", "old_name"), [("phonetic_tables", "sound_tables"), ("rejected_passages", "refusals")])
def test_an_old_name_of_a_setting_still_works(config: Path, monkeypatch: pytest.MonkeyPatch, name: str, old_name: str):
    def value() -> str:
        path: Path = getattr(read_settings(IndexSettings), name)
        return path.name

    config.write_text(f"{old_name}: in-the-file-by-its-old-name\n")
    assert value() == "in-the-file-by-its-old-name"
    monkeypatch.setenv(old_name.upper(), "by-its-old-name")
    assert value() == "by-its-old-name"
    config.write_text(f"{name}: in-the-file\n")
    assert value() == "by-its-old-name", "the environment takes precedence over the file"
    monkeypatch.setenv(name.upper(), "by-its-name")
    assert value() == "by-its-name"
    assert {name, old_name} <= names_of(IndexSettings)


@pytest.mark.parametrize("name", SECRETS)
def test_an_invalid_secret_is_reported_without_its_value(config: Path, name: str):
    config.write_text(f"{name}: 1601\n")
    with pytest.raises(BadSettings, match=name) as refused:
        read_settings(IndexSettings)
    assert "1601" not in str(refused.value)


@pytest.mark.parametrize("content", [": : bad\n - x", "just text\n", "- index_name: mine\n", "- 1\n", "5\n"])
def test_a_file_that_is_not_a_table_of_keys_is_reported(config: Path, content: str):
    config.write_text(content)
    with pytest.raises(BadSettings, match=r"(?s)config\.yml cannot be read.*lines of the form key: value") as refused:
        read_settings(IndexSettings)
    assert "sequence" not in str(refused.value)
