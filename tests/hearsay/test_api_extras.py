"""A part that is not installed is one sentence that names the pip install to run."""

import subprocess
import sys
from pathlib import Path

import pytest

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


WER = "hearsay.word_error_rate(['a', 'b'], ['a', 'b'])"


@pytest.mark.parametrize(
    ("missing", "code", "sentence"),
    [
        ("av", "hearsay.load_transcriber()", "Transcription needs av, which is not installed; run: {asr}"),
        ("numpy", "hearsay.load_emotion_model()", "Emotion tagging needs numpy, which is not installed; run: {asr}"),
        ("soxr", "hearsay.decode('clips', 'out')", "Decoding needs soxr, which is not installed; run: {asr}"),
        ("tantivy", "hearsay.open_index('x')", "An index needs tantivy, which is not installed; run: {indexer}"),
        ("tantivy", "hearsay.load(['x.csv'])", "An index needs tantivy, which is not installed; run: {indexer}"),
        ("httpx", "hearsay.Client('http://x')", "A client of the API needs httpx, which is not installed; run: {asr}"),
        ("numpy", WER, "An interval needs numpy, which is not installed; run: {asr}"),
    ],
)  # fmt: skip
def test_a_missing_library_is_a_sentence(missing: str, code: str, sentence: str, tmp_path: Path):
    script = WITHOUT.format(missing={missing}, code=code)
    found = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    extras = {extra: f'pip install "hearsay-search[{extra}]"' for extra in ("asr", "indexer")}
    assert (found.stdout, found.stderr) == (sentence.format(**extras) + "\n", "")
