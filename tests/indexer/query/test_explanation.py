import pytest

from hearsay.records.clip import ClipRow
from hearsay.records.transcript import Alternative, Word
from indexer.documents import stem
from indexer.passages import Passage
from indexer.phonetics.expansion import Expansion
from indexer.query.explanation import Evidence, MatchKind, QueryTerm, evidence_of, explanation_of


def passage(text: str, **alternatives: float) -> Passage:
    """A clip with this transcript, for which the speech model also considered some other words."""
    words = (Word("x", 0.0, 0.5, 0.5, tuple(Alternative(word, sure) for word, sure in alternatives.items())),)
    return Passage("clip", 0.0, None, ClipRow("clip", generated_text=text, words=words if alternatives else ()))


def terms(word: str, *expansions: tuple[str, float]) -> QueryTerm:
    return QueryTerm(
        word, stem(word), tuple(Expansion(tuple(text.split()), probability) for text, probability in expansions)
    )


def match_of(text: str, one: QueryTerm, **alternatives: float) -> tuple[MatchKind, tuple[str, ...]]:
    (evidence,) = evidence_of(passage(text, **alternatives), [one])
    return evidence.match, evidence.matched


def test_the_most_certain_evidence_is_reported():
    painted = terms("painted", ("vainted", 0.6), ("pain ted", 0.3))
    assert match_of("A PAINTED, PAINTING VAINTED CUP", painted) == ("word", ("painted", "painting"))
    assert match_of("A PAINTING VAINTED CUP", painted) == ("other form", ("painting",))
    assert match_of("A VAINTED PAIN TED CUP", painted) == ("sounds like", ("vainted",))
    assert match_of("A PAIN TED CUP", painted) == ("sounds like", ("pain", "ted"))
    assert match_of("A CUP", painted, painted=0.4) == ("alternative", ())
    assert match_of("A CUP", painted) == ("missing", ())


def test_the_words_of_a_pair_match_only_next_to_each_other_and_in_order():
    blacksmith = terms("blacksmith", ("black smith", 0.5))
    for text in ("SMITH BLACK", "BLACK THE SMITH", "BLACK", "BLACKSMITHS SMITH"):
        assert match_of(text, QueryTerm("blacksmith", None, blacksmith.expansions)) == ("missing", ())


def test_a_word_that_is_about_as_likely_as_its_pair_is_reported_alone():
    painted = terms("painted", ("the vainted", 0.8), ("vainted", 0.7), ("the", 0.3), ("pain ted", 0.2), ("pain", 0.05))
    assert match_of("THE VAINTED CUP", painted) == ("sounds like", ("vainted",))
    assert match_of("A PAIN TED CUP", painted) == ("sounds like", ("pain", "ted"))
    (evidence,) = evidence_of(passage("THE VAINTED CUP"), [painted])
    assert evidence.probability == 0.8, "the probability of the whole pair"


@pytest.mark.parametrize(("confidence", "expected"), [(0.2, "sounds like"), (0.5, "sounds like"), (0.7, "alternative")])
def test_the_more_likely_of_an_expansion_and_an_alternative_is_reported(confidence: float, expected: MatchKind):
    assert match_of("A VAINTED CUP", terms("painted", ("vainted", 0.5)), painted=confidence)[0] == expected


def test_the_probability_is_that_of_the_evidence_and_1_for_the_word_itself():
    every = [terms("cup"), terms("painted", ("vainted", 0.5)), terms("read"), terms("nowhere")]
    evidence = evidence_of(passage("VAINTED CUPS CUP", read=0.3), every)
    assert [one.probability for one in evidence] == [1.0, 0.5, 0.3, 0.0]
    assert [one.word for one in evidence] == ["cup", "painted", "read", "nowhere"]


def test_a_prefix_matches_every_word_that_begins_with_it():
    assert match_of("BOYS AND A BOY BUOY", QueryTerm("bo*")) == ("word", ("boy", "boys"))
    assert match_of("A BUOY", QueryTerm("bo*")) == ("missing", ())


def test_mode_baseline_ignores_other_forms_and_alternatives():
    assert match_of("BOYS RUNNING", QueryTerm("boy")) == ("missing", ())
    assert match_of("RUNNING", QueryTerm("boy"), boy=0.9) == ("missing", ())


def test_an_optional_word_without_a_match_is_not_reported_as_missing():
    pair = [QueryTerm("boy", is_optional=True), QueryTerm("girl", is_optional=True)]
    assert [one.word for one in evidence_of(passage("A GIRL"), pair)] == ["girl"]


def test_if_all_operands_of_or_are_missing_they_are_reported_as_one():
    pair = [QueryTerm(word, is_optional=True, either=("boy", "girl")) for word in ("boy", "girl")]
    assert explanation_of(evidence_of(passage("A DOG"), pair)) == "without “boy OR girl”"
    assert explanation_of(evidence_of(passage("A GIRL"), pair)) == ""


def test_words_are_compared_as_they_are_indexed():
    assert match_of("CAN’T Straße", terms("cant"))[0] == "word"
    assert match_of("京都大学", terms("大学"))[0] == "word"
    assert match_of("", terms("boy"))[0] == "missing"


def test_the_explanation_says_what_the_highlighting_does_not_show():
    evidence = (
        Evidence("cup", "word", ("cup",), 1.0),
        Evidence("boys", "other form", ("boy",), 1.0),
        Evidence("blacksmith", "sounds like", ("black", "smith"), 0.4),
        Evidence("red", "alternative", (), 0.3),
        Evidence("lion", "missing"),
        Evidence("otter", "missing"),
    )
    assert explanation_of(evidence) == (
        "transcribed “boy” for “boys”, “black smith” for “blacksmith”; "
        "“red” considered by the speech model; without “lion”, “otter”"
    )
    assert explanation_of(evidence[:1]) == explanation_of(()) == ""
    assert explanation_of(evidence[-1:]) == "without “otter”"


def test_neighbouring_words_with_one_match_are_explained_together():
    evidence = (
        Evidence("some", "sounds like", ("someone",), 0.8),
        Evidence("one", "sounds like", ("someone",), 0.8),
        Evidence("boys", "other form", ("boy",), 1.0),
        Evidence("lion", "missing"),
        Evidence("otter", "missing"),
    )
    assert explanation_of(evidence) == "transcribed “someone” for “some one”, “boy” for “boys”; without “lion”, “otter”"


def test_words_that_do_not_add_up_to_their_match_are_listed_separately():
    evidence = (
        Evidence("painted", "sounds like", ("vainted",), 0.5),
        Evidence("tainted", "sounds like", ("vainted",), 0.4),
        Evidence("runs", "other form", ("run",), 1.0),
        Evidence("running", "other form", ("run",), 1.0),
    )
    assert (
        explanation_of(evidence) == "transcribed “vainted” for “painted” and “tainted”, “run” for “runs” and “running”"
    )
