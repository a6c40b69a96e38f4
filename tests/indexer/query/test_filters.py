import pytest

from indexer.errors import WrongRequest
from indexer.index import Range, Sort
from indexer.query.filters import ORDERS, bounds_of, selected_values, sorted_by
from indexer.schema import RANGES, SORTS

AGES = {"twenties": 3, "fourties": 2, "unknown": 5}
ACCENTS = {"us": 3, "england": 1, "India, Pakistan": 1, "unknown": 2}


@pytest.mark.parametrize(
    ("facet", "counts", "typed", "values"),
    [
        ("age", AGES, ["fourties"], {"fourties"}),
        ("age", AGES, ["Forties"], {"fourties"}),
        ("age", AGES, ["twenties, forties", "unknown"], {"twenties", "fourties", "unknown"}),
        ("accent", ACCENTS, ["England", "united states"], {"england", "us"}),
        ("accent", ACCENTS, ["India, Pakistan"], {"India, Pakistan"}),
        ("accent", {"us": 1}, ["unknown"], {"unknown"}),
    ],
)
def test_values_are_taken_as_the_corpus_or_as_people_spell_them(
    facet: str, counts: dict[str, int], typed: list[str], values: set[str]
):
    assert selected_values(facet, typed, counts) == (values, [])


def test_a_value_that_is_not_there_is_kept_and_noted_with_those_that_are():
    values, notes = selected_values("age", ["Nineties,twenties", "\udcff"], AGES)
    assert values == {"nineties", "twenties", "?"}
    assert notes[0] == "no clip has the age “nineties”; choose from: twenties, forties, unknown"
    assert len(notes) == 2


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("2-8", Range(2.0, 8.0)),
        ("2-", Range(2.0, None)),
        ("-8", Range(None, 8.0)),
        ("2.5-2.5", Range(2.5, 2.5)),
        (" 0 - .5 ", Range(0.0, 0.5)),
    ],
)
def test_a_range_has_two_ends_or_one(text: str, bounds: Range):
    assert bounds_of("duration", text) == bounds


@pytest.mark.parametrize("text", ["", "-", "5", "8-2", "a-b", "1-2-3", "nan-nan", "-inf", "2-nan", "--8"])
def test_anything_else_is_no_range(text: str):
    with pytest.raises(WrongRequest, match="duration must be written as 2-8, 2- or -8, in seconds, not "):
        bounds_of("duration", text)


@pytest.mark.parametrize("name", RANGES)
def test_every_range_says_how_it_is_written(name: str):
    with pytest.raises(WrongRequest, match=f"{name} must be written as .*-.*, not high"):
        bounds_of(name, "high")


def test_hits_are_sorted_by_any_number_either_way():
    assert sorted_by("duration") == Sort("duration")
    assert sorted_by("-wer") == Sort("wer", descending=True)
    assert {order.field for order in ORDERS.values()} == set(SORTS)


@pytest.mark.parametrize("text", ["", "-", "best", "--wer", "up_votes", "WER"])
def test_anything_else_is_no_order(text: str):
    with pytest.raises(WrongRequest, match="sort by duration, confidence, wer"):
        sorted_by(text)
