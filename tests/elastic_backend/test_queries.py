"""Every request of docs/elasticsearch-queries.md runs on a real node and returns what its title describes."""

import json
import os
import re
import subprocess
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, median
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from hearsay.records.clip import ClipRow
from indexer.elastic.writer import ElasticWriter
from indexer.ingest.load import read_rows
from indexer.passages import Passage, passages_of
from indexer.settings import IndexSettings
from tests.conftest import PROJECT
from tests.support import console
from tests.support.elastic_nodes import Node, client_of

DOCUMENT = (PROJECT / "docs" / "elasticsearch-queries.md").read_text(encoding="utf-8")
QUERIES = console.titled(DOCUMENT)

MADE = (
    ClipRow(
        "made/misrecognised.mp3",
        text="the blacksmith came home",
        generated_text="THE BLACK SMITH CAME HOME",
        accent="scotland",
        age="fourties",
        confidence=0.31,
        duration=2.5,
        asr_model="another",
        decoded_at="2026-05-01T00:00:00Z",
    ),
    ClipRow("made/match.mp3", text="the blacksmith came home", generated_text="THE BLACKSMITH CAME HOME"),
    ClipRow("made/angry.mp3", generated_text="NOW GET OUT OF MY HOUSE", emotion="angry", sentiment="negative"),
    ClipRow("made/angrier.mp3", generated_text="GET OUT OF HERE", emotion="angry", emotion_score=0.9, accent="us"),
    ClipRow("made/failed.mp3", error="the file is empty: 0 bytes"),
    ClipRow("made/irish.mp3", generated_text="THE RAIN", extra={"locale": "en-IE"}),
)


def as_decoded(number: int, row: ClipRow) -> ClipRow:
    """A sample as if it had been decoded, with a transcript that equals the reference."""
    return replace(
        row,
        generated_text=row.text.upper(),
        duration=1 + number % 6 / 2,
        confidence=0.5 + number / 200,
        emotion=("neutral", "sadness", "happiness")[number % 3],
        sentiment=("neutral", "negative", "positive")[number % 3],
        emotion_score=0.5 + number / 200,
        asr_model="pocketsphinx",
        decoded_at=f"2026-0{1 + number % 3}-02T03:04:05Z",
    )


@dataclass(frozen=True, slots=True)
class LoadedIndex:
    """A loaded index, its passages, and a client."""

    client: Elasticsearch
    alias: str
    url: str
    passages: list[Passage]

    def rows(self) -> list[ClipRow]:
        return [passage.row for passage in self.passages]

    def ids(self, holds: Callable[[ClipRow], bool]) -> set[str]:
        return {passage.id for passage in self.passages if holds(passage.row)}

    def answers(self, title: str) -> list[Any]:
        """The responses to the requests below a title of the document."""
        return console.send(self.client, QUERIES[title], {console.ALIAS: self.alias})


@pytest.fixture(scope="module")
def loaded(node: Node, samples: Path) -> Iterator[LoadedIndex]:
    table = read_rows([samples / "clips.csv"]).values()
    rows = [*(as_decoded(number, row) for number, row in enumerate(table)), *MADE]
    passages = [passage for row in rows for passage in passages_of(row)]
    settings = IndexSettings(index_name=f"cv-by-hand-{uuid.uuid4().hex}")
    index = ElasticWriter(node.url, settings)
    index.replace(passages)
    index.close()
    with client_of(node.url) as client:
        yield LoadedIndex(client, settings.index_name, node.url, passages)
        client.indices.delete(
            index=list(client.indices.get(index=f"{settings.index_name}-*", expand_wildcards="all").body)
        )


def ids(answer: Any) -> list[str]:
    return [hit["_id"] for hit in answer["hits"]["hits"]]


def counts(aggregation: Any) -> dict[str, int]:
    return {bucket["key"]: bucket["doc_count"] for bucket in aggregation["buckets"]}


def words(row: ClipRow) -> list[str]:
    return row.generated_text.lower().split()


def finds(holds: Callable[[ClipRow], bool]) -> Callable[..., None]:
    """A check that the hits are the clips that satisfy the condition, and that there are some."""

    def check(loaded: LoadedIndex, answer: Any) -> None:
        assert set(ids(answer)) == loaded.ids(holds) != set()

    return check


def check_word(loaded: LoadedIndex, answer: Any) -> None:
    assert set(ids(answer)) == loaded.ids(lambda row: "blacksmith" in words(row))
    assert all("generated_text" in hit["_source"] and "words" not in hit["_source"] for hit in answer["hits"]["hits"])


