"""By default, files are below ``HEARSAY_HOME``, else below the working folder, and never next to the code."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from asr.settings import AsrSettings
from hearsay.config import ProgramSettings, cache_path, home, read_settings
from hearsay.errors import BadSettings
from indexer.settings import IndexSettings
from search_ui.settings import PageSettings
from tests.conftest import PROJECT

OWN_FILES = {
    "log_dir": "logs",
    "index_url": "var/index",
    "inbox_dir": "var/inbox",
    "deletions": "var/deletions.jsonl",
    "rejected_passages": "var/refused.jsonl",
    "phonetic_tables": "var/sound-tables.json",
}


def places(kind: type[ProgramSettings]) -> dict[str, Path]:
    """The settings of a program that are paths below its home."""
    values = read_settings(kind).model_dump()
    return {name: Path(value) for name, value in values.items() if str(value).startswith(f"{home()}/")}


@pytest.mark.parametrize("kind", [AsrSettings, IndexSettings, PageSettings])
def test_every_default_path_is_below_hearsay_home(
    kind: type[ProgramSettings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HEARSAY_HOME", str(tmp_path))
    expected = {name: tmp_path / path for name, path in OWN_FILES.items() if name in kind.model_fields}
    assert places(kind) == expected
    assert str(PROJECT) not in str(read_settings(kind).model_dump())


@pytest.mark.parametrize("value", [None, ""])
def test_without_hearsay_home_paths_are_below_the_working_folder(
    value: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("HEARSAY_HOME") if value is None else monkeypatch.setenv("HEARSAY_HOME", value)
    monkeypatch.chdir(tmp_path)
    assert (home(), read_settings(AsrSettings).log_dir) == (tmp_path, tmp_path / "logs")


def test_caches_are_in_the_configured_folder_else_below_home_else_in_the_user_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HEARSAY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("WEIGHT_DIGESTS", str(tmp_path / "mine.json"))
    assert cache_path("weights.json", "var", "WEIGHT_DIGESTS") == tmp_path / "mine.json"
    monkeypatch.delenv("WEIGHT_DIGESTS")
    assert cache_path("weights.json", "var", "WEIGHT_DIGESTS") == tmp_path / "home" / "var" / "weights.json"
    monkeypatch.delenv("HEARSAY_HOME")
    assert cache_path("weights.json", "var", "WEIGHT_DIGESTS") == tmp_path / "cache" / "hearsay" / "weights.json"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_path("models") == tmp_path / ".cache" / "hearsay" / "models"


def test_a_relative_home_is_relative_to_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HEARSAY_HOME", "mine")
    monkeypatch.chdir(tmp_path)
    assert home() == tmp_path / "mine"


def test_config_yml_is_read_from_home_and_its_paths_are_not_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HEARSAY_HOME", str(tmp_path))
    (tmp_path / "config.yml").write_text("log_dir: of-mine\nindex_name: mine\n", encoding="utf-8")
    assert read_settings(AsrSettings).log_dir == Path("of-mine")
    assert read_settings(PageSettings).index_name == "mine"


def test_an_invalid_config_yml_is_reported_with_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HEARSAY_HOME", str(tmp_path))
    (tmp_path / "config.yml").write_text("just words", encoding="utf-8")
    with pytest.raises(BadSettings) as refused:
        read_settings(IndexSettings)
    assert str(tmp_path / "config.yml") in str(refused.value)


def test_a_deleted_working_folder_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("HEARSAY_HOME")
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    try:
        with pytest.raises(BadSettings, match="working folder was deleted"):
            read_settings(AsrSettings)
    finally:
        os.chdir(tmp_path)  # monkeypatch needs an existing working folder to undo chdir


def test_programs_write_below_home_and_nothing_into_the_code_folder(samples: Path, tmp_path: Path):
    code, place = tmp_path / "code", tmp_path / "home"
    for name in ("hearsay", "asr", "indexer"):
        shutil.copytree(PROJECT / name, code / name, ignore=shutil.ignore_patterns("__pycache__"))
    before = files_in(code)
    words = {
        "asr": ["decode", str(samples), "--csv", str(samples / "clips.csv"), "--limit", "2", "--out", "out"],
        "indexer": ["load", "out/clips.csv"],
    }
    program = {"ASR_MODEL": "pocketsphinx", "SER_MODEL": "classic", "WORKERS": "1"}
    python = {"PYTHONPATH": str(code), "PYTHONDONTWRITEBYTECODE": "1"}
    (tmp_path / "stand").mkdir()
    for name, given in words.items():
        ended = subprocess.run(
            [sys.executable, "-P", "-m", name, *given],
            cwd=tmp_path / "stand", env=os.environ | program | python | {"HEARSAY_HOME": str(place)},
            capture_output=True, text=True, check=False, timeout=250,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
    assert files_in(code) == before
    assert {path.name for path in place.iterdir()} == {"logs", "var"}
    assert {path.name for path in (tmp_path / "stand").iterdir()} == {"out"}
    assert (place / "var" / "index").is_dir()


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
