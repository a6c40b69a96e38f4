import sqlite3
from pathlib import Path

import pytest

from indexer.embedded.external_sort import AscendingPrefix, sorted_by_id
from indexer.errors import LoadFailed
from tests.support.contract import rows
from tests.support.rows import ALL, passages


def test_the_ascending_prefix_ends_at_the_first_descending_id():
    ascending = AscendingPrefix(iter(rows("a", "c", "b", "d", "a")))
    assert [passage.id for passage in ascending] == ["a", "c"]
    assert ascending.rest is not None
    assert [passage.id for passage in ascending.rest] == ["b", "d", "a"]


def test_a_repeated_id_ends_the_ascending_prefix():
    ascending = AscendingPrefix(rows("a", "a"))
    assert [passage.id for passage in ascending] == ["a"]
    assert ascending.rest is not None


def test_ascending_passages_leave_no_rest():
    ascending = AscendingPrefix(rows("a", "b"))
    assert [passage.id for passage in ascending] == ["a", "b"]
    assert ascending.rest is None


def test_passages_are_sorted_by_id_unchanged_and_no_files_remain(tmp_path: Path):
    made = passages(ALL)
    with sorted_by_id(reversed(made), tmp_path / "spool") as ordered:
        assert list(ordered) == sorted(made, key=lambda passage: passage.id)
    assert list(tmp_path.iterdir()) == []


def test_ids_are_sorted_as_in_python(tmp_path: Path):
    names = ["z", "Z", "é", "\U0001f600", "￿", "a#1", "a b", "a", "京"]
    with sorted_by_id(rows(*names), tmp_path / "spool") as ordered:
        assert [passage.id for passage in ordered] == sorted(names)


def test_the_last_passage_of_equal_ids_is_kept(tmp_path: Path):
    with sorted_by_id([*rows("a", text="one"), *rows("a", text="two")], tmp_path / "spool") as ordered:
        assert [passage.row.generated_text for passage in ordered] == ["two"]


def test_an_unwritable_folder_is_reported_with_the_reason(tmp_path: Path):
    with (
        pytest.raises(LoadFailed, match="could not be sorted") as failed,
        sorted_by_id([], tmp_path / "no" / "x"),
    ):
        pass
    assert isinstance(failed.value.__cause__, sqlite3.Error)
