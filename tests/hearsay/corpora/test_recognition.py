"""Recognition: a folder without a table of a known layout is not a corpus."""

from pathlib import Path

from hearsay.corpora.recognition import recognised
from tests.support.corpora import put


def test_plain_folders_are_not_recognised_as_a_corpus(tmp_path: Path):
    put(tmp_path, "a.wav")
    put(tmp_path, "README.txt")
    put(tmp_path, "notes.csv", "a,b\n")
    assert recognised(tmp_path, ["README.txt", "a.wav", "notes.csv"]) is None
