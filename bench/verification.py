"""Success and cost of the check of possible matches against the audio, and its training.

    python bench/verification.py cv-valid-dev.csv wav2vec2-large-960h.csv --audio FOLDER [--write FILE] [--json]

Queries for one and for two words are drawn from the references, as for ``hearsay evaluate-search``, half of the
sentences with tables that were learned on the other half. The five most probable possible matches of each are checked
with the speech model. Weights and thresholds of the check are fitted on each half and applied to the other; those that
are written (``indexer/matching/verification.json``) are fitted on both.

* ``success_ONE``: share of the queries for words that the transcript lacks whose clip is among the first ten results
  without the check, and ``success_ONE_checked`` with it; ``lost_ONE`` is the number of these queries.
* ``right_ONE``: share of the possible matches shown that are right; ``empty_ONE``: share of the queries for a word that
  nobody said for which nothing is shown; likewise.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)  # asr.py in this folder would shadow the package asr

from hearsay.api.verification import LocalScorer  # noqa: E402
from hearsay.errors import HearsayError  # noqa: E402
from hearsay.records.clip import ClipRow  # noqa: E402
from hearsay.results.text_scores import TextScores  # noqa: E402
from hearsay.storage.local import find_audio  # noqa: E402
from hearsay.text.normalize import tokens  # noqa: E402
from indexer.index import Request  # noqa: E402
from indexer.ingest.load import read_rows  # noqa: E402
from indexer.matching.checking import scores_of  # noqa: E402
from indexer.matching.probability import PossibleMatch  # noqa: E402
from indexer.matching.query_sampling import ABSENT, SAID, QuerySampler, SampledQuery, halves, references_of  # noqa: E402
from indexer.matching.search import Finder  # noqa: E402
from indexer.matching.training import learn  # noqa: E402
from indexer.matching.verification import MOST_CHECKED, VerificationModel  # noqa: E402
from indexer.matching.verification_training import CheckedMatch, CheckedQuery, fitted  # noqa: E402
from indexer.open import open_writer  # noqa: E402
from indexer.passages import passages_of  # noqa: E402
from indexer.phonetics.tables import Tables  # noqa: E402
from indexer.query.planner import Planner  # noqa: E402
from indexer.settings import IndexSettings  # noqa: E402

KINDS = {1: (SAID[0], ABSENT[0]), 2: (SAID[1], ABSENT[1])}
NAMES = {1: "one", 2: "two"}
FIRST = 10


def sampled(rows: Sequence[ClipRow], seeds: int, per_kind: int) -> list[SampledQuery]:
    """The queries of the kinds that are checked, each once."""
    sampler = QuerySampler(references_of(rows))
    wanted = {kind for kinds in KINDS.values() for kind in kinds}
    drawn = (query for seed in range(seeds) for query in sampler.draw(seed, per_kind) if query.kind in wanted)
    return list({(query.kind, query.text): query for query in drawn}.values())


def tables_of(half: Sequence[ClipRow], file: Path) -> Tables:
    """The tables learned on a half, from the cache if they are there."""
    if not file.exists():
        learn(half, "half of the sentences").save(file)
    return Tables.load(file)


def scores_or_none(one: PossibleMatch, audio: Path, scorer: LocalScorer, cache: Path) -> TextScores | None:
    """The scores of a possible match; None if it cannot be checked."""
    try:
        found = scores_of(one, lambda clip: find_audio(audio, clip), scorer, cache / "scores")
    except HearsayError:
        return None
    return None if isinstance(found, str) else found


def checked_queries(
    rows: Sequence[ClipRow], queries: Sequence[SampledQuery], audio: Path, cache: Path
) -> Iterator[tuple[int, CheckedQuery]]:
    """Each query with the half that it belongs to, and its possible matches with their scores."""
    parts = halves(rows)
    half_of = {row.id: number for number, part in enumerate(parts) for row in part}
    references = {row.id: frozenset(tokens(row.text)) for row in rows}
    scorer = LocalScorer()
    with TemporaryDirectory(prefix="hearsay-bench-") as folder:
        index = open_writer(IndexSettings(), folder)
        index.replace(passage for row in rows for passage in passages_of(replace(row, text="")))
        finders = [
            Finder(Planner(index, tables_of(part, cache / f"tables-{number}.json")))
            for number, part in enumerate(parts)
        ]
        for number, query in enumerate(queries, 1):
            half = half_of.get(query.source, Random(query.source).randrange(2))
            finder = finders[1 - half]
            plan = finder.planner.plan(query.text)
            request = Request(plan.query, size=FIRST)
            matches = index.search(request)
            possible = finder.possible_matches(plan, request, matches.total)
            checked = []
            for rank, one in enumerate(possible):
                scores = scores_or_none(one, audio, scorer, cache) if rank < MOST_CHECKED else None
                checked.append(CheckedMatch(one, scores, set(tokens(query.text)) <= references[one.passage.clip]))
            clips = tuple(hit.passage.clip for hit in matches.hits)
            words = next(words for words, kinds in KINDS.items() if query.kind in kinds)
            yield half, CheckedQuery(query, words, clips, finder.threshold(plan) if possible else 1.0, tuple(checked))
            if number % 100 == 0:
                print(f"{number} of {len(queries)} queries", file=sys.stderr)
        index.close()


def figures(
    found: Sequence[tuple[int, CheckedQuery]], model_of: Callable[[int], VerificationModel | None], suffix: str
) -> dict[str, float]:
    """The figures with the models of the halves, or without the check."""
    figures: dict[str, float] = {}
    for words, name in NAMES.items():
        own = [(query, query.shown(model_of(half))) for half, query in found if query.words == words]
        shown = [one for _, those in own for one in those]
        lost, empty = [], []
        for query, those in own:
            clips = [*query.matches, *(one.possible.passage.clip for one in those)]
            if query.query.is_absent:
                empty.append(not clips)
            elif query.query.is_lost:
                lost.append(bool(query.query.relevant & set(clips[:FIRST])))
        figures |= {
            f"success_{name}{suffix}": sum(lost) / max(1, len(lost)),
            f"right_{name}{suffix}": sum(one.is_right for one in shown) / max(1, len(shown)),
            f"empty_{name}{suffix}": sum(empty) / max(1, len(empty)),
            f"lost_{name}": len(lost),
        }
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--audio", type=Path, required=True, help="the folder of the clips' audio")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--per-kind", type=int, default=600)
    parser.add_argument("--cache", type=Path, default=Path("var/verification"), help="folder of tables and scores")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the weights and thresholds")
    parser.add_argument("--source", default="", help="what they were learned from (default: the names of the files)")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = [row for row in read_rows(given.files).values() if row.is_scorable]
    given.cache.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    found = list(checked_queries(rows, sampled(rows, given.seeds, given.per_kind), given.audio, given.cache))
    print(f"searches and checks took {time.perf_counter() - began:.0f} s", file=sys.stderr)
    name = LocalScorer().model
    source = given.source or ", ".join(file.name for file in given.files)
    models = [fitted([query for half, query in found if half != own], name, source) for own in (0, 1)]
    result = figures(found, lambda _: None, "") | figures(found, models.__getitem__, "_checked")
    if given.write:
        model = fitted([query for _, query in found], name, source)
        given.write.write_text(json.dumps([model.to_json()]) + "\n", encoding="utf-8")
    if given.json:
        print(json.dumps(result))
        return
    for figure, value in result.items():
        print(f"{figure:24} {value:.3f}" if isinstance(value, float) else f"{figure:24} {value}")


if __name__ == "__main__":
    main()
