"""Speed of loading and searching in both engines, as ratios to direct use of their libraries in the same run.

    python bench/index.py [TRANSCRIPTS.csv] [--documents 1000000] [--json]

The documents are generated, reproducibly, by a bigram model of the transcripts in the file (``generated_text``, else
``text``; by default those of the sample clips), with ages, accents, emotions etc. as frequent as in a corpus.

* ``embedded_load_ratio``, ``elastic_load_ratio``: documents per second of ``replace``, relative to tantivy writes
  with one commit, and to a direct ``helpers.bulk`` with one refresh. The documents are prepared in memory for all of
  them; all additional work of the engine (word counts, lexicon, verification, swap) is included. The better of two
  alternating rounds counts. ``*_seconds`` are the underlying times.
* ``prepare_us_per_document``: the time for creating the document of a passage and counting its words. Counting
  (``count_words_seconds``) and the lexicon built from it (``lexicon_seconds``) are also included in ``replace``.
* ``embedded_p95_ms``, ``embedded_p50_ms``: milliseconds of one search with two filters and five facets, for words in
  less than 1 % of the documents, words in 1 to 10 %, and no words. ``embedded_over_bare`` compares medians with the
  same query, one count of five facets and ten stored documents in tantivy directly.
  ``forgiving_p95_ms``: the same words in mode forgiving, including planning and possible matches.
* ``peak_mb``: the peak resident memory (10^6 bytes) of a process, including mapped files: the larger of
  ``load_peak_mb``, of a process that loaded all documents, and ``answer_peak_mb``, of one that ran the searches, as
  loading and the page are separate processes; ``forgiving_peak_mb`` also includes the forgiving searches.
"""

import argparse
import gc
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk
from tantivy import Index

from hearsay.config import read_settings
from hearsay.records.clip import ClipRow
from hearsay.records.emotions import sentiment_of
from hearsay.text.normalize import tokens
from indexer.documents import document_of
from indexer.elastic.client import connect
from indexer.elastic.query import SETTINGS_WHEN_LOADED, index_action, mapping, settings_while_loading
from indexer.elastic.writer import ElasticWriter
from indexer.embedded.query import SCHEMA, counting, engine_document, filtered
from indexer.embedded.writer import EmbeddedWriter
from indexer.evaluation.distractors import distractors
from indexer.index import Request
from indexer.ingest.load import read_rows
from indexer.matching.search import Finder, Found
from indexer.passages import Passage
from indexer.phonetics.g2p import english
from indexer.phonetics.lexicon import Lexicon
from indexer.phonetics.word_counts import WordCounter, counted_documents
from indexer.query.planner import Planner
from indexer.query_tree import EVERYTHING, Term
from indexer.schema import UNKNOWN
from indexer.settings import IndexSettings

PROJECT = Path(__file__).resolve().parent.parent
LOCAL = PROJECT / "elastic-backend" / "local.sh"
SEARCHES = 200
ROUNDS = 2
KINDS = ("rare", "common", "browse")
FACETS = ("sentiment", "emotion", "age", "gender", "accent")

Figures = dict[str, Any]

# Percentage of clips with this value; most cells of the corpus are empty.
AGES = {"": 58, "twenties": 15, "thirties": 10, "fourties": 6, "teens": 5, "fifties": 4, "sixties": 2}
GENDERS = {"": 57, "male": 32, "female": 10, "other": 1}
ACCENTS = {"": 66, "us": 15, "england": 8, "indian": 4, "australia": 3, "canada": 2, "scotland": 1, "african": 1}
EMOTIONS = {"neutral": 55, "happiness": 12, "sadness": 9, "anger": 8, "uncertain": 7, "surprise": 5, "fear": 4}


