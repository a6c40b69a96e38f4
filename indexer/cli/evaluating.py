"""``indexer score``: an index of its own, questions drawn from references, and what asking them shows."""

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
from indexer.cli.commands import note, progress_bar
from indexer.errors import IndexUnavailable, WrongRequest
from indexer.evaluation.distractors import distractors
from indexer.evaluation.metrics import FIRST, Answers, Ask, cross_fitted
from indexer.evaluation.query_sampling import FREQUENT, Drawing, references_of
from indexer.evaluation.scores import score as scored
from indexer.evaluation.tables import print_score
from indexer.index import Request, SearchReader, SearchWriter
from indexer.ingest.load import read_rows
from indexer.open import open_writer
from indexer.passages import Passage, passages_of
from indexer.phonetics.g2p import english
from indexer.phonetics.training import learn
from indexer.query.builder import MODES
from indexer.query.planner import Planner, planner_of
from indexer.schema import FACETS
from indexer.settings import IndexSettings


def score(_index: SearchReader, asked: Namespace, settings: IndexSettings) -> int:
    """Index the transcripts apart from all else, ask for what the references say, and print how well it was found."""
    by = _facets(asked.by)
    modes = tuple(dict.fromkeys(asked.mode or MODES))
    rows, without_reference = _scorable(asked.files)
    drawing = Drawing(references_of(rows))
    drawn = (question for seed in range(asked.seeds) for question in drawing.draw(seed, asked.per_kind))
    # Of what nobody said it cannot be told whether a frequent word is rightly found in it.
    is_all_said = not (asked.distractors or without_reference)
    questions = [question for question in drawn if question.kind != FREQUENT or is_all_said]
    values = {facet: {row.id: str(getattr(row, facet)) for row in rows} for facet in by}
    made_up = distractors([row.generated_text for row in rows], asked.distractors, as_heard=asked.distractors_as_heard)
    with progress_bar() as progress:
        indexing = progress.add_task("indexing", total=len(rows) + len(without_reference) + asked.distractors)
        passages = _passages(chain(rows, without_reference, made_up), lambda: progress.advance(indexing))
        with _own_index(asked.index, settings, passages) as index:
            asking = progress.add_task("asking", total=len(questions) * len(modes))
            ask_for = _ask_for(index, rows, settings, is_cross_fit=asked.cross_fit)
            found = scored(questions, ask_for, modes, values, lambda: progress.advance(asking))
    if asked.json:
        print(json.dumps(found.to_json(), ensure_ascii=False))
    else:
        print_score(console_of(sys.stdout), found)
    return 0


def asking(planner: Planner, index: SearchReader) -> Ask:
    """Asks the index as the search command does; the one place where a question meets the search that is measured."""

    def ask(typed: str, mode: str) -> list[str]:
        request = Request(planner.plan(typed, mode).query, size=FIRST)
        return [hit.passage.clip for hit in index.search(request).hits]

    return ask


def _ask_for(index: SearchReader, rows: Sequence[ClipRow], settings: IndexSettings, *, is_cross_fit: bool) -> Answers:
    """Who answers: the search as it is set up, or one that learned on the other half of the sentences."""

    def fit(half: Sequence[ClipRow]) -> Ask:
        return asking(Planner(index, learn(half, english(), "half of the sentences", index.lexicon())), index)

    if is_cross_fit:
        return cross_fitted(rows, fit)
    as_set_up = asking(planner_of(index, settings), index)
    return lambda _question: as_set_up


def _facets(typed: str) -> tuple[str, ...]:
    named = tuple(filter(None, map(str.strip, typed.split(","))))
    if unknown := [name for name in named if name not in FACETS]:
        raise WrongRequest(f"--by {', '.join(unknown)}: no such facet; there are {', '.join(FACETS)}")
    return named


def _scorable(files: Sequence[Path]) -> tuple[list[ClipRow], list[ClipRow]]:
    """The rows that can be asked about, and those that have a transcript alone and are only searched.

    Notes tell of these and of what is left out, and `WrongRequest` that nothing can be asked about.
    """
    rows = [row for row in read_rows(files).values() if not row.deleted]
    scorable = [row for row in rows if row.is_scorable]
    if not scorable:
        with_text = sum(bool(row.text) for row in rows)
        with_transcript = sum(bool(row.generated_text) for row in rows)
        raise WrongRequest(
            f"of {len(rows)} rows {with_text} have a reference in text and {with_transcript} a transcript in "
            "generated_text, and none has both; name the corpus's file and the transcripts' file, both"
        )
    if without := sum(not row.text and bool(row.generated_text) for row in rows):
        note(f"{without} of {len(rows)} rows have no reference: they are searched, and not asked for")
    if unheard := sum(not row.is_scorable for row in rows) - without:
        note(f"{unheard} of {len(rows)} rows left out: no transcript")
    return scorable, [row for row in rows if not row.text and row.generated_text]


def _passages(rows: Iterable[ClipRow], step: Callable[[], None]) -> Iterator[Passage]:
    """What is indexed: transcripts without their references, which nothing may find by accident."""
    for row in rows:
        yield from passages_of(replace(row, text=""))
        step()


@contextmanager
def _own_index(url: str | None, settings: IndexSettings, passages: Iterable[Passage]) -> Iterator[SearchReader]:
    """An index of the passages beside the user's own, which is not touched; it goes when the block ends.

    In Elasticsearch it has a name of its own, INDEX_NAME-score, and is emptied, since an index can be replaced there
    and not removed; in a folder it is a temporary one, beside the folder where one was named.
    """
    if url and "://" in url:
        named = settings.model_copy(update={"index_name": f"{settings.index_name}-score", "index_versions": 1})
        with _filled(open_writer(named, url), passages) as index:
            yield index
            index.replace(())
            note(f"what was indexed for this is gone; an empty index {named.index_name} stays for the next time")
        return
    beside = Path(url).expanduser() if url else None
    try:
        temporary = TemporaryDirectory(prefix="hearsay-score-", dir=beside.parent if beside else None)
    except OSError as problem:
        raise IndexUnavailable(f"no folder can be made beside {beside}: {problem.strerror}; name another") from problem
    with temporary as folder, _filled(open_writer(settings, folder), passages) as index:
        yield index


@contextmanager
def _filled(index: SearchWriter, passages: Iterable[Passage]) -> Iterator[SearchWriter]:
    try:
        index.replace(passages)
        yield index
    finally:
        index.close()
