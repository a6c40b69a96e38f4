"""Values of corpora: one canonical value for all spellings, several in one cell, and free text as it is."""

import pytest

from hearsay.corpora.values import SEVERAL, VALUES, facet_values, fold, key, keys, label, parts


@pytest.mark.parametrize(
    ("field", "spellings", "name"),
    [
        ("accent", ["US", "us ", "United  States", "United States English", "American"], "us"),
        ("accent", ["England English", "English", "ENGLAND"], "england"),
        ("accent", ["India and South Asia (India, Pakistan, Sri Lanka)", "Indian", "indian"], "indian"),
        ("accent", ["NorthernIrish", "Northern Irish"], "northernireland"),
        ("gender", ["Male", "M", "male_masculine"], "male"),
        ("gender", ["Female", "f", "female_feminine"], "female"),
        ("age", ["Forties", "fourties", "FOURTIES"], "fourties"),
        ("split", ["valid", "validation", "dev"], "dev"),
    ],
)
def test_all_spellings_of_a_value_have_one_key(field: str, spellings: list[str], name: str):
    assert {key(field, spelling) for spelling in spellings} == {name}
    assert {facet_values(field, spelling) for spelling in spellings} == {(name,)}


def test_no_two_values_of_a_field_share_a_spelling():
    for values in VALUES.values():
        spellings = [{fold(text) for text in (value.name, value.label, *value.spellings)} for value in values]
        assert len(set().union(*spellings)) == sum(map(len, spellings))


def test_commas_inside_brackets_and_labels_do_not_divide_a_cell():
    cell = "India and South Asia (India, Pakistan, Sri Lanka), city variety of Pune,United States English"
    assert facet_values("accent", cell) == ("indian", "city variety of Pune", "us")
    assert parts("gender", "male, or so") == ("male, or so",)
    assert {"accent", "split"} == SEVERAL


def test_a_cell_is_found_by_its_values_and_as_a_whole():
    cell = "United States English,Midwestern"
    assert keys("accent", cell) == ("us", "midwestern", "united states english,midwestern")


def test_an_age_in_years_counts_as_its_decade_and_is_found_by_both():
    assert facet_values("age", "23") == ("twenties",)
    assert set(keys("age", "23")) == {"23", "twenties"}
    assert key("age", "23") == "23", "whoever asks for 23 does not mean 24"
    assert facet_values("age", "23.0") == ("twenties",)


@pytest.mark.parametrize("cell", ["", " ", "unknown", "Unknown"])
def test_unknown_counts_as_missing(cell: str):
    assert facet_values("accent", cell) == keys("accent", cell) == ()


def test_values_have_labels_and_free_text_is_unchanged():
    assert label("age", "fourties") == "forties"
    assert label("accent", "us,Low  voice") == "United States, Low voice"
    assert label("age", "23") == "23"
