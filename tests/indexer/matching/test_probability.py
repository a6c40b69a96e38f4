"""The probability of possible matches: what the reference, OR, phrases, prefixes and mode any do to it."""

import pytest

from hearsay.records.clip import ClipRow
from hearsay.records.transcript import Alternative, Segment, Word
from indexer.matching.probability import words_of
from indexer.matching.search import Finder
from indexer.query.explanation import explanation_of
from tests.support.finders import find, finder_over, matches, possible

PARTS = ClipRow(
    "long.mp3",
    text="the wall was painted red and she left",
    generated_text="the wall was vainted red and she left",
    duration=60.0,
    segments=(Segment(0.0, 28.0, "the wall was vainted red"), Segment(32.0, 60.0, "and she left")),
)
ROWS = (
    ClipRow("unknown.mp3", generated_text="the wall was vainted red"),
    ClipRow("said.mp3", text="the wall was painted red", generated_text="the wall was vainted red"),
    ClipRow("other.mp3", text="the wall was tainted red", generated_text="the wall was vainted red"),
    ClipRow("form.mp3", text="he paints the wall", generated_text="he vaints the wall"),
    ClipRow("match.mp3", generated_text="the house was painted"),
    ClipRow("apart.mp3", generated_text="a vainted old and dusty wall"),
    ClipRow("smith.mp3", generated_text="a black smith and some one"),
    ClipRow("year.mp3", generated_text="in 1984 we left"),
    ClipRow(
        "doubted.mp3",
        generated_text="it is a mallet",
        words=(Word("mallet", 1.0, 2.0, 0.5, (Alternative("xylophone", 0.4),)),),
    ),
    ClipRow("bird.mp3", text="a blackbird sings", generated_text="a blackbird sings"),
    PARTS,
)


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Finder:
    return finder_over(ROWS, tmp_path_factory.mktemp("probability"))


def test_the_reference_decides_where_it_is_known(finder: Finder):
    found = possible(finder, "painted")
    assert (found["said.mp3"], found["form.mp3"]) == (1.0, 1.0)
    assert "other.mp3" not in found, "its reference lacks the word"
    assert 0 < found["unknown.mp3"] < 1
    assert matches(finder, "painted") == ["match.mp3"]


def test_what_is_spelled_otherwise_in_the_query_is_in_the_reference(finder: Finder):
    for typed in ("black bird", "blackbrid"):
        assert possible(finder, typed)["bird.mp3"] == 1.0, typed


def test_the_most_probable_come_first(finder: Finder):
    for typed in ("painted", "wall painted", "blacksmith", "painted OR blacksmith"):
        found = list(possible(finder, typed).values())
        assert found == sorted(found, reverse=True)
        assert found


def test_every_word_must_be_in_the_reference_in_mode_forgiving_and_one_in_mode_any(finder: Finder):
    assert possible(finder, "painted red")["said.mp3"] == 1.0
    assert "said.mp3" not in possible(finder, "painted blue")
    assert possible(finder, "painted blue", "any")["said.mp3"] == 1.0
    assert "other.mp3" not in possible(finder, "painted blue", "any")


def test_the_words_of_a_phrase_must_be_next_to_each_other_in_the_reference(finder: Finder):
    assert possible(finder, '"was painted red"')["said.mp3"] == 1.0
    assert "said.mp3" not in possible(finder, '"painted was red"')


def test_the_reference_of_a_recording_does_not_say_in_which_part_its_words_are(finder: Finder):
    found = possible(finder, "painted")
    (part,) = [one for one in found if one.startswith("long.mp3")]
    assert 0 < found[part] < 1
    assert not [one for one in possible(finder, "tainted") if one.startswith("long.mp3")], "it is in none of them"


def test_of_several_words_the_transcript_lacks_at_least_one(finder: Finder):
    assert "unknown.mp3" in possible(finder, "the painted wall")
    assert "unknown.mp3" not in possible(finder, "the wall") | possible(finder, "the walls")