def check_phrase(loaded: LoadedIndex, answer: Any) -> None:
    expected = loaded.ids(lambda row: bool(re.search(r"\bTHE (\w+ )?LIGHTHOUSE\b", row.generated_text)))
    assert set(ids(answer)) == expected
    assert all("LIGHTHOUSE</em>" in hit["highlight"]["generated_text"][0] for hit in answer["hits"]["hits"])


def check_spelling(loaded: LoadedIndex, answer: Any) -> None:
    (word,) = answer["suggest"]["spelling"]
    assert word["options"][0]["text"] == "lighthouse"


def check_sentiment(loaded: LoadedIndex, answer: Any) -> None:
    negative = [row for row in loaded.rows() if row.sentiment == "negative" and row.emotion_score]
    negative.sort(key=lambda row: (-(row.emotion_score or 0), row.id))
    assert ids(answer) == [row.id for row in negative[:10]]


def check_age(loaded: LoadedIndex, answer: Any) -> None:
    assert set(ids(answer)) == loaded.ids(lambda row: row.age in ("", "fourties"))
    assert {hit["_source"].get("age") for hit in answer["hits"]["hits"]} == {None, "fourties"}


def check_group(loaded: LoadedIndex, answer: Any) -> None:
    assert set(ids(answer)) == loaded.ids(
        lambda row: (row.accent, row.gender) == ("us", "female") and 2 <= (row.duration or 0) <= 4
    )
    durations = [hit["_source"]["duration"] for hit in answer["hits"]["hits"]]
    assert durations == sorted(durations) != []


def check_values(loaded: LoadedIndex, answer: Any) -> None:
    assert (answer["terms"], answer["complete"]) == (["scotland"], True)


def check_emotions(loaded: LoadedIndex, answer: Any) -> None:
    found = {
        (accent["key"], emotion): count
        for accent in answer["aggregations"]["accents"]["buckets"]
        for emotion, count in counts(accent["emotions"]).items()
    }
    assert found == Counter((row.accent or "unknown", row.emotion or "unknown") for row in loaded.rows())


def check_angry(loaded: LoadedIndex, answer: Any) -> None:
    assert counts(answer["aggregations"]["frequent"])["get"] == 2
    assert {"get", "out"} <= counts(answer["aggregations"]["telling"]).keys()


def check_worst(loaded: LoadedIndex, answer: Any) -> None:
    assert ids(answer)[0] == "made/misrecognised.mp3"
    assert [hit["_source"]["wer"] for hit in answer["hits"]["hits"]] == [0.5, *[0.0] * 9]


def check_sentences(loaded: LoadedIndex, answer: Any) -> None:
    references = Counter(row.text for row in loaded.rows() if row.text)
    sentences = answer["aggregations"]["sentences"]
    assert counts(sentences) == {sentence: number for sentence, number in references.items() if number > 1}
    assert sentences["buckets"][0]["key"] == "the blacksmith came home"
    assert sentences["buckets"][0]["wer"]["value"] == 0.25


def check_wer_by_accent(loaded: LoadedIndex, answer: Any) -> None:
    rates: dict[str, list[float]] = {}
    for passage in loaded.passages:
        if (rate := passage.wer()) is not None:
            rates.setdefault(passage.row.accent or "unknown", []).append(rate)
    found = {bucket["key"]: bucket["wer"]["value"] for bucket in answer["aggregations"]["accents"]["buckets"]}
    assert found == pytest.approx({accent: mean(each) for accent, each in rates.items()})
    assert found["scotland"] > 0


def check_confidence(loaded: LoadedIndex, answer: Any) -> None:
    known = [row.confidence for row in loaded.rows() if row.confidence is not None]
    values = answer["aggregations"]["confidence"]["values"]
    assert values["50.0"] == pytest.approx(median(known), abs=0.01)
    assert values["5.0"] < values["95.0"]


def check_models(loaded: LoadedIndex, answer: Any) -> None:
    models = answer["aggregations"]["models"]
    assert counts(models) == Counter(row.asr_model or "unknown" for row in loaded.rows())
    another = next(bucket for bucket in models["buckets"] if bucket["key"] == "another")
    assert (another["seconds"]["value"], another["confidence"]["value"]) == (2.5, 0.31)


def check_failures(loaded: LoadedIndex, answer: Any) -> None:
    assert ids(answer) == ["made/failed.mp3"]
    assert counts(answer["aggregations"]["reasons"]) == {"the file is empty: 0 bytes": 1}


def check_durations(loaded: LoadedIndex, answer: Any) -> None:
    known = [row.duration for row in loaded.rows() if row.duration is not None]
    assert counts(answer["aggregations"]["durations"]) == Counter(map(int, known))
    assert answer["aggregations"]["all"]["sum"] == pytest.approx(sum(known))


