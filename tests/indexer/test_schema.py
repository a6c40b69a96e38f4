import pytest

from hearsay.records.schema import COLUMNS, IDENTITY_COLUMNS
from indexer.documents import document_of
from indexer.elastic.query import mapping
from indexer.embedded.query import SCHEMA, engine_document
from indexer.schema import (
    FACETS,
    FIELDS,
    RANGES,
    SORTS,
    UNKNOWN,
    facet_label,
    facet_name,
    facet_order,
    facet_value,
)
from tests.support.rows import ALL, passages

NAMES = {field.name for field in FIELDS}


OF_THE_LOG = {"deleted", "failed_pieces", *IDENTITY_COLUMNS}
"""Columns that only the next run over a log reads; `test_passages` checks that none of them is indexed."""


def test_every_searchable_column_has_a_field():
    columns = {column.name for column in COLUMNS}
    assert columns >= OF_THE_LOG
    assert columns - {"filename"} - OF_THE_LOG <= NAMES
    assert not OF_THE_LOG & NAMES


def test_every_member_of_a_document_has_a_field():
    members = {name for passage in passages() for name in document_of(passage)}
    assert members - {"extra"} <= NAMES
    assert {"tokens", "stems", "text_tokens", "wer", "words", "segments"} <= members


def test_facets_are_keywords_and_ranges_are_numbers():
    kinds = {field.name: field.kind for field in FIELDS}
    assert {kinds[name] for name in FACETS} == {"keyword"}
    assert {kinds[name] for name in RANGES} == {kinds[name] for name in SORTS} == {"number"}


def test_every_facet_has_a_unique_name_of_one_word():
    assert len({facet_name(facet) for facet in FACETS}) == len(FACETS)
    assert all(facet_name(facet).isalpha() for facet in FACETS)


def test_both_engines_use_the_whole_schema():
    assert mapping(None)["properties"].keys() >= NAMES
    assert len(list(map(engine_document, map(document_of, passages(ALL)), range(100)))) == len(passages(ALL))
    assert SCHEMA is not None


def test_every_field_has_a_meaning_and_a_unique_name():
    assert all(field.meaning for field in FIELDS)
    assert len(NAMES) == len(FIELDS)


@pytest.mark.parametrize(
    ("facet", "value", "label"),
    [
        ("age", "fourties", "forties"),
        ("age", "twenties", "twenties"),
        ("accent", "southatlandtic", "South Atlantic"),
        ("accent", "klingon", "klingon"),
        ("gender", "fourties", "fourties"),
        ("accent", UNKNOWN, UNKNOWN),
    ],
)
def test_values_are_displayed_in_conventional_spelling(facet: str, value: str, label: str):
    assert facet_label(facet, value) == label


@pytest.mark.parametrize(
    ("facet", "text", "value"),
    [
        ("age", "Forties", "fourties"),
        ("age", "FOURTIES", "fourties"),
        ("accent", "New Zealand", "newzealand"),
        ("accent", "Us", "us"),
        ("accent", "Klingon", "Klingon"),
        ("emotion", "Fear", "fear"),
        ("sentiment", "Uncertain", "uncertain"),
        ("dataset", "Mine", "Mine"),
        ("dataset", "Unknown", UNKNOWN),
    ],
)
def test_values_are_accepted_in_conventional_spelling(facet: str, text: str, value: str):
    assert facet_value(facet, text) == value


def test_the_label_of_a_value_is_accepted_as_the_value():
    for facet, values in (("age", ["fourties", "teens"]), ("accent", ["us", "southatlandtic", "bermuda", "england"])):
        assert [facet_value(facet, facet_label(facet, value).upper()) for value in values] == values


def test_ages_are_ordered_by_age_sentiments_from_negative_to_positive_and_others_by_count():
    ages = {"unknown": 9, "fifties": 1, "teens": 1, "fourties": 5, "of old": 2}
    assert facet_order("age", ages) == ["teens", "fourties", "fifties", "of old", "unknown"]
    sentiments = {"uncertain": 1, "positive": 2, "negative": 3, "neutral": 4}
    assert facet_order("sentiment", sentiments) == ["negative", "neutral", "positive", "uncertain"]
    accents = {"us": 3, "england": 5, "unknown": 99, "african": 3}
    assert facet_order("accent", accents) == ["england", "african", "us", "unknown"]
