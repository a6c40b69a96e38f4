"""The table of word confusions, over alignments that can be counted by hand."""

from hypothesis import given
from hypothesis import strategies as st

from hearsay.text.normalize import tokens
from hearsay.text.wer import WordErrors, align
from indexer.phonetics.confusion_table import ConfusionTable

sentences = st.lists(st.sampled_from(["boy", "dog", "cat"]), max_size=6)


def table(*pairs: tuple[str, str]) -> ConfusionTable:
    return ConfusionTable.of(align(tokens(reference), tokens(transcript)) for reference, transcript in pairs)


def test_spans_are_the_differences_between_reference_and_transcript():
    found = table(("the blacksmith was painted", "the black smith was vainted red"))
    assert found.spans == {("blacksmith", "black smith"): 1, ("painted", "vainted red"): 1}
    assert table(("the boy", "the boy")).spans == {}
    assert table(("boy", ""), ("", "dog")).spans == {("boy", ""): 1, ("", "dog"): 1}


def test_the_replacement_of_a_word_is_everything_recognised_in_its_place():
    assert table(("the blacksmith", "the black smith")).replacements == {"blacksmith": {"black smith": 1}}
    assert table(("what a day", "one the day")).replacements == {"what": {"one": 1}, "a": {"the": 1}}


def test_confusions_add_up_over_alignments():
    found = table(("dog one", "dock one"), ("dog two", "fog two"), ("dog dog", "dog fog"))
    assert found.replacements == {"dog": {"fog": 2, "dock": 1}}
    assert found.spans == {("dog", "fog"): 2, ("dog", "dock"): 1}
    assert found.occurrences == {"dog": 4, "one": 1, "two": 1}


@given(st.lists(st.tuples(sentences, sentences), max_size=5))
def test_the_number_of_replacements_is_the_number_of_substitutions_and_deletions(
    pairs: list[tuple[list[str], list[str]]],
):
    alignments = [align(reference, transcript) for reference, transcript in pairs]
    found = ConfusionTable.of(alignments)
    errors = sum((WordErrors.of(edits) for edits in alignments), WordErrors())
    assert sum(counts.total() for counts in found.replacements.values()) == errors.substitutions + errors.deletions
    assert found.occurrences.total() == errors.reference_words