def notify(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def made_passages(transcripts: Sequence[str], number: int) -> Iterator[Passage]:
    """This number of passages, reproducible, in the order of their ids."""
    rng = random.Random("bench/index")
    draws = [(list(shares), list(shares.values())) for shares in (AGES, GENDERS, ACCENTS, EMOTIONS)]
    made = distractors(transcripts, number)
    while rows := list(islice(made, 1000)):
        drawn = zip(*(rng.choices(values, shares, k=len(rows)) for values, shares in draws), strict=True)
        for row, told in zip(rows, drawn, strict=True):
            yield passage_with(row, *told, rng)


def passage_with(row: ClipRow, age: str, gender: str, accent: str, emotion: str, rng: random.Random) -> Passage:
    duration = round(1 + 0.4 * row.generated_text.count(" ") + rng.random(), 3)
    known = replace(
        row, dataset="made", duration=duration, age=age, gender=gender, accent=accent, up_votes=rng.randrange(1, 5),
        down_votes=rng.randrange(2), emotion=emotion, emotion_score=round(0.4 + 0.6 * rng.random(), 3),
        sentiment=sentiment_of(emotion), confidence=round(0.6 + 0.4 * rng.random(), 3),
    )  # fmt: skip
    return Passage(row.id, 0.0, duration, known)


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def prepared(passages: Sequence[Passage]) -> tuple[dict[str, dict[str, Any]], Figures]:
    """The documents by id, and the time for creating them."""
    documents: dict[str, dict[str, Any]] = {}
    tally = WordCounter()
    making = seconds(lambda: documents.update((one["id"], one) for one in map(document_of, passages)))
    counting_words = seconds(lambda: [None for _ in counted_documents(documents.values(), tally)])
    lexicon_seconds = seconds(lambda: Lexicon.of(tally, english()))
    gc.freeze()  # so that the garbage collector does not scan these permanent objects repeatedly
    notify(f"{len(passages):,} documents made in {making:.1f} s, words counted in {counting_words:.1f} s")
    return documents, {
        "prepare_us_per_document": (making + counting_words) / len(passages) * 1e6,
        "prepared_documents": len(passages), "prepare_seconds": making + counting_words,
        "count_words_seconds": counting_words, "lexicon_seconds": lexicon_seconds,
    }  # fmt: skip


def compared(name: str, number: int, ours: Callable[[], object], bare: Callable[[], object]) -> Figures:
    """The better round of each, measured alternately."""
    rounds = [(seconds(bare), seconds(ours)) for _ in range(ROUNDS)]
    bare_seconds, our_seconds = map(min, zip(*rounds, strict=True))
    notify(f"{name}: {our_seconds:.1f} s, bare {bare_seconds:.1f} s")
    return {
        f"{name}_load_ratio": bare_seconds / our_seconds, f"{name}_load_documents": number,
        f"{name}_load_seconds": our_seconds, f"{name}_bare_seconds": bare_seconds,
    }  # fmt: skip


def embedded_load(passages: Sequence[Passage], documents: Mapping[str, dict[str, Any]], folder: Path) -> Figures:
    index = EmbeddedWriter(folder / "ours", keep=1, document_of=lambda passage: documents[passage.id])

    def bare() -> None:
        with tempfile.TemporaryDirectory(dir=folder) as name:
            writer = Index(SCHEMA, name).writer(num_threads=1)
            for rank, document in enumerate(documents.values()):
                writer.add_document(engine_document(document, rank))
            writer.commit()
            writer.wait_merging_threads()

    return compared("embedded", len(passages), lambda: index.replace(passages), bare)


def elastic_load(passages: Sequence[Passage], documents: Mapping[str, dict[str, Any]], address: str) -> Figures:
    settings = read_settings(IndexSettings, index_url=address, index_versions=1)
    index = ElasticWriter(address, settings, document_of=lambda passage: documents[passage.id])
    client = connect(address, settings)
    actions = [index_action(documents[passage.id], "bare") for passage in passages]
    gc.freeze()
    work = compared("elastic", len(passages), lambda: index.replace(passages), partial(bare_bulk, client, actions))
    index.close()
    client.close()
    return work


def bare_bulk(client: Elasticsearch, actions: Sequence[dict[str, Any]]) -> None:
    client.indices.delete(index="bare", ignore_unavailable=True)
    client.indices.create(index="bare", mappings=mapping(None), settings=settings_while_loading(1))
    bulk(client.options(request_timeout=60), actions)
    client.indices.put_settings(index="bare", settings=SETTINGS_WHEN_LOADED)
    client.indices.refresh(index="bare")


@contextmanager
def node() -> Iterator[str | None]:
    """The address of a real node that runs during the block; None, with the reason printed, if it is not available."""
    with tempfile.TemporaryDirectory(prefix="hearsay-elastic-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)  # Elasticsearch does not run as root and cannot enter private folders of root
        port, data = free_port(), f"{name}/data"
        environment = os.environ | {"ES_PORT": str(port)}
        try:
            started = subprocess.run(
                [LOCAL, "start", "--data", data], env=environment, check=False, capture_output=True, text=True
            )
            if started.returncode:
                notify(f"left out, no Elasticsearch: {started.stderr.strip()}")
            yield None if started.returncode else f"http://127.0.0.1:{port}"
        finally:
            subprocess.run([LOCAL, "stop", "--data", data], env=environment, check=False, capture_output=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1]) % 20_000 + 20_000


def searches(index: EmbeddedWriter, transcripts: Sequence[str], documents: int) -> dict[str, list[str]]:
    """Queries by kind."""
    rng = random.Random("bench/index: words")
    said = {word for row in distractors(transcripts, 5000) for word in tokens(row.generated_text)}
    words: dict[str, list[str]] = {"rare": [], "common": [], "browse": [""] * (SEARCHES // 4)}
    for word in rng.sample(sorted(said), len(said)):
        share = index.count(Term("tokens", word)) / documents
        kind = "rare" if share < 0.01 else "common"
        if share <= 0.1 and len(words[kind]) < SEARCHES:
            words[kind].append(word)
    return words


Filters = Mapping[str, frozenset[str]]


def with_filters(typed: Sequence[str]) -> Iterator[tuple[str, Filters]]:
    """Searches with two filters each."""
    rng = random.Random("bench/index: filters")
    for words in typed:
        filters = {
            "sentiment": frozenset(rng.sample(("negative", "neutral", "positive"), 2)),
            "gender": frozenset({rng.choice(("male", "female", UNKNOWN))}),
        }
        yield words, filters


def request(planner: Planner, words: str, filters: Filters) -> Request:
    """A search in mode baseline with five facets."""
    return Request(planner.plan(words, "baseline").query if words else EVERYTHING, filters, facets=FACETS)


def find(finder: Finder, words: str, filters: Filters) -> Found:
    """Matches and possible matches in mode forgiving, with five facets."""
    plan = finder.planner.plan(words)
    return finder.find(plan, Request(plan.query, filters, facets=FACETS))


def milliseconds(work: Sequence[Callable[[], object]]) -> tuple[float, float]:
    """Median and 95th percentile, after a run that warms the file cache."""
    for once in work[:20]:
        once()
    taken = sorted(seconds(once) * 1e3 for once in work)
    return taken[len(taken) // 2], taken[int(len(taken) * 0.95)]


def answering(index: EmbeddedWriter, folder: Path, typed: Mapping[str, Sequence[str]]) -> Figures:
    planner, figures = Planner(index), {"embedded_p50_ms": {}, "embedded_p95_ms": {}, "embedded_over_bare": {}}
    searcher = Index.open(str(folder / "versions" / index.about().version)).searcher()

    def bare(asked: Request) -> None:
        query = filtered(asked, lambda facet: [value for value, _ in searcher.terms_with_prefix(facet, "")])
        for _, address in searcher.search(query, limit=asked.size).hits:
            searcher.doc(address)
        searcher.aggregate(query, counting(FACETS))

    for kind in KINDS:
        asked = [partial(request, planner, *search) for search in with_filters(typed[kind])]
        median, p95 = milliseconds([lambda one=one: index.search(one()) for one in asked])
        bare_median, _ = milliseconds([lambda one=one: bare(one()) for one in asked])
        figures["embedded_p50_ms"][kind], figures["embedded_p95_ms"][kind] = median, p95
        figures["embedded_over_bare"][kind] = median / bare_median
        notify(f"{kind}: {len(asked)} searches, median {median:.1f} ms, p95 {p95:.1f} ms")
    figures["answer_peak_mb"] = peak_mb()
    finder = Finder(planner)
    figures["forgiving_p95_ms"] = {
        kind: milliseconds([partial(find, finder, *search) for search in with_filters(typed[kind])])[1]
        for kind in ("rare", "common")
    }
    return figures | {"forgiving_peak_mb": peak_mb()}


def peak_mb() -> float | None:
    """The peak resident memory of this process so far; None if the system does not report it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


def loaded(transcripts: Sequence[str], documents: int, folder: Path) -> Figures:
    index = EmbeddedWriter(folder)
    taken = seconds(lambda: index.replace(made_passages(transcripts, documents)))
    notify(f"{documents:,} documents made, prepared and loaded in {taken:.0f} s; peak {peak_mb()} MB")
    return {"documents": documents, "make_and_load_seconds": taken, "load_peak_mb": peak_mb()}


def answered(transcripts: Sequence[str], documents: int, folder: Path) -> Figures:
    index = EmbeddedWriter(folder)
    return answering(index, folder, searches(index, transcripts, documents))


WORKS = {"load": loaded, "answer": answered}


def in_own_processes(given: argparse.Namespace) -> Figures:
    """Load, then search, each in a separate process."""
    figures: Figures = {}
    with tempfile.TemporaryDirectory(prefix="hearsay-bench-") as folder:
        command = [sys.executable, __file__, str(given.transcripts), "--documents", str(given.documents)]
        for work in WORKS:
            told = subprocess.run([*command, "--only", work, folder], check=True, stdout=subprocess.PIPE, text=True)
            figures |= json.loads(told.stdout)
    peaks = figures["load_peak_mb"], figures["answer_peak_mb"]
    return figures | {"peak_mb": None if None in peaks else max(peaks)}


def loading(transcripts: Sequence[str], embedded: int, elastic: int) -> Figures:
    passages = list(made_passages(transcripts, max(embedded, elastic)))
    documents, figures = prepared(passages)
    figures["elastic_load_ratio"] = None
    with tempfile.TemporaryDirectory(prefix="hearsay-bench-") as name:
        figures |= embedded_load(passages[:embedded], dict(islice(documents.items(), embedded)), Path(name))
    with node() as address:
        if address:
            figures |= elastic_load(passages[:elastic], documents, address)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("transcripts", type=Path, nargs="?", default=PROJECT / "hearsay" / "samples" / "clips.csv")
    parser.add_argument("--documents", type=int, default=1_000_000, help="searched documents, in bounded memory")
    parser.add_argument(
        "--embedded-documents",
        type=int,
        default=500_000,
        help="documents for the load ratio",
    )
    parser.add_argument("--elastic-documents", type=int, default=200_000, help="documents for the load ratio")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", nargs=2, metavar=("WORK", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    transcripts = [row.generated_text or row.text for row in read_rows([given.transcripts]).values()]
    if given.only:
        work, folder = given.only
        print(json.dumps(WORKS[work](transcripts, given.documents, Path(folder))))
        return
    figures = in_own_processes(given)
    figures |= loading(transcripts, min(given.embedded_documents, given.documents), given.elastic_documents)
    if given.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name:32} {figure if not isinstance(figure, float) else format(figure, ',.3f')}")


if __name__ == "__main__":
    main()
