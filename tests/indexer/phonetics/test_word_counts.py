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


def counted(said: list[list[str]]) -> WordCounts:
    counter = WordCounter()
    for recognised in said:
        counter.add(" ".join(recognised))
    return counter.counts()


def by_hand(said: list[list[str]]) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    pairs = (pair for recognised in said for pair in set(pairwise(recognised)) if len("".join(pair)) <= LONGEST_PAIR)
    return Counter(word for recognised in said for word in set(recognised)), Counter(pairs)


@given(transcripts, st.integers(1, 5), st.integers(1, 9))
@settings(max_examples=100)
def test_every_word_and_pair_is_counted_as_by_hand_however_many_at_once(said: list[list[str]], few: int, waiting: int):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "_TOGETHER", few)
        patched.setattr(module, "_WAITING", waiting)
        found = counted(said)
    assert (found.passages, found.of_words(), found.of_pairs()) == (len(said), *by_hand(said))
    assert list(found.words) == sorted(found.words)
    assert found.pairs.tolist() == sorted(found.pairs.tolist())


@given(transcripts, transcripts)
@settings(max_examples=60)
def test_two_counts_together_are_the_count_of_all(some: list[list[str]], more: list[list[str]]):
    both, all_at_once = counted(some) + counted(more), counted(some + more)
    assert (both.passages, both.words) == (all_at_once.passages, all_at_once.words)
    for name in ("word_passages", "pairs", "pair_passages"):
        assert getattr(both, name).tolist() == getattr(all_at_once, name).tolist()


def test_what_was_counted_can_be_asked_for_between():
    counter = WordCounter()
    counter.add("the boy")
    assert counter.counts().of_pairs() == counter.counts().of_pairs() == {("the", "boy"): 1}
    counter.add("the boy ran")
    assert counter.counts().of_words() == {"the": 2, "boy": 2, "ran": 1}
    assert counter.counts().of_pairs() == {("the", "boy"): 2, ("boy", "ran"): 1}


def test_more_transcripts_than_are_counted_together_are_reported_apart():
    said = [["the", "boy"]] * (module._TOGETHER + 1)
    assert counted(said).of_words() == {"the": len(said), "boy": len(said)}
    assert module._TOGETHER <= 1 << module._TRANSCRIPT_BITS


def test_pairs_that_were_recognised_once_are_forgotten_when_there_are_too_many_to_count(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(module, "_MOST_PAIRS", 3)
    found = counted([["the", "boy"], ["the", "boy"], ["a", "b", "c", "d"]])
    assert found.of_pairs() == {("the", "boy"): 2}
    assert found.of_words()["d"] == 1


def test_of_too_many_words_those_that_were_met_least_are_forgotten_with_their_pairs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_MOST_WORDS", 4)
    counter = WordCounter()
    for said in ("the the boy", "the boy", "the cat", "the cat", "the sea", "a dog"):
        counter.add(said)
    assert counter.counts().of_words() == {"the": 5}, "the half at most, and of equal ones none"
    assert counter.counts().of_pairs() == {("the", "the"): 1}
    counter.add("the boy")
    assert counter.counts().of_words() == {"the": 6, "boy": 1}
    assert counter.counts().of_pairs() == {("the", "the"): 1, ("the", "boy"): 1}
    assert counter.passages == 7


@given(transcripts, st.integers(1, 3))
@settings(max_examples=100)
def test_however_much_is_said_few_are_counted_and_none_too_often(said: list[list[str]], few: int):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "_TOGETHER", few)
        patched.setattr(module, "_MOST_WORDS", 4)
        patched.setattr(module, "_MOST_PAIRS", 6)
        found = counted(said)
    words, pairs = by_hand(said)
    assert len(found.words) <= 4
    assert len(found.pairs) <= 6
    assert found.of_words() <= words
    assert found.of_pairs() <= pairs


def test_documents_are_counted_as_they_go_by_like_their_passages():
    counter = WordCounter()
    made = passages((ClipRow("a", generated_text="THE BOY"), ClipRow("b", generated_text=""), ClipRow("c")))
    documents = list(map(document_of, made))
    assert list(counted_documents(iter(documents), counter)) == documents
    assert counter.passages == 3
    assert counter.counts().of_words() == count_words(made).counts().of_words() == {"the": 1, "boy": 1}


def test_made_transcripts_of_every_script_are_counted_as_by_hand():
    found = count_words(passages()).counts()
    assert (found.of_words(), found.of_pairs()) == by_hand(
        [tokens(passage.row.generated_text) for passage in passages()]
    )
