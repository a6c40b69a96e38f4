"""A missing extra is reported with the pip command that installs it."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import PROJECT

WITHOUT = """
import importlib.abc, sys

class Gone(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Gone())
import hearsay
from hearsay.errors import MissingExtra
try:
    {code}
except MissingExtra as problem:
    print(problem)
"""


@pytest.mark.parametrize(
    ("missing", "code", "sentence"),
    [
        ("av", "hearsay.load_transcriber()", "Transcription needs av, which is not installed; run: {asr}"),
        ("numpy", "hearsay.load_emotion_model()", "Emotion tagging needs numpy, which is not installed; run: {asr}"),
        ("soxr", "hearsay.decode('clips', 'out')", "Decoding needs soxr, which is not installed; run: {asr}"),
        ("tantivy", "hearsay.open_index('x')", "An index needs tantivy, which is not installed; run: {indexer}"),
        ("tantivy", "hearsay.load(['x.csv'])", "An index needs tantivy, which is not installed; run: {indexer}"),
        ("httpx", "hearsay.Client('http://x')", "A client of the API needs httpx, which is not installed; run: {asr}"),
    ],
)  # fmt: skip
def test_a_missing_library_is_reported_with_the_install_command(missing: str, code: str, sentence: str, tmp_path: Path):
    script = WITHOUT.format(missing={missing}, code=code)
    found = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    extras = {extra: f'pip install "hearsay-search[{extra}]"' for extra in ("asr", "indexer")}
    assert (found.stdout, found.stderr) == (sentence.format(**extras) + "\n", "")


def test_the_interval_of_a_word_error_rate_needs_no_extra():
    base = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    assert "numpy" in {re.split("[^a-z-]", line)[0] for line in base}
    shut = "import sys; sys.modules.update(dict.fromkeys(('av', 'httpx', 'soxr', 'tantivy', 'pandas', 'torch')))"
    code = f"{shut}; import hearsay; print(hearsay.word_error_rate(['a b', 'c'], ['a x', 'c']).interval)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (found.stdout, found.stderr) == ("(0.0, 0.5)\n", "")
