"""Statistics of an index, compared with counts by hand."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hearsay.records.clip import ClipRow
from hearsay.records.emotions import sentiment_of
from hearsay.records.score import scored_words_of
from hearsay.records.transcript import ModelTranscript, Segment
from hearsay.text.wer import WordErrors, word_errors
from indexer.embedded.writer import EmbeddedWriter
from indexer.index import Range, Request, SearchWriter
from indexer.insights import statistics
from indexer.insights.statistics import CollectionStatistics, collect_statistics
from indexer.passages import passages_of
from indexer.schema import UNKNOWN
from tests.support.both_engines import loaded
from tests.support.elastic_nodes import Node

EMOTIONS = ("angry", "happiness", "neutral", "uncertain")

ROWS = [
    ClipRow(
        f"set/{at:03}.mp3",
        text="the blacksmith sang",
        generated_text="the black smith sang" if at % 3 == 0 else "the blacksmith sang",
        duration=0.5 * at,
        age=("teens", "sixties", "")[at % 3],
        gender="female" if at % 2 else "male",
        emotion=EMOTIONS[at % 4],
        sentiment=sentiment_of(EMOTIONS[at % 4]),
        emotion_score=at % 11 / 10,
    )
    for at in range(60)
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchWriter]:
    yield from filled(tmp_path_factory.mktemp("made"), ROWS)


def filled(folder: Path, rows: list[ClipRow]) -> Iterator[SearchWriter]:
    index = EmbeddedWriter(folder)
    index.replace(passage for row in rows for passage in passages_of(row))
    yield index
    index.close()


def of(folder: Path, *rows: ClipRow) -> CollectionStatistics:
    (found,) = (collect_statistics(index, Request()) for index in filled(folder, list(rows)))
    return found


def number(**wanted: str) -> int:
    return sum(all(getattr(row, name) == value for name, value in wanted.items()) for row in ROWS)


def test_all_clips_and_their_seconds_are_counted(index: SearchWriter):
    found = collect_statistics(index, Request())
    assert found.total == 60
    assert found.seconds == pytest.approx(sum(row.duration or 0 for row in ROWS))
    assert found.facets["age"] == {"teens": 20, "sixties": 20, UNKNOWN: 20}
    assert not found.has_parts


def test_every_column_of_the_duration_histogram_matches_a_search_for_its_range(index: SearchWriter):
    found = collect_statistics(index, Request()).durations
    assert sum(found.values()) == 60
    assert list(found) == sorted(found, key=lambda span: span.low or 0)
    for span, count in found.items():
        assert index.search(Request(ranges={"duration": span})).total == count
    assert found[Range(2.5, 4.999)] == 5, "if many durations are long, columns are wide"


def test_the_duration_histogram_of_short_clips_has_narrow_columns(tmp_path: Path):
    rows = [ClipRow(f"set/{at}.mp3", duration=at / 10) for at in range(100)]
    found = of(tmp_path, *rows).durations
    assert found[Range(2.0, 2.999)] == 10
    assert found[Range(12.0)] == 0


def test_sentiments_and_emotions_are_counted_for_each_speaker_attribute(index: SearchWriter):
    emotions = collect_statistics(index, Request()).emotions
    for emotion in EMOTIONS:
        assert emotions["emotion"]["age"]["teens"].get(emotion, 0) == number(age="teens", emotion=emotion)
        assert emotions["emotion"]["gender"]["female"].get(emotion, 0) == number(gender="female", emotion=emotion)
    assert emotions["sentiment"]["gender"]["male"] == {"negative": 15, "neutral": 15}
    assert emotions["emotion"]["accent"][UNKNOWN] == dict.fromkeys(EMOTIONS, 15)


def test_scores_are_counted_in_tenths_that_include_their_lower_bound(index: SearchWriter):
    found = collect_statistics(index, Request()).score_histograms
    assert found.keys() == set(EMOTIONS)
    for emotion, counts in found.items():
        scores = Counter(min(9, at % 11) for at, row in enumerate(ROWS) if row.emotion == emotion)
        assert counts == [scores[tenth] for tenth in range(10)]


def test_the_agreement_of_two_transcripts_is_counted_in_tenths(tmp_path: Path):
    said = ("the blacksmith sang", "the black smith sang", "nothing alike was said")
    rows = [replace(row, transcripts=(ModelTranscript("two", said[at % 3]),)) for at, row in enumerate(ROWS[:30])]
    (index,) = filled(tmp_path, [*rows, *ROWS[30:]])
    found = collect_statistics(index, Request()).agreement
    assert found == [sum(_tenth(row) == tenth for row in rows) for tenth in range(10)]
    assert (sum(found), found[9]) == (30, sum(row.agreement == 1 for row in rows))
    among = Request(ranges={"agreement": Range(0.5)})
    assert collect_statistics(index, among).agreement == [0] * 5 + found[5:]


def _tenth(row: ClipRow) -> int:
    assert row.agreement is not None
    return min(9, int(row.agreement * 10))


def test_errors_are_counted_by_slice_and_word(index: SearchWriter):
    found = collect_statistics(index, Request()).word_errors
    assert (found.compared, found.scorable, found.is_sample) == (60, 60, False)
    assert found.errors.whole.errors == WordErrors(180, 20, 0, 20)
    assert found.errors.by["age"]["teens"].errors.errors == 40
    assert found.errors.by["age"]["sixties"].errors.errors == 0
    (word,) = found.most_frequent
    assert (word.word, word.occurrences, word.replacements) == ("blacksmith", 60, {"black smith": 20})
    assert found.passages_with == {"blacksmith": 60}
    assert found.highest_rate == [], "a word that is mostly recognised correctly"


def test_filters_apply_to_all_statistics(index: SearchWriter):
    among = Request(filters={"age": frozenset({"teens"})}, ranges={"duration": Range(3.0, 20.0)})
    found = collect_statistics(index, among)
    kept = [row for row in ROWS if row.age == "teens" and 3 <= (row.duration or 0) <= 20]
    assert found.total == len(kept) == found.word_errors.compared == sum(found.durations.values())
    assert found.facets["age"] == {"teens": len(kept)}
    assert found.emotions["emotion"]["age"].keys() == {"teens"}
    assert sum(map(sum, found.score_histograms.values())) == len(kept)
    assert found.word_errors.highest_rate == found.word_errors.most_frequent
    assert found.word_errors.passages_with == {"blacksmith": len(kept)}
    assert min(span.low or 0 for span in found.durations) == 3.0


def test_a_filter_by_emotion_removes_all_other_emotions(index: SearchWriter):
    found = collect_statistics(index, Request(filters={"emotion": frozenset({"angry"})}))
    assert found.score_histograms.keys() == found.emotions["emotion"]["age"]["teens"].keys() == {"angry"}
    assert found.emotions["sentiment"]["age"]["teens"] == {"negative": 5}


def test_parts_of_a_long_clip_are_counted_and_not_compared_with_a_reference(tmp_path: Path):
    halves = (Segment(0.0, 29.0, "one"), Segment(31.0, 60.0, "two"))
    found = of(tmp_path, ClipRow("set/long.mp3", text="one two", duration=60.0, segments=halves))
    assert (found.total, found.has_parts, found.word_errors.compared) == (2, True, 0)


def test_an_empty_index_has_empty_statistics(tmp_path: Path):
    found = of(tmp_path)
    assert (found.total, found.seconds, found.word_errors.compared) == (0, 0.0, 0)
    assert found.score_histograms == {}


def test_a_sample_of_many_clips_is_compared(index: SearchWriter, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(statistics, "MOST_COMPARED", 30)
    found = collect_statistics(index, Request()).word_errors
    assert (found.compared, found.scorable, found.is_sample) == (30, 60, True)
    assert found.errors.whole.estimate is not None
    assert found.errors.whole.estimate.low < 40 / 180 < found.errors.whole.estimate.high


def test_the_error_rate_of_real_clips_equals_the_rate_of_their_rows(real_rows: list[ClipRow], tmp_path: Path):
    found = of(tmp_path, *real_rows).word_errors
    by_hand = sum((word_errors(*scored_words_of(row)) for row in real_rows), WordErrors())
    assert found.errors.whole.errors == by_hand
    assert found.errors.whole.estimate is not None
    assert found.errors.whole.estimate.mean == pytest.approx(by_hand.rate)
    assert sum(part.texts for part in found.errors.by["accent"].values()) == len(real_rows)
    for part in (part for values in found.errors.by.values() for part in values.values()):
        assert part.estimate is None or part.estimate.low <= (part.errors.rate or 0) <= part.estimate.high
    assert {word.word for word in found.most_frequent} >= {"the", "alchemist"}


@pytest.mark.elastic
@pytest.mark.parametrize("shards", [1, 3])
def test_both_engines_give_the_same_statistics(real_rows: list[ClipRow], node: Node, tmp_path: Path, shards: int):
    toned = [
        replace(row, emotion=EMOTIONS[at % 4], sentiment=sentiment_of(EMOTIONS[at % 4]), emotion_score=at % 11 / 10)
        for at, row in enumerate(real_rows[:700])
    ]
    among = Request(filters={"gender": frozenset({"male", UNKNOWN})}, ranges={"duration": Range(2.0, 8.0)})
    with loaded([*toned, *real_rows[700:]], tmp_path / "index", node, shards) as (embedded, elastic):
        for request in (Request(), among):
            one, other = collect_statistics(embedded, request), collect_statistics(elastic, request)
            assert one.seconds == pytest.approx(other.seconds)
            assert replace(one, seconds=0.0) == replace(other, seconds=0.0)
