"""Every decision has a number, a date, a status and three sections, and the index lists it."""

import re
from datetime import date
from pathlib import Path

import pytest

from tests.conftest import PROJECT

FOLDER = PROJECT / "docs" / "decisions"
FILES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")


def test_numbers_are_consecutive():
    assert [path.name[:5] for path in FILES] == [f"{number:04d}-" for number in range(1, len(FILES) + 1)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_decision_has_all_sections_and_an_entry_in_the_index(path: Path):
    text = path.read_text(encoding="utf-8")
    title, day, status = re.findall(r"\A# \d{4}\. (.+)\n\n\* Date: (.+)\n\* Status: (.+)\n", text)[0]
    assert re.findall(r"^## (.+)\n\n\S", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert text.startswith(f"# {path.name[:4]}. ")
    assert status == "accepted" or status.startswith("superseded by [")
    line = f"| [{path.name[:4]}]({path.name}) | {date.fromisoformat(day)} | {title} |"
    assert line in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
