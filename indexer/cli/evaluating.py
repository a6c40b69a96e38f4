"""``indexer score``: indexes transcripts separately, samples queries from references, and reports the metrics."""

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from hearsay.records.clip import ClipRow
from hearsay.terminal.console import console_of
from hearsay.terminal.progress import progress_bar
from hearsay.text.normalize import tokens
from indexer.cli.commands import note
from indexer.errors import IndexUnavailable, WrongRequest
from indexer.evaluation.distractors import distractors
from indexer.evaluation.metrics import FIRST, ResultList, SearchFor, SearchFunction, cross_fitted
from indexer.evaluation.pictures import draw
from indexer.evaluation.scores import score as scored
from indexer.evaluation.tables import print_score
from indexer.index import Request, SearchReader, SearchWriter
from indexer.ingest.load import read_rows
from indexer.matching.query_sampling import FREQUENT, QuerySampler, references_of
from indexer.matching.search import ALL, Finder, finder_of
from indexer.matching.training import learn
from indexer.open import open_writer
from indexer.passages import Passage, passages_of
from indexer.query.builder import MODES
from indexer.query.planner import Planner
from indexer.schema import FACETS
from indexer.settings import IndexSettings


def score(_index: SearchReader, arguments: Namespace, settings: IndexSettings) -> int:
    """Index the transcripts separately, search for what the references say, and print the metrics."""
    by = tuple(filter(None, map(str.strip, arguments.by.split(","))))
    if unknown := [name for name in by if name not in FACETS]:
        raise WrongRequest(f"--by {', '.join(unknown)}: there is no such facet; choose from {', '.join(FACETS)}")
    modes = tuple(dict.fromkeys(arguments.mode or MODES))
    rows, without_reference = _scorable(arguments.files)
    drawing = QuerySampler(references_of(rows))
    drawn = (query for seed in range(arguments.seeds) for query in drawing.draw(seed, arguments.per_kind))
    # Without a reference it is unknown whether a clip is a relevant result for a frequent word.
    is_all_known = not (arguments.distractors or without_reference)
    queries = [query for query in drawn if query.kind != FREQUENT or is_all_known]
    values = {facet: {row.id: str(getattr(row, facet)) for row in rows} for facet in by}
    transcripts = [row.generated_text for row in rows]
    generated = distractors(transcripts, arguments.distractors, verbatim=arguments.distractors_verbatim)
    with progress_bar() as progress:
        indexing = progress.add_task("indexing", total=len(rows) + len(without_reference) + arguments.distractors)
        passages = _passages(chain(rows, without_reference, generated), lambda: progress.advance(indexing))
        with _own_index(arguments.index, settings, passages) as index:
            asking = progress.add_task("asking", total=len(queries) * len(modes))
            search_for = _search_for(index, rows, settings, is_cross_fit=arguments.cross_fit)
            references = {row.id: frozenset(tokens(row.text)) for row in rows}
            found = scored(queries, search_for, modes, values, references, lambda: progress.advance(asking))
    if arguments.picture and found.possible:
        draw(next(iter(found.possible.values())), arguments.picture)
    elif arguments.picture:
        note("no picture was drawn: no possible matches were found")
    if arguments.json:
        print(json.dumps(found.to_json(), ensure_ascii=False))
    else:
        print_score(console_of(sys.stdout), found)
    return 0


def search_function(finder: Finder, index: SearchReader) -> SearchFunction:
    """Searches the index as the search command does; the only place where evaluation calls search."""

    def ask(typed: str, mode: str) -> ResultList:
        plan = finder.planner.plan(typed, mode)
        request = Request(plan.query, size=FIRST)
        matches = index.search(request)
        possible = finder.possible_matches(plan, request, matches.total)
        return ResultList(
            tuple(hit.passage.clip for hit in matches.hits),
            tuple(one.passage.clip for one in possible),
            tuple(one.probability for one in possible),
            finder.threshold(plan) if possible else ALL,
        )

    return ask


def _search_for(
    index: SearchReader, rows: Sequence[ClipRow], settings: IndexSettings, *, is_cross_fit: bool
) -> SearchFor:
    """The search with the configured tables, or with tables learned on the other half of the sentences."""
    if is_cross_fit:
        return cross_fitted(
            rows, lambda half: search_function(Finder(Planner(index, learn(half, "half of the sentences"))), index)
        )
    as_set_up = search_function(finder_of(index, settings), index)
    return lambda _question: as_set_up


def _scorable(files: Sequence[Path]) -> tuple[list[ClipRow], list[ClipRow]]:
    """The records that queries can be sampled from, and those with a transcript alone, which are only indexed.

    Notes report the number of the latter and of the records left out. Raises `WrongRequest` if no query can be sampled.
    """
    rows = [row for row in read_rows(files).values() if not row.deleted]
    scorable = [row for row in rows if row.is_scorable]
    if not scorable:
        with_text = sum(bool(row.text) for row in rows)
        with_transcript = sum(bool(row.generated_text) for row in rows)
        raise WrongRequest(
            f"of {len(rows)} records, {with_text} have a reference in text, {with_transcript} have a transcript in "
            "generated_text, and none has both; name the file of references and the file of transcripts"
        )
    if without := sum(not row.text and bool(row.generated_text) for row in rows):
        note(f"{without} of {len(rows)} records have no reference: they are indexed, but not searched for")
    if untranscribed := sum(not row.is_scorable for row in rows) - without:
        note(f"{untranscribed} of {len(rows)} records left out: no transcript")
    return scorable, [row for row in rows if not row.text and row.generated_text]


def _passages(rows: Iterable[ClipRow], step: Callable[[], None]) -> Iterator[Passage]:
    """The passages to index: transcripts without references, so that a reference cannot be found by accident."""
    for row in rows:
        yield from passages_of(replace(row, text=""))
        step()


@contextmanager
def _own_index(url: str | None, settings: IndexSettings, passages: Iterable[Passage]) -> Iterator[SearchReader]:
    """A temporary index of the passages, separate from the user's own; it is removed when the block ends.

    In Elasticsearch it is named INDEX_NAME-score and only emptied, because this user may not be allowed to remove it;
    in a folder it is a temporary folder, next to the named one.
    """
    if url and "://" in url:
        named = settings.model_copy(update={"index_name": f"{settings.index_name}-score", "index_versions": 1})
        with _filled(open_writer(named, url), passages) as index:
            yield index
            index.replace(())
            note(f"the passages were removed again; an empty index {named.index_name} remains for the next evaluation")
        return
    beside = Path(url).expanduser() if url else None
    try:
        temporary = TemporaryDirectory(prefix="hearsay-score-", dir=beside.parent if beside else None)
    except OSError as problem:
        raise IndexUnavailable(f"no folder can be made next to {beside}: {problem.strerror}; name another") from problem
    with temporary as folder, _filled(open_writer(settings, folder), passages) as index:
        yield index


@contextmanager
def _filled(index: SearchWriter, passages: Iterable[Passage]) -> Iterator[SearchWriter]:
    try:
        index.replace(passages)
        yield index
    finally:
        index.close()
