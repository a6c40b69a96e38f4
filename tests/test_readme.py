"""The documents match the project: settings, commands, extras and links."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from asr.settings import AsrSettings
from hearsay.config import home, read_settings
from hearsay.version import VERSION
from search_ui.settings import PageSettings
from tests.conftest import PROJECT, SETTINGS

README = (PROJECT / "README.md").read_text(encoding="utf-8")
CONFIGURATION = (PROJECT / "docs" / "configuration.md").read_text(encoding="utf-8")
INSTALLING = (PROJECT / "docs" / "installing.md").read_text(encoding="utf-8")
TRACKED = subprocess.run(["git", "ls-files", "*.md"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
DOCUMENTS = [PROJECT / name for name in TRACKED.splitlines()]


def shown_default(field: FieldInfo) -> str:
    """A default as the document shows it: paths relative to ``HEARSAY_HOME``, an empty cell for none."""
    value = field.get_default(call_default_factory=True)
    if value in (None, "") or isinstance(value, SecretStr):
        return ""
    return f"`{str(value).replace(f'{home()}/', '')}`"


def settings_rows(settings: type[BaseSettings]) -> list[str]:
    return [
        f"| `{name.upper()}` | {shown_default(field)} | {field.description} |".replace("|  |", "| |")
        for name, field in settings.model_fields.items()
    ]


@pytest.mark.parametrize("row", settings_rows(AsrSettings) + settings_rows(PageSettings))
def test_every_setting_is_documented_with_its_default_and_description(row: str):
    assert row in CONFIGURATION


def test_no_setting_is_documented_that_does_not_exist():
    known = {name.upper() for settings in (AsrSettings, PageSettings) for name in settings.model_fields}
    in_table = set(re.findall(r"^\| `([A-Z_]+)` \|", CONFIGURATION, re.MULTILINE))
    assert in_table <= known | {"ES_PORT", "HEARSAY_DATA", "HEARSAY_HOME", "HEARSAY_REQUIRE"}


def test_the_readme_documents_every_command_of_run_sh():
    usage = subprocess.run([PROJECT / "run.sh", "help"], capture_output=True, text=True, check=True).stdout
    words = re.findall(r"^\./run\.sh (\w+)", usage, re.MULTILINE)
    assert words
    for word in words:
        assert f"./run.sh {word}" in README


def test_every_extra_is_documented():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = re.findall(r"^\| `(\w+)` \|", INSTALLING, re.MULTILINE)
    assert sorted(extras) == sorted(project["optional-dependencies"])
    assert f"{project['name'].replace('-', '_')}-{VERSION}-py3-none-any.whl" in INSTALLING


def test_every_folder_and_file_below_home_is_documented(monkeypatch: pytest.MonkeyPatch):
    for name in SETTINGS:  # other tests of this process may have set some
        monkeypatch.delenv(name, raising=False)
    settings = [read_settings(kind) for kind in (AsrSettings, PageSettings)]
    places = {
        str(value).removeprefix(f"{home()}/"): name for each in settings for name, value in each if has_home(value)
    }
    rows = re.findall(r"^\| `([\w./-]+)` \| .* \(`(\w+)`\) \|$", INSTALLING, re.MULTILINE)
    assert {path.rstrip("/"): name.lower() for path, name in rows} == places


def has_home(value: object) -> bool:
    return str(value).startswith(f"{home()}/")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_relative_links_between_documents_resolve(document: Path):
    for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_source_files_named_in_a_document_exist(document: Path):
    for path in re.findall(
        r"`((?:asr|bench|docs|hearsay|indexer|search_ui|tests)/[\w./-]+\.\w+)`", document.read_text()
    ):
        assert (PROJECT / path).exists(), path


def test_the_readme_has_fewer_than_200_lines():
    assert len(README.splitlines()) < 200
