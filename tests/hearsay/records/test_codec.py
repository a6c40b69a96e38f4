"""Column values of records: which are read, and which are rejected with the column and the expected type."""

from typing import Any

import pytest

from hearsay.errors import BadRow
from hearsay.records.clip import ClipRow


def test_zero_is_a_value_and_not_an_empty_cell():
    row = ClipRow("a.mp3", up_votes=0, duration=0.0, confidence=0.0)
    assert row.to_cells() == {"filename": "a.mp3", "up_votes": "0", "duration": "0.0", "confidence": "0.0"}


def test_unknown_members_are_kept_as_text():
    row = ClipRow.from_json({"filename": "a", "locale": "en", "takes": 2, "tags": ["x"], "nothing": None})
    assert row.extra == {"locale": "en", "takes": "2", "tags": '["x"]'}


def test_a_count_written_as_a_float_by_pandas_is_accepted():
    assert ClipRow.from_cells({"filename": "a", "up_votes": "2.0"}).up_votes == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("up_votes", "many"),
        ("up_votes", 1.5),
        ("down_votes", True),
        pytest.param("down_votes", 10**400, id="endless count"),
        ("duration", -0.1),
        ("duration", "nan"),
        pytest.param("duration", 10**400, id="endless duration"),
        ("confidence", float("inf")),
        ("text", 7),
        ("text", "\ud800"),
        ("age", ["twenties"]),
        ("words", "hello"),
        ("words", 1),
        ("words", [{"text": "hello"}]),
        ("words", [{"text": "hello", "start": "early", "end": 1}]),
        ("words", [{"text": "a", "start": 0, "end": 1, "alternatives": [{"text": "b"}]}]),
        ("segments", [["0", "1"]]),
        ("emotion_scores", [0.5]),
        ("emotion_scores", {"angry": None}),
        ("deleted", "yes"),
    ],
)
def test_an_invalid_value_is_rejected_with_its_column_and_the_expected_type(name: str, value: Any):
    with pytest.raises(BadRow, match=f"^{name} holds .*expected"):
        ClipRow.from_json({"filename": "a", name: value})


@pytest.mark.parametrize("cell", ["[", "{'angry': 1}", pytest.param("[" * 100_000, id="deep")])
def test_a_structured_cell_that_is_not_json_is_rejected(cell: str):
    with pytest.raises(BadRow, match=r"^words holds .* not JSON"):
        ClipRow.from_cells({"filename": "a", "words": cell})


def test_an_unknown_column_with_invalid_unicode_is_rejected():
    with pytest.raises(BadRow, match="locale"):
        ClipRow.from_json({"filename": "a", "locale": "\ud800"})
