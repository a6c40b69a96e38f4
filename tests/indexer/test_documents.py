from pathlib import Path

import pytest

from hearsay.records.clip import ClipRow
from hearsay.records.transcript import Alternative, Word
from hearsay.text.normalize import LONGEST_TOKEN
from indexer.documents import (
    LONGEST_LENGTH,
    OLDEST_SEARCHABLE,
    POWERS,
    SCHEMA,
    SENTINEL,
    alternatives_of,
    document_of,
)
from indexer.embedded.writer import EmbeddedWriter
from indexer.errors import IndexIncompatible
from indexer.index import SearchWriter
from indexer.query_tree import Term
from tests.support.contract import ids, transcribed
from tests.support.rows import passages
from tests.support.versions import redescribe


def word(text: str, *alternatives: tuple[str, float]) -> Word:
    return Word(text, 0.0, 1.0, 0.5, tuple(Alternative(*other) for other in alternatives))


BLACK = ClipRow(
    "set/black.mp3",
    generated_text="THE BLACK SMITH",
    words=(
        word("THE", ("A", 0.07), ("the", 0.9)),
        word("BLACK", ("BLOCK", 0.35), ("BLACKSMITH", 0.2)),
        word("SMITH", ("BLACKSMITH", 0.98), ("black's myth", 0.6), ("?!", 0.6)),
    ),
)


def member(row: ClipRow, name: str) -> str:
    (passage,) = passages((row,))
    return str(document_of(passage)[name])


def test_alternatives_have_their_best_confidence_and_omit_recognised_words():
    assert alternatives_of(BLACK) == {"a": 0.07, "block": 0.35, "blacksmith": 0.98, "blacks": 0.6, "myth": 0.6}
    assert alternatives_of(ClipRow("x", generated_text="no words")) == {}


def test_alternatives_are_indexed_as_tokens_with_their_confidence_in_tenths():
    assert member(BLACK, "alternatives") == "a_1 block_3 blacksmith_9 blacks_6 myth_6"
    assert member(ClipRow("x", generated_text="no words"), "alternatives") == SENTINEL


@pytest.mark.parametrize(("confidence", "tenths"), [(0.0, 1), (0.1, 1), (0.199, 1), (0.2, 2), (0.7, 7), (1.0, 9)])
def test_confidences_are_indexed_in_tenths_from_one_to_nine(confidence: float, tenths: int):
    row = ClipRow("x", generated_text="a", words=(word("a", ("b", confidence)),))
    assert member(row, "alternatives") == f"b_{tenths}"


def test_a_long_alternative_is_cut_to_the_longest_token_that_the_engines_index():
    row = ClipRow("x", generated_text="a", words=(word("a", ("𐌰" * 500, 0.5)),))
    graded = member(row, "alternatives")
    assert graded == "𐌰" * (LONGEST_TOKEN - 1) + "_5"
    assert len(graded.encode("utf-16-le")) // 2 < 255


@pytest.mark.parametrize(
    ("words", "expected"),
    [(0, "8 2"), (3, "8 2"), (4, "8 1"), (15, "4 2 1"), (39, "1"), (40, SENTINEL), (5000, SENTINEL)],
)
def test_shortness_is_ten_minus_a_quarter_of_the_number_of_words_as_powers_of_two(words: int, expected: str):
    assert member(ClipRow("x", generated_text="Word, " * words), "shortness") == expected


def test_sums_of_the_powers_cover_every_length():
    assert sum(POWERS) >= LONGEST_LENGTH
    assert [power.bit_count() for power in POWERS] == [1] * len(POWERS)


@pytest.fixture
def index(tmp_path: Path) -> SearchWriter:
    index = EmbeddedWriter(tmp_path / "index")
    index.replace(passages((BLACK, ClipRow("set/long.mp3", generated_text="smith " * 100))))
    return index


def test_alternatives_and_shortness_of_a_passage_are_searchable(index: SearchWriter):
    assert ids(index, Term("alternatives", "blacksmith_9")) == ["set/black.mp3"]
    assert ids(index, Term("alternatives", "black_9")) == []
    assert ids(index, Term("shortness", SENTINEL)) == ["set/long.mp3"]
    assert ids(index, Term("shortness", "8")) == ["set/black.mp3"]


def test_alternatives_are_not_in_the_vocabulary(index: SearchWriter):
    assert index.vocabulary() == {"the": 1, "black": 1, "smith": 2}
    assert ids(index, transcribed("blacksmith")) == []


def test_an_index_with_an_older_schema_than_can_be_searched_must_be_loaded_again(tmp_path: Path, index: SearchWriter):
    version = tmp_path / "index" / "versions" / index.about().version
    redescribe(version, lambda about: about | {"schema": OLDEST_SEARCHABLE - 1})
    with pytest.raises(IndexIncompatible, match="load your files again"):
        EmbeddedWriter(tmp_path / "index").count()


def test_a_rollback_to_a_version_with_the_previous_schema_is_rejected(tmp_path: Path, index: SearchWriter):
    old = index.about().version
    index.replace([])
    redescribe(tmp_path / "index" / "versions" / old, lambda about: about | {"schema": SCHEMA - 1})
    new = index.about().version
    with pytest.raises(IndexIncompatible, match=f"{old}, the previous version, .*{new} is still served"):
        index.rollback()
    assert index.about().version == new
    assert index.count() == 0
