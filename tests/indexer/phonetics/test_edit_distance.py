"""Edit distances, compared with the textbook dynamic programme."""

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


def whole_cost(reference: bytes, recognised: bytes, costs: Costs) -> float:
    """Wagner and Fischer: the cheapest way to change one word into the other."""
    table = np.zeros((len(reference) + 1, len(recognised) + 1))
    for row in range(len(reference) + 1):
        for column in range(len(recognised) + 1):
            ways = [0.0] if row == column == 0 else []
            if row:
                ways.append(table[row - 1, column] + costs[reference[row - 1], 0])
            if column:
                ways.append(table[row, column - 1] + costs[0, recognised[column - 1]])
            if row and column:
                ways.append(table[row - 1, column - 1] + costs[reference[row - 1], recognised[column - 1]])
            table[row, column] = min(ways)
    return float(table[-1, -1])


def inside_cost(reference: bytes, recognised: bytes, costs: Costs) -> float:
    """The whole word, or any substring with a charge for each end inside the word."""
    ways = [whole_cost(reference, recognised, costs)]
    for start in range(len(recognised) + 1):
        for end in range(start, len(recognised) + 1):
            ends_inside = (start > 0) + (end < len(recognised))
            ways.append(whole_cost(reference, recognised[start:end], costs) + LOCAL_END_COST * ends_inside)
    return min(ways)


def measured(
    reference: bytes, recognised: list[bytes], costs: Costs, width: int = 8
) -> tuple[list[float], list[float]]:
    padded = np.array([list(word.ljust(width, b"\0")) for word in recognised], np.uint8)
    lengths = np.array([len(word) for word in recognised], np.intp)
    whole, inside = distances(np.frombuffer(reference, np.uint8), padded, lengths, costs)
    return whole.tolist(), inside.tolist()


def ones() -> Costs:
    return np.ones((SYMBOLS, SYMBOLS), np.float32) - np.eye(SYMBOLS, dtype=np.float32)


@given(words, st.lists(words, min_size=1, max_size=5), tables)
@settings(max_examples=150)
def test_the_distance_to_a_whole_word_equals_the_textbook_result(
    reference: bytes, recognised: list[bytes], costs: Costs
):
    whole, _ = measured(reference, recognised, costs)
    assert whole == pytest.approx([whole_cost(reference, word, costs) for word in recognised], abs=1e-4)


@given(words, st.lists(words, min_size=1, max_size=4), tables)
@settings(max_examples=100)
def test_the_distance_to_a_substring_is_at_most_one_charge_above_the_optimum(
    reference: bytes, recognised: list[bytes], costs: Costs
):
    """The end is charged whenever the whole word is not the best match, so an end at the edge may add one charge."""
    _, inside = measured(reference, recognised, costs)
    expected = [inside_cost(reference, word, costs) for word in recognised]
    for found, least, word in zip(inside, expected, recognised, strict=True):
        assert least - 1e-4 <= found <= min(least + LOCAL_END_COST, whole_cost(reference, word, costs)) + 1e-4


def test_a_substring_costs_one_boundary_charge_per_inner_end():
    reference = bytes([1, 2])
    whole, inside = measured(reference, [bytes([1, 2]), bytes([1, 2, 3, 3, 3]), bytes([3, 3, 1, 2, 3, 3])], ones())
    assert whole == [0, 3, 4]
    assert inside == [0, LOCAL_END_COST, 2 * LOCAL_END_COST]


def test_the_width_of_the_table_does_not_change_the_distance():
    reference, recognised = bytes([1, 2, 3]), [bytes([1, 3]), bytes([2, 2, 3, 1, 4])]
    assert measured(reference, recognised, ones(), 5) == measured(reference, recognised, ones(), 20)


def test_words_of_full_width_and_empty_words_have_a_distance():
    full = bytes([1] * 8)
    assert measured(full, [full, b""], ones()) == ([0, 8], [0, 8])
    assert measured(b"", [full, b""], ones())[0] == [8, 0]


def test_no_rows_give_an_empty_result():
    whole, inside = distances(np.array([1], np.uint8), np.empty((0, 4), np.uint8), np.empty(0, np.intp), ones())
    assert (whole.shape, inside.shape) == ((0,), (0,))
