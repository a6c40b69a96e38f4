"""Word confusions, and error rates by slice, on clips whose errors can be counted by hand."""

from dataclasses import replace

import pytest

from hearsay.records.clip import ClipRow
from hearsay.records.transcript import Segment
from hearsay.text.wer import WordErrors
from hearsay.text.wer_by_slice import FEWEST_CLIPS
from indexer.insights.word_errors import (
    AlignedClip,
    WordConfusions,
    align_clips,
    confusions_of,
    errors_by_slice,
)
from indexer.passages import passages_of
from indexer.schema import UNKNOWN


def clips(*rows: ClipRow) -> list[AlignedClip]:
    return align_clips(passage for row in rows for passage in passages_of(row))


def pair(reference: str, recognised: str) -> ClipRow:
    return ClipRow(f"set/{reference}.mp3", text=reference, generated_text=recognised)


def many(number: int, **values: str) -> list[ClipRow]:
    """Clips of two words, one of which is misrecognised in every fourth clip."""
    return [
        ClipRow(
            f"set/{values}/{at}.mp3", text="red dog", generated_text="red dock" if at % 4 == 0 else "red dog", **values
        )
        for at in range(number)
    ]


def replacements(reference: str, transcript: str) -> dict[str, dict[str, int]]:
    return {found.word: dict(found.replacements) for found in confusions_of(clips(pair(reference, transcript)))}


@pytest.mark.parametrize(
    ("reference", "recognised", "wrong"),
    [
        ("the old man", "THE OLD MAN", {}),
        ("the old man", "the hold man", {"old": {"hold": 1}}),
        ("the old man", "the man", {"old": {"": 1}}),
        ("the blacksmith sang", "the black smith sang", {"blacksmith": {"black smith": 1}}),
        ("i'm well", "i am well", {}),
        ("twenty two days", "23 days", {"22": {"23": 1}}),
        ("the um colour", "the collar", {"color": {"collar": 1}}),
        ("what a day", "one the day", {"what": {"one": 1}, "a": {"the": 1}}),
        ("a day", "what a day", {}),
        ("a a b", "c c b", {"a": {"c": 2}}),
    ],
)
def test_a_misrecognised_word_has_its_replacement(reference: str, recognised: str, wrong: dict[str, dict[str, int]]):
    assert replacements(reference, recognised) == wrong


def test_a_word_has_its_occurrences_and_its_replacements_by_frequency():
    rows = [pair("dog one", "dock one"), pair("dog two", "fog two"), pair("dog dog", "dog fog")]
    assert confusions_of(clips(*rows)) == [WordConfusions("dog", 4, {"fog": 2, "dock": 1})]
    assert confusions_of(clips(*rows))[0].errors == 3


def test_only_whole_clips_with_a_reference_and_a_transcript_are_compared():
    long = ClipRow(
        "set/long.mp3", text="one two", duration=60.0, segments=(Segment(0, 29, "one"), Segment(31, 60, "two"))
    )
    rows = (
        pair("one", "one"),
        ClipRow("set/no-reference.mp3", generated_text="red"),
        ClipRow("set/untranscribed.mp3", text="one"),
        ClipRow("set/silent.mp3", text="one", asr_model="pocketsphinx"),
        ClipRow("set/broken.mp3", text="one", asr_model="pocketsphinx", error="no sound in it"),
        ClipRow("set/sign.mp3", text="?!", generated_text="red"),
        ClipRow("set/filler.mp3", text="um", generated_text="red"),
        long,
    )
    assert [clip.passage.id for clip in clips(*rows)] == ["set/one.mp3", "set/silent.mp3"]


def test_the_errors_of_a_slice_add_up_over_its_clips():
    found = errors_by_slice(
        clips(pair("red dog", "red"), pair("boy", "boy sang loudly"), pair("song", "long")), ()
    ).whole
    assert found.errors == WordErrors(reference_words=4, substitutions=1, deletions=1, insertions=2)
    assert (found.texts, found.estimate) == (3, None)


def test_a_slice_with_at_least_twenty_clips_has_a_rate_with_an_interval():
    few, enough = many(FEWEST_CLIPS - 1), many(FEWEST_CLIPS)
    assert errors_by_slice(clips(*few), ()).whole.estimate is None
    rate = errors_by_slice(clips(*enough), ()).whole.estimate
    assert rate is not None
    assert rate.mean == pytest.approx(5 / 40)
    assert 0 < rate.low < rate.mean < rate.high < 0.3


def test_clips_are_sliced_by_facet_and_clips_without_a_value_form_one_slice():
    rows = [*many(20, age="teens"), *many(24, age="sixties"), *many(3), replace(pair("one", "one"), age="x" * 2000)]
    found = errors_by_slice(clips(*rows), ["age"]).by["age"]
    assert {value: part.texts for value, part in found.items()} == {"teens": 20, "sixties": 24, UNKNOWN: 4}
    assert errors_by_slice([], ["age"]).by["age"] == {}
