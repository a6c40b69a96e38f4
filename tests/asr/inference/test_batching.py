from hypothesis import given
from hypothesis import strategies as st

from asr.inference.batching import MOST_PADDING, Padding, batches, equal_batches, padding_ratio

lengths_of_clips = st.lists(st.integers(1, 480_000), max_size=60)


@given(lengths_of_clips, st.integers(1, 2_000_000))
def test_every_piece_is_in_one_batch_within_the_limits_of_length_and_padding(lengths: list[int], most: int):
    found = batches(lengths, most)
    assert sorted(number for batch in found for number in batch) == list(range(len(lengths)))
    for batch in found:
        own = [lengths[number] for number in batch]
        assert own == sorted(own, reverse=True)
        assert len(batch) == 1 or own[0] * len(batch) <= min(most, MOST_PADDING * sum(own))
    assert 1 <= padding_ratio(lengths, found) <= MOST_PADDING


@given(st.lists(st.integers(1, 6), max_size=40), st.integers(1, 12))
def test_without_padding_only_equal_lengths_share_a_batch(lengths: list[int], most: int):
    found = equal_batches(lengths, most)
    assert sorted(number for batch in found for number in batch) == list(range(len(lengths)))
    for batch in found:
        assert len({lengths[number] for number in batch}) == 1
        assert len(batch) == 1 or lengths[batch[0]] * len(batch) <= most
    assert padding_ratio(lengths, found) == 1
    fullest = sum(-(-lengths.count(length) // max(1, most // length)) for length in set(lengths))
    assert len(found) == fullest


@given(st.integers(1, 1000), st.integers(1, 50), st.integers(1, 20_000))
def test_pieces_of_equal_length_fill_their_batches(length: int, count: int, most: int):
    sizes = [len(batch) for batch in batches([length] * count, most)]
    assert all(size == max(1, most // length) for size in sizes[:-1])


def test_the_longest_pieces_come_first_so_that_a_memory_shortage_shows_at_once():
    assert batches([3, 19, 20, 3], 40) == [[2, 1], [0, 3]]


def test_the_padding_ratio_is_padded_length_over_real_length():
    assert padding_ratio([2, 8, 2, 8], [[0, 1], [2, 3]]) == 1.6
    assert padding_ratio([2, 8, 2, 8], batches([2, 8, 2, 8], 100)) == 1
    assert padding_ratio([], []) == 1


def test_padding_is_accumulated_over_all_batches():
    padding = Padding()
    assert padding.ratio == 1
    padding.count([2, 8], 8)
    padding.count([6], 6)
    assert padding.ratio == 22 / 16
