from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearsay.records.clip import ClipRow
from hearsay.text.normalize import tokens
from indexer.documents import document_of
from indexer.phonetics import word_counts as module
from indexer.phonetics.word_counts import LONGEST_PAIR, WordCounter, WordCounts, count_words, counted_documents
from tests.support.rows import passages

transcripts = st.lists(st.lists(st.sampled_from([*"abcdefgh", "京都", "a" * 17]), max_size=5), max_size=30)


def counted(sentences: list[list[str]]) -> WordCounts:
    counter = WordCounter()
    for recognised in sentences:
        counter.add(" ".join(recognised))
    return counter.counts()


def by_hand(sentences: list[list[str]]) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    pairs = (
        pair for recognised in sentences for pair in set(pairwise(recognised)) if len("".join(pair)) <= LONGEST_PAIR
    )
    return Counter(word for recognised in sentences for word in set(recognised)), Counter(pairs)


@given(transcripts, st.integers(1, 5), st.integers(1, 9))
@settings(max_examples=100)
def test_words_and_pairs_are_counted_correctly_for_any_batch_size(sentences: list[list[str]], few: int, waiting: int):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "_TOGETHER", few)
        patched.setattr(module, "_WAITING", waiting)
        found = counted(sentences)
    assert (found.passages, found.of_words(), found.of_pairs()) == (len(sentences), *by_hand(sentences))
    assert list(found.words) == sorted(found.words)
    assert found.pairs.tolist() == sorted(found.pairs.tolist())


@given(transcripts, transcripts)
@settings(max_examples=60)
def test_the_sum_of_two_counts_is_the_count_of_all(some: list[list[str]], more: list[list[str]]):
    both, all_at_once = counted(some) + counted(more), counted(some + more)
    assert (both.passages, both.words) == (all_at_once.passages, all_at_once.words)
    for name in ("word_passages", "pairs", "pair_passages"):
        assert getattr(both, name).tolist() == getattr(all_at_once, name).tolist()


def test_counts_can_be_read_while_counting():
    counter = WordCounter()
    counter.add("the boy")
    assert counter.counts().of_pairs() == counter.counts().of_pairs() == {("the", "boy"): 1}
    counter.add("the boy ran")
    assert counter.counts().of_words() == {"the": 2, "boy": 2, "ran": 1}
    assert counter.counts().of_pairs() == {("the", "boy"): 2, ("boy", "ran"): 1}


def test_transcripts_beyond_one_batch_are_counted_individually():
    sentences = [["the", "boy"]] * (module._TOGETHER + 1)
    assert counted(sentences).of_words() == {"the": len(sentences), "boy": len(sentences)}
    assert module._TOGETHER <= 1 << module._TRANSCRIPT_BITS


def test_pairs_seen_once_are_dropped_if_there_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(module, "_MOST_PAIRS", 3)
    found = counted([["the", "boy"], ["the", "boy"], ["a", "b", "c", "d"]])
    assert found.of_pairs() == {("the", "boy"): 2}
    assert found.of_words()["d"] == 1


def test_the_rarest_of_too_many_words_are_dropped_with_their_pairs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_MOST_WORDS", 4)
    counter = WordCounter()
    for sentences in ("the the boy", "the boy", "the cat", "the cat", "the sea", "a dog"):
        counter.add(sentences)
    assert counter.counts().of_words() == {"the": 5}, "at most half are kept, and of equal ones none"
    assert counter.counts().of_pairs() == {("the", "the"): 1}
    counter.add("the boy")
    assert counter.counts().of_words() == {"the": 6, "boy": 1}
    assert counter.counts().of_pairs() == {("the", "the"): 1, ("the", "boy"): 1}
    assert counter.passages == 7


@given(transcripts, st.integers(1, 3))
@settings(max_examples=100)
def test_counts_stay_within_the_limits_and_never_exceed_the_true_counts(sentences: list[list[str]], few: int):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "_TOGETHER", few)
        patched.setattr(module, "_MOST_WORDS", 4)
        patched.setattr(module, "_MOST_PAIRS", 6)
        found = counted(sentences)
    words, pairs = by_hand(sentences)
    assert len(found.words) <= 4
    assert len(found.pairs) <= 6
    assert found.of_words() <= words
    assert found.of_pairs() <= pairs


def test_streamed_documents_are_counted_like_their_passages():
    counter = WordCounter()
    made = passages((ClipRow("a", generated_text="THE BOY"), ClipRow("b", generated_text=""), ClipRow("c")))
    documents = list(map(document_of, made))
    assert list(counted_documents(iter(documents), counter)) == documents
    assert counter.passages == 3
    assert counter.counts().of_words() == count_words(made).counts().of_words() == {"the": 1, "boy": 1}


def test_transcripts_in_every_script_are_counted_correctly():
    found = count_words(passages()).counts()
    assert (found.of_words(), found.of_pairs()) == by_hand(
        [tokens(passage.row.generated_text) for passage in passages()]
    )
