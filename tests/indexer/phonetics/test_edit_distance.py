"""Distances, against the dynamic programme as textbooks write it, one cell after the other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.phonetics.edit_distance import LOCAL_END_COST, Costs, distances

SYMBOLS = 6

words = st.binary(max_size=7).map(lambda word: bytes(symbol % (SYMBOLS - 1) + 1 for symbol in word))
tables = st.lists(
    st.lists(st.integers(0, 16).map(lambda sixteenths: sixteenths / 16), min_size=SYMBOLS, max_size=SYMBOLS),
    min_size=SYMBOLS,
    max_size=SYMBOLS,
).map(lambda rows: np.array(rows, np.float32) * (1 - np.eye(SYMBOLS, dtype=np.float32)))


def whole_cost(said: bytes, recognised: bytes, costs: Costs) -> float:
    """Wagner and Fischer: the cheapest way to change one word into the other."""
    table = np.zeros((len(said) + 1, len(recognised) + 1))
    for row in range(len(said) + 1):
        for column in range(len(recognised) + 1):
            ways = [0.0] if row == column == 0 else []
            if row:
                ways.append(table[row - 1, column] + costs[said[row - 1], 0])
            if column:
                ways.append(table[row, column - 1] + costs[0, recognised[column - 1]])
            if row and column:
                ways.append(table[row - 1, column - 1] + costs[said[row - 1], recognised[column - 1]])
            table[row, column] = min(ways)
    return float(table[-1, -1])


def inside_cost(said: bytes, recognised: bytes, costs: Costs) -> float:
    """The whole, or any stretch with a charge for each end that lies inside."""
    ways = [whole_cost(said, recognised, costs)]
    for start in range(len(recognised) + 1):
        for end in range(start, len(recognised) + 1):
            ends_inside = (start > 0) + (end < len(recognised))
            ways.append(whole_cost(said, recognised[start:end], costs) + LOCAL_END_COST * ends_inside)
    return min(ways)


def measured(said: bytes, recognised: list[bytes], costs: Costs, width: int = 8) -> tuple[list[float], list[float]]:
    padded = np.array([list(word.ljust(width, b"\0")) for word in recognised], np.uint8)
    lengths = np.array([len(word) for word in recognised], np.intp)
    whole, inside = distances(np.frombuffer(said, np.uint8), padded, lengths, costs)
    return whole.tolist(), inside.tolist()


def ones() -> Costs:
    return np.ones((SYMBOLS, SYMBOLS), np.float32) - np.eye(SYMBOLS, dtype=np.float32)


@given(words, st.lists(words, min_size=1, max_size=5), tables)
@settings(max_examples=150)
def test_the_whole_costs_what_the_textbook_says(said: bytes, recognised: list[bytes], costs: Costs):
    whole, _ = measured(said, recognised, costs)
    assert whole == pytest.approx([whole_cost(said, word, costs) for word in recognised], abs=1e-4)


@given(words, st.lists(words, min_size=1, max_size=4), tables)
@settings(max_examples=100)
def test_the_best_stretch_lies_between_what_it_costs_with_two_charges_and_what_the_textbook_says(
    said: bytes, recognised: list[bytes], costs: Costs
):
    """The end is charged wherever the whole word is not the best, so an end at the edge may cost a charge too many."""
    _, inside = measured(said, recognised, costs)
    expected = [inside_cost(said, word, costs) for word in recognised]
    for found, least, word in zip(inside, expected, recognised, strict=True):
        assert least - 1e-4 <= found <= min(least + LOCAL_END_COST, whole_cost(said, word, costs)) + 1e-4


def test_a_word_inside_another_costs_a_charge_for_each_end():
    said = bytes([1, 2])
    whole, inside = measured(said, [bytes([1, 2]), bytes([1, 2, 3, 3, 3]), bytes([3, 3, 1, 2, 3, 3])], ones())
    assert whole == [0, 3, 4]
    assert inside == [0, LOCAL_END_COST, 2 * LOCAL_END_COST]


def test_the_width_of_the_table_counts_for_nothing():
    said, recognised = bytes([1, 2, 3]), [bytes([1, 3]), bytes([2, 2, 3, 1, 4])]
    assert measured(said, recognised, ones(), 5) == measured(said, recognised, ones(), 20)


def test_words_of_full_width_and_empty_ones_are_measured():
    full = bytes([1] * 8)
    assert measured(full, [full, b""], ones()) == ([0, 8], [0, 8])
    assert measured(b"", [full, b""], ones())[0] == [8, 0]


def test_no_rows_give_an_empty_result():
    whole, inside = distances(np.array([1], np.uint8), np.empty((0, 4), np.uint8), np.empty(0, np.intp), ones())
    assert (whole.shape, inside.shape) == ((0,), (0,))
