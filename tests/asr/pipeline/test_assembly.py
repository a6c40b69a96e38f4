"""What a person may name as a source, and what is said of all else."""

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


def test_a_folder_is_a_source_of_its_own_and_with_a_table_of_its_clips(folder: Path):
    assert open_source(str(folder), None, "calls", allow_missing=False) == FolderSource(folder.resolve(), "calls")
    table = open_source(str(folder), "calls.csv", None, allow_missing=True)
    assert table == TableSource(folder, Path("calls.csv"), folder.name, allow_missing=True)


@pytest.mark.parametrize("place", ["no/such/folder", "ftp://host/clips"])
def test_a_place_that_is_no_folder_is_said(place: str):
    with pytest.raises(BadSource, match="folder"):
        open_source(place, None, None, allow_missing=False)


def test_a_file_in_place_of_a_folder_is_said(folder: Path):
    with pytest.raises(BadSource, match="is a file; name its folder"):
        open_source(str(folder / "a.wav"), None, None, allow_missing=False)


def test_a_table_elsewhere_is_no_table_of_a_folder_here(folder: Path):
    with pytest.raises(BadSource, match="download it first"):
        open_source(str(folder), "s3://corpora/dev.csv", None, allow_missing=False)
