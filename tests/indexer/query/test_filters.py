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
        ("gender", {"male": 2, "female": 1}, ["M"], {"male"}),
        ("gender", {"male": 2, "female": 1}, ["woman,male_masculine"], {"female", "male"}),
        ("accent", ACCENTS, ["American"], {"us"}),
    ],
)
def test_values_are_accepted_by_label_as_stored_or_in_another_spelling_of_corpora(
    facet: str, counts: dict[str, int], typed: list[str], values: set[str]
):
    assert selected_values(facet, typed, counts) == (values, [])


def test_an_unknown_value_is_kept_with_a_note_that_lists_the_known_values():
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
def test_a_range_has_one_or_two_bounds(text: str, bounds: Range):
    assert bounds_of("duration", text) == bounds


@pytest.mark.parametrize("text", ["", "-", "5", "8-2", "a-b", "1-2-3", "nan-nan", "-inf", "2-nan", "--8"])
def test_an_invalid_range_is_rejected(text: str):
    with pytest.raises(WrongRequest, match="duration must be written as 2-8, 2- or -8, in seconds, not "):
        bounds_of("duration", text)


@pytest.mark.parametrize("name", RANGES)
def test_the_message_for_an_invalid_range_shows_the_syntax(name: str):
    with pytest.raises(WrongRequest, match=f"{name} must be written as .*-.*, not high"):
        bounds_of(name, "high")


def test_hits_can_be_sorted_by_any_number_in_either_direction():
    assert sorted_by("duration") == Sort("duration")
    assert sorted_by("-wer") == Sort("wer", descending=True)
    assert {order.field for order in ORDERS.values()} == set(SORTS)


@pytest.mark.parametrize("text", ["", "-", "best", "--wer", "up_votes", "WER"])
def test_an_invalid_sort_order_is_rejected(text: str):
    with pytest.raises(WrongRequest, match="sort by duration, confidence, wer"):
        sorted_by(text)
