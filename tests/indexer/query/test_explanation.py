import pytest

from hearsay.records.clip import Alternative, ClipRow, Word
from indexer.documents import stem
from indexer.passages import Passage
from indexer.phonetics.expansion import Expansion
from indexer.query.explanation import Evidence, How, QueryTerm, evidence_of, told


def passage(text: str, **alternatives: float) -> Passage:
    """A clip with this transcript, in which the recogniser nearly wrote some other words."""
    words = (Word("x", 0.0, 0.5, 0.5, tuple(Alternative(word, sure) for word, sure in alternatives.items())),)
    return Passage("clip", 0.0, None, ClipRow("clip", generated_text=text, words=words if alternatives else ()))


def terms(word: str, *expansions: tuple[str, float]) -> QueryTerm:
    return QueryTerm(
        word, stem(word), tuple(Expansion(tuple(text.split()), probability) for text, probability in expansions)
    )


def how(text: str, one: QueryTerm, **alternatives: float) -> tuple[How, tuple[str, ...]]:
    (evidence,) = evidence_of(passage(text, **alternatives), [one])
    return evidence.how, evidence.heard_as


def test_the_surest_evidence_is_told():
    painted = terms("painted", ("vainted", 0.6), ("pain ted", 0.3))
    assert how("A PAINTED, PAINTING VAINTED CUP", painted) == ("heard", ("painted", "painting"))
    assert how("A PAINTING VAINTED CUP", painted) == ("other form", ("painting",))
    assert how("A VAINTED PAIN TED CUP", painted) == ("sounds like", ("vainted",))
    assert how("A PAIN TED CUP", painted) == ("sounds like", ("pain", "ted"))
    assert how("A CUP", painted, painted=0.4) == ("alternative", ())
    assert how("A CUP", painted) == ("missing", ())


def test_of_a_guess_that_is_two_words_both_stand_side_by_side_in_order():
    blacksmith = terms("blacksmith", ("black smith", 0.5))
    for text in ("SMITH BLACK", "BLACK THE SMITH", "BLACK", "BLACKSMITHS SMITH"):
        assert how(text, QueryTerm("blacksmith", None, blacksmith.expansions)) == ("missing", ())


def test_of_two_words_the_one_that_is_about_as_likely_by_itself_is_told_without_its_neighbour():
    painted = terms("painted", ("the vainted", 0.8), ("vainted", 0.7), ("the", 0.3), ("pain ted", 0.2), ("pain", 0.05))
    assert how("THE VAINTED CUP", painted) == ("sounds like", ("vainted",))
    assert how("A PAIN TED CUP", painted) == ("sounds like", ("pain", "ted"))
    (evidence,) = evidence_of(passage("THE VAINTED CUP"), [painted])
    assert evidence.probability == 0.8, "that of all that was found"


@pytest.mark.parametrize(("confidence", "expected"), [(0.2, "sounds like"), (0.5, "sounds like"), (0.7, "alternative")])
def test_between_a_guess_and_what_was_nearly_heard_the_likelier_is_told(confidence: float, expected: How):
    assert how("A VAINTED CUP", terms("painted", ("vainted", 0.5)), painted=confidence)[0] == expected


def test_probabilities_are_those_of_the_evidence_and_one_where_it_was_heard():
    every = [terms("cup"), terms("painted", ("vainted", 0.5)), terms("read"), terms("nowhere")]
    evidence = evidence_of(passage("VAINTED CUPS CUP", read=0.3), every)
    assert [one.probability for one in evidence] == [1.0, 0.5, 0.3, 0.0]
    assert [one.word for one in evidence] == ["cup", "painted", "read", "nowhere"]


def test_a_beginning_is_heard_in_every_word_that_begins_with_it():
    assert how("BOYS AND A BOY BUOY", QueryTerm("bo*")) == ("heard", ("boy", "boys"))
    assert how("A BUOY", QueryTerm("bo*")) == ("missing", ())


def test_in_mode_baseline_other_forms_and_what_was_nearly_heard_are_no_evidence():
    assert how("BOYS RUNNING", QueryTerm("boy")) == ("missing", ())
    assert how("RUNNING", QueryTerm("boy"), boy=0.9) == ("missing", ())


def test_an_optional_word_that_is_not_there_is_not_missed():
    pair = [QueryTerm("boy", is_optional=True), QueryTerm("girl", is_optional=True)]
    assert [one.word for one in evidence_of(passage("A GIRL"), pair)] == ["girl"]


def test_where_all_that_or_stands_between_is_missing_that_is_said_at_once():
    pair = [QueryTerm(word, is_optional=True, either=("boy", "girl")) for word in ("boy", "girl")]
    assert told(evidence_of(passage("A DOG"), pair)) == "without “boy OR girl”"
    assert told(evidence_of(passage("A GIRL"), pair)) == ""


def test_words_are_compared_as_they_are_indexed():
    assert how("CAN’T Straße", terms("cant"))[0] == "heard"
    assert how("京都大学", terms("大学"))[0] == "heard"
    assert how("", terms("boy"))[0] == "missing"


def test_a_person_is_told_what_the_marks_do_not_show():
    evidence = (
        Evidence("cup", "heard", ("cup",), 1.0),
        Evidence("boys", "other form", ("boy",), 1.0),
        Evidence("blacksmith", "sounds like", ("black", "smith"), 0.4),
        Evidence("red", "alternative", (), 0.3),
        Evidence("lion", "missing"),
        Evidence("otter", "missing"),
    )
    assert told(evidence) == (
        "“boy” for “boys”; heard “black smith” for “blacksmith”; “red” was nearly heard; without “lion”, “otter”"
    )
    assert told(evidence[:1]) == told(()) == ""
    assert told(evidence[-1:]) == "without “otter”"


def test_neighbours_that_were_heard_as_one_are_told_as_one():
    evidence = (
        Evidence("some", "sounds like", ("someone",), 0.8),
        Evidence("one", "sounds like", ("someone",), 0.8),
        Evidence("boys", "other form", ("boy",), 1.0),
        Evidence("lion", "missing"),
        Evidence("otter", "missing"),
    )
    assert told(evidence) == "heard “someone” for “some one”; “boy” for “boys”; without “lion”, “otter”"


def test_words_that_do_not_make_what_was_heard_for_each_are_told_one_by_one():
    evidence = (
        Evidence("painted", "sounds like", ("vainted",), 0.5),
        Evidence("tainted", "sounds like", ("vainted",), 0.4),
        Evidence("runs", "other form", ("run",), 1.0),
        Evidence("running", "other form", ("run",), 1.0),
    )
    assert told(evidence) == "heard “vainted” for “painted” and “tainted”; “run” for “runs” and “running”"
