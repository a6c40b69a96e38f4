"""Similar clips share significant words; clips with the same sentence, on samples and on small examples."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hearsay.records.clip import ClipRow
from hearsay.records.table import read_csv
from hearsay.records.transcript import Segment
from indexer.errors import WrongRequest
from indexer.index import Request, SearchWriter
from indexer.open import open_writer
from indexer.passages import Passage, passages_of
from indexer.query.similar import (
    MOST_SIGNIFICANT,
    more_like,
    plan_like,
    plan_same,
    same_sentence,
    same_sentence_count,
    significant_words,
)
from indexer.query_tree import Query
from tests.support.elastic_nodes import client_of, remove, settings

Load = Callable[[list[ClipRow]], SearchWriter]

COMMON = [ClipRow(f"common-{at:02}.mp3", generated_text="the boy said no") for at in range(30)]


@pytest.fixture(params=["embedded", pytest.param("elastic", marks=pytest.mark.elastic)])
def loaded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Load]:
    """Load rows into a temporary index of either engine, and remove it at the end."""
    own = settings()
    url = str(tmp_path / "index") if request.param == "embedded" else request.getfixturevalue("node").url
    index = open_writer(own, url)

    def load(rows: list[ClipRow]) -> SearchWriter:
        index.replace(passage for row in rows for passage in passages_of(row))
        return index

    yield load
    index.close()
    if request.param == "elastic":
        with client_of(url) as client:
            remove(client, own)


def found(index: SearchWriter, query: Query) -> list[str]:
    return [hit.passage.id for hit in index.search(Request(query)).hits]


def passage(index: SearchWriter, passage_id: str) -> Passage:
    known = index.get(passage_id)
    assert known
    return known


def like(index: SearchWriter, passage_id: str) -> Query:
    known = passage(index, passage_id)
    return more_like(known, significant_words(known, index))


def clips_with_texts(*texts: str) -> list[ClipRow]:
    return [ClipRow(f"{at}.mp3", generated_text=text) for at, text in enumerate(texts)]


def test_clips_that_share_more_significant_words_rank_higher_and_the_clip_itself_is_excluded(loaded: Load) -> None:
    rows = clips_with_texts("the zebra in the garden", "a zebra", "the garden of the zebra", "the boy said so")
    index = loaded([*rows, *COMMON])

    assert found(index, like(index, "0.mp3")) == ["2.mp3", "1.mp3"]


def test_the_rarest_shared_words_are_the_most_significant_and_their_number_is_limited(loaded: Load) -> None:
    several = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    index = loaded([*clips_with_texts(f"the zebra {several}", "zebra ninety", f"{several}", f"{several}"), *COMMON])

    words = significant_words(passage(index, "0.mp3"), index)

    assert next(iter(words)) == "zebra"
    assert len(words) == MOST_SIGNIFICANT
    assert "the" not in words


def test_unique_words_and_very_frequent_words_are_not_significant(loaded: Load) -> None:
    index = loaded([*clips_with_texts("the xylophone of a zebra", "a zebra"), *COMMON])

    assert significant_words(passage(index, "0.mp3"), index).keys() == {"a", "zebra"}


def test_one_rare_word_outweighs_several_frequent_ones(loaded: Load) -> None:
    texts = ("zebra saw little men", "zebra", "we saw little men", "saw little")
    frequent = clips_with_texts(*["saw"] * 12, *["little"] * 12, *["men"] * 12)
    many = [ClipRow(f"many-{at:03}.mp3", generated_text="nobody") for at in range(200)]
    named = [ClipRow(f"of-{row.id}", generated_text=row.generated_text) for row in frequent]
    index = loaded([*clips_with_texts(*texts), *named, *many])

    assert found(index, like(index, "0.mp3"))[:3] == ["1.mp3", "2.mp3", "3.mp3"]


def test_words_of_the_reference_are_compared_where_it_is_known(loaded: Load) -> None:
    rows = [
        ClipRow("a.mp3", text="the zebra sang", generated_text="the zebu sank"),
        ClipRow("b.mp3", text="a zebra", generated_text="a sea bra"),
        ClipRow("c.mp3", generated_text="zebra"),
        ClipRow("d.mp3", text="the sea", generated_text="the zebra"),
        ClipRow("e.mp3", text="it sank", generated_text="it sang"),
        ClipRow("f.mp3", generated_text="zebu"),
    ]
    index = loaded([*rows, *COMMON])

    assert significant_words(passage(index, "a.mp3"), index).keys() == {"zebra"}
    assert sorted(found(index, like(index, "a.mp3"))) == ["b.mp3", "c.mp3"], "d is misrecognised, and so is a itself"
    assert sorted(found(index, like(index, "c.mp3"))) == ["a.mp3", "b.mp3"]


def test_of_clips_that_share_the_same_words_the_shortest_comes_first(loaded: Load) -> None:
    longer = "zebra and so many other words that were said at the same time by somebody"
    index = loaded([*clips_with_texts("a zebra", longer, "the zebra"), *COMMON])

    assert found(index, like(index, "0.mp3")) == ["2.mp3", "1.mp3"]


def test_a_clip_with_only_common_words_is_similar_to_clips_that_share_them(loaded: Load) -> None:
    index = loaded(COMMON)
    similar = found(index, like(index, "common-00.mp3"))

    assert similar[0] == "common-01.mp3"
    assert "common-00.mp3" not in similar


def test_words_in_other_scripts_and_numbers_count_as_shared(loaded: Load) -> None:
    index = loaded(clips_with_texts("京都大学", "東京大学", "1984", "in 1984"))

    assert found(index, like(index, "0.mp3")) == ["1.mp3"]
    assert found(index, like(index, "2.mp3")) == ["3.mp3"]


def test_a_silent_clip_has_no_similar_clips(loaded: Load) -> None:
    index = loaded([*clips_with_texts("", ""), *COMMON])

    assert found(index, like(index, "0.mp3")) == []
    assert found(index, same_sentence(passage(index, "0.mp3"), index)) == []


def test_the_same_sentence_is_an_equal_reference_and_not_one_that_contains_it(loaded: Load) -> None:
    references = (
        "The boy smiled.",
        "the boy smiled",
        "Then the boy smiled",
        "the boy smiled again",
        "smiled the boy",
        "",
    )
    rows = [ClipRow(f"{at}.mp3", text=text, generated_text=f"recognised {at}") for at, text in enumerate(references)]
    index = loaded(rows)

    assert found(index, same_sentence(passage(index, "0.mp3"), index)) == ["0.mp3", "1.mp3"]


def test_clips_with_the_same_sentence_are_counted_however_many_they_are(loaded: Load) -> None:
    rows = [ClipRow(f"{at:03}.mp3", text="The boy smiled!", generated_text=f"x{at}") for at in range(250)]
    index = loaded([*rows, ClipRow("only.mp3", text="nobody else"), ClipRow("silent.mp3")])

    assert same_sentence_count(passage(index, "000.mp3"), index) == 250
    assert len(list(index.walk(Request(plan_same(index, "000.mp3").query)))) == 250
    assert same_sentence_count(passage(index, "only.mp3"), index) == 1
    assert same_sentence_count(passage(index, "silent.mp3"), index) == 0


def test_similar_transcripts_are_counted(loaded: Load) -> None:
    index = loaded(clips_with_texts("the boy was at home again", "the boy was at hum again", "the boy was at sea"))

    assert [same_sentence_count(passage(index, f"{at}.mp3"), index) for at in range(3)] == [2, 2, 1]


def test_a_similar_transcript_is_found_wherever_its_errors_are(loaded: Load) -> None:
    words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    texts = [" ".join(words)]
    for first in range(10):
        for second in range(first + 1, 11):
            third = second + 1
            texts.append(" ".join("x" if at in (first, second, third) else word for at, word in enumerate(words)))
    index = loaded(clips_with_texts(*texts))

    assert same_sentence_count(passage(index, "0.mp3"), index) == len(texts)


def test_similar_transcripts_without_spaces_are_the_same_sentence(loaded: Load) -> None:
    index = loaded(clips_with_texts("今日はいい天気ですね", "今日はいい電気ですね", "明日は雨が降る"))

    assert found(index, same_sentence(passage(index, "0.mp3"), index)) == ["0.mp3", "1.mp3"]


def test_a_reference_of_one_word_is_compared_as_a_sentence(loaded: Load) -> None:
    rows = [ClipRow(f"{at}.mp3", text=text) for at, text in enumerate(("Seven!", "seven", "seven times"))]
    index = loaded(rows)

    assert found(index, same_sentence(passage(index, "0.mp3"), index)) == ["0.mp3", "1.mp3"]


def test_without_a_reference_similar_transcripts_are_the_same_sentence(loaded: Load) -> None:
    rows = clips_with_texts(
        "the boy was at home again", "the boy was at hum again", "the boy was at sea", "was the boy at home again"
    )
    index = loaded(rows)

    assert found(index, same_sentence(passage(index, "0.mp3"), index)) == ["0.mp3", "1.mp3"]


def test_sentences_that_differ_only_in_word_boundaries_are_the_same(loaded: Load) -> None:
    index = loaded(clips_with_texts("someone is at the door", "some one is at the door", "no one is at the door"))

    assert found(index, same_sentence(passage(index, "0.mp3"), index)) == ["0.mp3", "1.mp3"]
    assert found(index, same_sentence(passage(index, "1.mp3"), index)) == ["0.mp3", "1.mp3", "2.mp3"]


def test_a_part_of_a_recording_is_distinguished_from_the_others_by_its_transcript(loaded: Load) -> None:
    halves = (Segment(0.0, 20.0, "the zebra sang to us"), Segment(40.0, 60.0, "and so it went"))
    rows = [
        ClipRow("long.mp3", text="all of it", duration=120.0, segments=halves),
        *clips_with_texts("the zebra sang to us"),
    ]
    index = loaded(rows)

    assert found(index, same_sentence(passage(index, "long.mp3#0001"), index)) == ["0.mp3"]
    assert found(index, like(index, "long.mp3#0001")) == ["0.mp3"]


def test_a_plan_for_similar_clips_has_evidence_for_shared_words_only(loaded: Load) -> None:
    index = loaded([*clips_with_texts("a zebra in the garden", "the zebra", "a garden"), *COMMON])
    plan = plan_like(index, "0.mp3")

    evidence = plan.evidence(passage(index, "1.mp3"))

    assert [(one.word, one.match) for one in evidence] == [("zebra", "word")]
    assert plan.sentence == "clips that share significant words with 0.mp3"


@pytest.mark.parametrize("plan", [plan_like, plan_same])
def test_an_unknown_clip_is_reported(loaded: Load, plan: Callable[[SearchWriter, str], object]) -> None:
    with pytest.raises(WrongRequest, match=r"no clip gone\.mp3"):
        plan(loaded(COMMON), "gone.mp3")


def test_samples_with_the_same_sentence_find_each_other(samples: Path, loaded: Load) -> None:
    rows = list(read_csv(samples / "clips.csv").rows().values())
    index = loaded(rows)
    sentences: dict[str, list[str]] = {}
    for row in rows:
        sentences.setdefault(row.text, []).append(row.id)

    voices = max(sentences.values(), key=len)

    assert len(voices) > 1
    assert all(found(index, plan_same(index, voice).query) == sorted(voices) for voice in voices)