def check_months(loaded: LoadedIndex, answer: Any) -> None:
    found = {bucket["key_as_string"][:7]: bucket["doc_count"] for bucket in answer["aggregations"]["months"]["buckets"]}
    assert found == Counter(row.decoded_at[:7] for row in loaded.rows() if row.decoded_at) | {"2026-04": 0}


def check_sample(loaded: LoadedIndex, answer: Any) -> None:
    def drawn(seed: int) -> list[str]:
        asked = QUERIES["A random sample"].replace('"seed": 7', f'"seed": {seed}')
        return ids(*console.send(loaded.client, asked, {console.ALIAS: loaded.alias}))

    assert len(set(ids(answer))) == 5
    assert ids(answer) == drawn(7) == drawn(7)
    assert len({tuple(drawn(seed)) for seed in range(20)}) > 1, "a different seed draws a different sample"


def check_pages(loaded: LoadedIndex, *answers: Any) -> None:
    _, first, second, closed = answers
    assert ids(first) + ids(second) == sorted(passage.id for passage in loaded.passages)[:50]
    assert closed == {"succeeded": True, "num_freed": 1}


CHECKS: dict[str, Callable[..., None]] = {
    "Clips in which a word was said": check_word,
    "A phrase, highlighted": check_phrase,
    "The beginning of a word": finds(lambda row: "DINOSAUR" in row.generated_text),
    "A word with a similar spelling": finds(lambda row: "blacksmith" in words(row)),
    "A reference word that the transcript lacks": finds(lambda row: row.id == "made/misrecognised.mp3"),
    "Clips with nearly the same text as one": finds(lambda row: row.id == "samples/sample-000001.mp3"),
    "Spelling suggestions": check_spelling,
    "The most probable clips of one sentiment": check_sentiment,
    "Speakers of one age, and those whose age is unknown": check_age,
    "One group of speakers, within a range of duration": check_group,
    "A column of the corpus's own": finds(lambda row: row.extra.get("locale") == "en-IE"),
    "The values that a field has": check_values,
    "Emotions by accent": check_emotions,
    "Words of angry clips": check_angry,
    "The worst transcripts": check_worst,
    "The sentences with the highest word error rate": check_sentences,
    "Word error rate by accent": check_wer_by_accent,
    "The distribution of confidence": check_confidence,
    "What each model wrote": check_models,
    "Clips that could not be transcribed, and why": check_failures,
    "How long the clips are": check_durations,
    "When the clips were transcribed": check_months,
    "A random sample": check_sample,
    "Every clip, page by page": check_pages,
}


def test_every_query_has_a_check_and_every_check_a_query():
    assert list(QUERIES) == re.findall(r"^### (.+)$", DOCUMENT, re.MULTILINE)
    assert list(QUERIES) == list(CHECKS)


@pytest.mark.elastic
@pytest.mark.parametrize("title", CHECKS)
def test_each_query_returns_what_its_title_describes(loaded: LoadedIndex, title: str):
    CHECKS[title](loaded, *loaded.answers(title))


@pytest.mark.elastic
def test_a_request_can_be_sent_with_curl_as_documented(loaded: LoadedIndex):
    (lines,) = re.findall(r"```bash\n(.*?)```", DOCUMENT, re.DOTALL)
    here = lines.replace("http://127.0.0.1:9200", loaded.url).replace(console.ALIAS, loaded.alias)
    reader, writer = os.pipe()  # idle standard input, which no command may wait for
    asked = subprocess.run(["bash", "-ec", here], stdin=reader, capture_output=True, text=True, check=True, timeout=280)
    os.close(writer)
    os.close(reader)
    everything, rest = json.JSONDecoder().raw_decode(asked.stdout)
    found = json.loads(asked.stdout[rest:])
    assert everything["count"] == len(loaded.passages)
    assert found["count"] == len(loaded.ids(lambda row: "blacksmith" in words(row)))


@pytest.mark.elastic
def test_the_documented_fields_are_those_of_the_index(loaded: LoadedIndex):
    (mapping,) = loaded.client.indices.get_mapping(index=loaded.alias).body.values()
    named = set(re.findall(r"\w+", " ".join(re.findall(r"^\| `(.+)` \|", DOCUMENT, re.MULTILINE))))
    assert named - {"NAME"} == mapping["mappings"]["properties"].keys() - {
        "id",
        "audio_digest",
        "tokens",
        "stems",
        "further_stems",
        "text_tokens",
        "text_key",
        "alternatives",
        "shortness",
    }
