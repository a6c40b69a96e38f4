import sqlite3
from pathlib import Path

import pytest

from indexer.embedded.external_sort import AscendingPrefix, sorted_by_id
from indexer.errors import LoadFailed
from tests.support.contract import rows
from tests.support.rows import ALL, passages


def test_what_rises_passes_and_where_it_ends_all_the_rest_waits():
    ascending = AscendingPrefix(iter(rows("a", "c", "b", "d", "a")))
    assert [passage.id for passage in ascending] == ["a", "c"]
    assert ascending.rest is not None
    assert [passage.id for passage in ascending.rest] == ["b", "d", "a"]


def test_one_id_twice_does_not_rise():
    ascending = AscendingPrefix(rows("a", "a"))
    assert [passage.id for passage in ascending] == ["a"]
    assert ascending.rest is not None


def test_where_all_rise_there_is_no_rest():
    ascending = AscendingPrefix(rows("a", "b"))
    assert [passage.id for passage in ascending] == ["a", "b"]
    assert ascending.rest is None


def test_passages_come_back_whole_in_the_order_of_their_ids_and_leave_nothing(tmp_path: Path):
    made = passages(ALL)
    with sorted_by_id(reversed(made), tmp_path / "spool") as ordered:
        assert list(ordered) == sorted(made, key=lambda passage: passage.id)
    assert list(tmp_path.iterdir()) == []


def test_ids_are_ordered_as_python_orders_them(tmp_path: Path):
    names = ["z", "Z", "é", "\U0001f600", "￿", "a#1", "a b", "a", "京"]
    with sorted_by_id(rows(*names), tmp_path / "spool") as ordered:
        assert [passage.id for passage in ordered] == sorted(names)


def test_of_one_id_the_last_passage_counts(tmp_path: Path):
    with sorted_by_id([*rows("a", text="one"), *rows("a", text="two")], tmp_path / "spool") as ordered:
        assert [passage.row.generated_text for passage in ordered] == ["two"]


def test_a_place_that_cannot_be_written_is_reported_and_the_reason_with_it(tmp_path: Path):
    with (
        pytest.raises(LoadFailed, match="could not be put in order") as failed,
        sorted_by_id([], tmp_path / "no" / "x"),
    ):
        pass
    assert isinstance(failed.value.__cause__, sqlite3.Error)
