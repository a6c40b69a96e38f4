"""The architecture in CONTRIBUTING.md matches the source code."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "docs" / "architecture.py"


def printed(root: Path) -> str:
    return subprocess.run(
        [sys.executable, SCRIPT, "--root", root], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_contributing_shows_the_current_tree_and_imports() -> None:
    document = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert printed(ROOT) in document, "run `python docs/architecture.py --write`"


def test_every_sub_package_docstring_begins_with_a_sentence() -> None:
    for package in ("hearsay", "asr", "indexer", "search_ui"):
        for path in (ROOT / package).rglob("__init__.py"):
            sentence = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]
            assert sentence.endswith("."), f"{path.relative_to(ROOT)} begins with a sentence"


def test_imports_in_functions_are_counted_and_those_for_type_checking_are_not(tmp_path: Path) -> None:
    files = {
        "hearsay/__init__.py": '"""The library."""\n',
        "hearsay/text.py": "",
        "asr/__init__.py": '"""Speech."""\n',
        "asr/types.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from hearsay import text\n",
        "asr/api/__init__.py": '"""The API.\n\nMore."""\n',
        "asr/api/app.py": "def serve():\n    from asr import types\n    from hearsay.text import words\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    text = printed(tmp_path)

    assert "  api/           1  The API.\n" in text
    assert "| asr.api | 0 | asr 1, hearsay 1 |" in text
    assert "| asr | 0 |  |" in text
    assert "| asr | 1 | 0 | 1 | 0 | 1 |" in text
