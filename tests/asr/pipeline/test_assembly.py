"""Sources of clips: which arguments are accepted, and how others are rejected."""

from pathlib import Path

import pytest

from asr.errors import BadSource
from asr.pipeline.assembly import open_source
from asr.sources.listing import FolderSource
from asr.sources.matching import TableSource


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.wav").touch()
    return tmp_path


def test_a_folder_is_a_source_with_or_without_a_table(folder: Path):
    assert open_source(str(folder), None, "calls", allow_missing=False) == FolderSource(folder.resolve(), "calls")
    table = open_source(str(folder), "calls.csv", None, allow_missing=True)
    assert table == TableSource(folder, Path("calls.csv"), folder.name, allow_missing=True)


@pytest.mark.parametrize("place", ["no/such/folder", "ftp://host/clips"])
def test_a_source_that_is_not_a_folder_is_rejected(place: str):
    with pytest.raises(BadSource, match="folder"):
        open_source(place, None, None, allow_missing=False)


def test_a_file_in_place_of_a_folder_is_rejected(folder: Path):
    with pytest.raises(BadSource, match="is a file; name its folder"):
        open_source(str(folder / "a.wav"), None, None, allow_missing=False)


def test_a_remote_table_cannot_be_combined_with_a_local_folder(folder: Path):
    with pytest.raises(BadSource, match="download it first"):
        open_source(str(folder), "s3://corpora/dev.csv", None, allow_missing=False)