@pytest.mark.parametrize("typed", ["painted zebras", "painted otter", "helicopter painted", "the painted zebra left"])
def test_in_a_small_index_other_words_do_not_make_an_unlikely_one_probable(finder: Finder, typed: str):
    assert find(finder, typed, least=None).possible == ()


def test_of_alternatives_one_is_enough(finder: Finder):
    assert possible(finder, "painted OR zebra")["unknown.mp3"] == pytest.approx(
        possible(finder, "painted")["unknown.mp3"]
    )
    assert {"unknown.mp3", "smith.mp3"} <= possible(finder, "painted OR blacksmith").keys()
    assert "unknown.mp3" not in possible(finder, "wall OR painted"), "the wall makes it a match"
    assert "said.mp3" in possible(finder, "zebra OR painted")


def test_what_stands_for_the_words_of_a_phrase_must_be_next_to_each_other(finder: Finder):
    assert "unknown.mp3" in possible(finder, '"painted red"')
    assert "apart.mp3" in possible(finder, "painted wall")
    assert "apart.mp3" not in possible(finder, '"painted wall"')
    assert matches(finder, '"painted red"') == []


def test_a_prefix_must_be_in_the_transcript(finder: Finder):
    assert "unknown.mp3" in possible(finder, "painted wal*")
    assert possible(finder, "painted zeb*") == {}
    assert possible(finder, "paint*") == {}


def test_two_query_words_written_as_one_are_probable(finder: Finder):
    assert possible(finder, "blacksmith")["smith.mp3"] > 0.3
    assert "smith.mp3" in possible(finder, "someone")


def test_numbers_are_never_expanded(finder: Finder):
    for typed in ("1985", "19845", "4th"):
        assert possible(finder, typed) == possible(finder, typed, "any") == {}, typed
    assert possible(finder, "in 1985") == {}
    assert matches(finder, "1984") == ["year.mp3"]
    assert possible(finder, "1984") == {}


def test_an_alternative_of_the_speech_model_is_evidence(finder: Finder):
    found = find(finder, "xylophone").possible
    (one,) = [one for one in found if one.passage.id == "doubted.mp3"]
    assert [evidence.match for evidence in one.evidence] == ["alternative"]
    assert explanation_of(one.evidence) == "“xylophone” considered by the speech model"
    assert 0 < one.probability < 1


def test_a_possible_match_has_evidence_for_each_word(finder: Finder):
    found = {one.passage.id: one for one in find(finder, "the painted wall").possible}["unknown.mp3"]
    assert [(one.word, one.match) for one in found.evidence] == [
        ("the", "word"), ("painted", "sounds like"), ("wall", "word"),
    ]  # fmt: skip
    assert explanation_of(found.evidence) == "transcribed “vainted” for “painted”"


def test_in_mode_any_the_probability_is_that_of_at_least_one_word(finder: Finder):
    one, either = possible(finder, "painted", "any"), possible(finder, "painted blacksmith", "any")
    assert either["unknown.mp3"] >= one["unknown.mp3"] > 0
    assert "smith.mp3" in either
    assert "unknown.mp3" not in possible(finder, "wall painted", "any"), "it has one of them"


@pytest.mark.parametrize(
    ("typed", "mode", "number"),
    [
        ("painted", "forgiving", 1),
        ("painted wall", "forgiving", 2),
        ("painted OR vainted wall", "forgiving", 2),
        ('"the painted wall" red', "forgiving", 4),
        ('painted OR "the painted wall"', "forgiving", 3),
        ("painted accent:us -red", "forgiving", 1),
        ("the painted wall", "any", 1),
    ],
)
def test_the_words_of_a_query_are_counted_without_its_conditions(finder: Finder, typed: str, mode: str, number: int):
    assert words_of(finder.planner.plan(typed, mode)) == number
