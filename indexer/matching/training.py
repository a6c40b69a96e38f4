"""Training: the phonetic tables, and on top of them the probability of possible matches."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hearsay.records.clip import ClipRow
from hearsay.text.normalize import tokens
from indexer.errors import WrongRequest
from indexer.index import Request, SearchReader
from indexer.matching.features import (
    QUERY_FEATURES,
    SECONDED_QUERY_FEATURES,
    SECONDED_WORD_FEATURES,
    WORD_FEATURES,
)
from indexer.matching.probability import Estimator
from indexer.matching.query_sampling import (
    ABSENT,
    ABSENT_SHARE,
    SAID,
    QuerySampler,
    SampledQuery,
    parts,
    references_of,
)
from indexer.matching.search import MOST_CANDIDATES, evidence_finder
from indexer.open import open_writer
from indexer.passages import passages_of
from indexer.phonetics.g2p import english
from indexer.phonetics.model import Examples, regression
from indexer.phonetics.probability import MOST_COUNTED, ProbabilityModel, Regressions
from indexer.phonetics.tables import Tables, shipped
from indexer.phonetics.training import learn as learn_tables
from indexer.query.planner import Planner
from indexer.query_tree import NOTHING
from indexer.settings import IndexSettings

SEEDS: Final = 3
"""How often a query of each kind is drawn from each clip."""

MOST_QUERIES: Final = 800
"""Queries per number of words that are trained on."""

FOLDS: Final = 5
"""Parts of the sentences whose evidence comes from tables learned on the others: with fewer, these tables would be much
worse than the final ones, and the probabilities too low. Also parts of the queries, each of which is estimated with a
model of the others to choose thresholds."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What thresholds are chosen for, on the queries trained on; elsewhere both shares are lower.

    For queries of one, two, and three words, ``right`` is the share of the possible matches shown that must be right,
    and ``empty`` the share of the queries with a word that nobody said for which nothing may be shown.
    """

    right: tuple[float, float, float]
    empty: tuple[float, float, float]


AIM: Final = Aim((0.5, 0.6, 0.6), (0.92, 0.92, 0.8))
AIM_SECONDED: Final = Aim((0.6, 0.6, 0.6), (0.95, 0.92, 0.88))
"""The aim where there is a second transcript: it shows more that is right, so less has to be wrong."""

FEWEST_RIGHT: Final = 30
"""Possible matches that are right, below which the model that ships with Hearsay is used."""

_ALONE: Final = (WORD_FEATURES, QUERY_FEATURES)
_SECONDED: Final = (SECONDED_WORD_FEATURES, SECONDED_QUERY_FEATURES)
"""Features of passages with one transcript, and of those with a second one."""

Step = Callable[[int, int], None]
"""Called with the number of steps done and their total."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The candidates for one query: their features, and which of them contain all of its words in the reference.

    ``most`` bounds the log odds of each; see `Candidate`.
    """

    is_absent: bool
    features: NDArray[np.float64]
    most: NDArray[np.float64]
    is_right: NDArray[np.bool_]


def learn(rows: Iterable[ClipRow], source: str, step: Step = lambda _done, _total: None) -> Tables:
    """Tables learned from records with both a reference and a transcript; others are ignored.

    The tables that the probabilities of a part of the sentences are fitted with are learned on the other parts, because
    evidence for the words that they were learned from looks better than it is. What second transcripts say is learned
    from the records that have one. ``source`` describes the records. Raises `WrongRequest` if they contain too few
    misrecognitions. If there are only enough for the phonetic tables, the probabilities are those that ship with
    Hearsay, also those of second transcripts alone.
    """
    known = [row for row in rows if row.is_scorable]
    tables = learn_tables(known, english(), source, step=step)
    alone = _fitted([replace(row, transcripts=()) for row in known], source, step)
    if alone is None:
        return replace(tables, possible=shipped().possible)
    with_second = [row for row in known if row.transcripts]
    seconded = _fitted(with_second, source, step) if with_second else None
    return replace(tables, possible=ProbabilityModel(alone, seconded or shipped().possible.seconded))


def _fitted(rows: Sequence[ClipRow], source: str, step: Step) -> Regressions | None:
    """The regressions fitted on queries for the words of records of which all or none have a second transcript.

    None if too few misrecognised words can be found.
    """
    with TemporaryDirectory(prefix="hearsay-learn-") as folder:
        index = open_writer(IndexSettings(), folder)
        try:
            index.replace(passage for row in rows for passage in passages_of(replace(row, text="")))
            return _fitted_in(index, rows, source, step)
        finally:
            index.close()


def _fitted_in(index: SearchReader, rows: Sequence[ClipRow], source: str, step: Step) -> Regressions | None:
    """The same in an index that holds the records without their references."""
    references = {row.id: frozenset(tokens(row.text)) for row in rows}
    queries = list(_queries(rows))
    folds = parts(rows, FOLDS)
    fold_of = {row.id: number for number, fold in enumerate(folds) for row in fold}
    try:
        learned = [
            learn_tables((row for row in rows if fold_of[row.id] != number), english(), source, index.lexicon())
            for number in range(FOLDS)
        ]
    except WrongRequest:
        return None
    planners = [Planner(index, tables) for tables in learned]
    finders = [evidence_finder(planner) for planner in planners]

    def answers(kinds: Sequence[str], model: ProbabilityModel) -> list[Answer]:
        estimators = [Estimator(finder, model) for finder in finders]
        found = []
        for number, query in enumerate(queries):
            step(number + 1, len(queries))
            if query.kind in kinds:
                fold = fold_of.get(query.source, number % FOLDS)
                found.append(_answer(query, planners[fold], estimators[fold], references))
        return found

    alone, seconded = map(_unfitted, (_ALONE, _SECONDED))
    model = ProbabilityModel(alone, seconded if rows[0].transcripts else None)
    aim = AIM_SECONDED if model.seconded else AIM
    thresholds, several = [], []
    for number, kinds in enumerate(zip(SAID, ABSENT, strict=True), 1):
        found = answers(kinds, model)
        if sum(int(answer.is_right.sum()) for answer in found) < FEWEST_RIGHT:
            return None
        weights = _weights(found)
        thresholds.append(_threshold(found, aim.right[number - 1], aim.empty[number - 1]))
        if number > 1:
            several.append(weights)
        elif model.seconded:
            model = replace(model, seconded=replace(seconded, word=weights))
        else:
            model = replace(model, alone=replace(alone, word=weights))
    one, two, three = thresholds
    return Regressions((model.seconded or model.alone).word, np.stack(several), (one, two, three))


def _unfitted(features: tuple[Sequence[str], Sequence[str]]) -> Regressions:
    word, several = map(len, features)
    return Regressions(np.zeros(word), np.zeros((MOST_COUNTED - 1, several)), (1.0, 1.0, 1.0))


def _queries(rows: Sequence[ClipRow]) -> Iterator[SampledQuery]:
    """The queries for one, two and three words to train on, each once."""
    sampler = QuerySampler(references_of(rows))
    drawn: dict[tuple[str, str], SampledQuery] = {}
    for seed in range(SEEDS):
        for query in sampler.draw(seed, MOST_QUERIES):
            if query.kind in SAID + ABSENT:
                drawn.setdefault((query.kind, query.text), query)
    counts = Counter[str]()
    for query in drawn.values():
        counts[query.kind] += 1
        if counts[query.kind] <= (MOST_QUERIES // ABSENT_SHARE if query.is_absent else MOST_QUERIES):
            yield query


def _answer(
    query: SampledQuery, planner: Planner, estimator: Estimator, references: Mapping[str, frozenset[str]]
) -> Answer:
    plan = planner.plan(query.text)
    request = Request(plan.candidates or NOTHING, size=MOST_CANDIDATES)
    passages = [hit.passage for hit in planner.index.search(request).hits]
    found = estimator.candidates(plan, passages, planner.index.count(plan.query))
    words = set(tokens(query.text))
    is_right = [words <= references[one.passage.clip] for one in found]
    regressions = estimator.model.of(is_seconded=estimator.model.seconded is not None)
    width = len(regressions.word if query.kind in (SAID[0], ABSENT[0]) else regressions.several[0])
    features = np.array([one.features for one in found]).reshape(-1, width)
    most = np.array([one.most for one in found], np.float64)
    return Answer(query.is_absent, features, most, np.array(is_right, np.bool_))


def _weights(answers: Sequence[Answer]) -> NDArray[np.float64]:
    features = np.concatenate([answer.features for answer in answers])
    labels = np.concatenate([answer.is_right for answer in answers]).astype(np.float64)
    return regression(Examples(features, labels, np.ones(len(labels))))


def _threshold(answers: Sequence[Answer], least_right: float, least_empty: float) -> float:
    """The least probability, in hundredths, from which on both shares are reached; at most 0.95.

    Each query is estimated with a model of the others.
    """
    estimated: list[tuple[Answer, NDArray[np.float64]]] = []
    for fold in range(FOLDS):
        weights = _weights([answer for number, answer in enumerate(answers) if number % FOLDS != fold])
        for one in answers[fold::FOLDS]:
            log_odds = np.minimum(one.features @ weights, one.most)
            estimated.append((one, 1 / (1 + np.exp(-np.clip(log_odds, -30, 30)))))
    for hundredths in range(2, 95):
        least = hundredths / 100
        right = sum(int((odds >= least)[answer.is_right].sum()) for answer, odds in estimated)
        shown = sum(int((odds >= least).sum()) for _, odds in estimated)
        empty = [not (odds >= least).any() for answer, odds in estimated if answer.is_absent]
        if right >= least_right * max(1, shown) and sum(empty) >= least_empty * len(empty):
            return least
    return 0.95
