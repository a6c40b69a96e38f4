"""Statistics of an index, or of the results of a search: counts, durations, emotions by speaker, and word errors.

All are counted by the engine, except word errors: these require each clip's words, and are counted in a sample if there
are many clips.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import sub
from typing import Final

from hearsay.text.wer_by_slice import SlicedErrors
from indexer.index import Range, Request, SearchReader
from indexer.insights.word_errors import WordConfusions, align_clips, confusions_of, errors_by_slice
from indexer.query_tree import AllOf, Between, Term

SPEAKER: Final = ("age", "gender", "accent")
"""Facets that describe the speaker."""

EMOTION_FACETS: Final = ("sentiment", "emotion")
"""Facets of the emotion in the voice."""

MOST_COMPARED: Final = 5_000
"""Maximum number of clips in which word errors are counted; of more, this many are sampled at random."""

MOST_WORDS: Final = 10
"""Length of each list of words with errors."""

FEWEST_OCCURRENCES: Final = 5
"""A word needs this many occurrences before its error rate is shown."""

TENTHS: Final = 10

_COLUMNS: Final = 12
_WIDTHS: Final = (1.0, 2.5)
_MOST_BEYOND: Final = 0.02
"""Number of columns of the histogram of durations, their possible widths in seconds, and the largest share of clips
that may be longer than the last column."""

_RESOLUTION: Final = 0.001
"""Seconds. Ranges are inclusive, so a column ends this much before the next one begins."""

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ErrorStatistics:
    """Word errors of ``compared`` clips, a random sample of the ``scorable`` ones if there are more.

    ``errors`` has the totals, and those by facet and value. ``most_frequent`` are the words with the most errors,
    ``highest_rate`` those with the highest error rate, and ``passages_with`` the number of references that contain
    each.
    """

    compared: int
    scorable: int
    errors: SlicedErrors
    most_frequent: Sequence[WordConfusions]
    highest_rate: Sequence[WordConfusions]
    passages_with: Counts

    @property
    def is_sample(self) -> bool:
        return self.scorable > MOST_COMPARED


@dataclass(frozen=True, slots=True)
class CollectionStatistics:
    """``total`` passages with a total duration of ``seconds``, and the counts of each facet's values.

    ``has_parts`` says whether parts of long clips are among them. ``durations`` is the histogram of durations;
    ``emotions`` has the counts of each sentiment and emotion by facet and value of the speaker; ``score_histograms``
    has, for each emotion, the counts by tenths of its probability; ``agreement`` has the counts by tenths of the
    agreement of two transcripts, those with an agreement of 1 in the last.
    """

    total: int
    seconds: float
    has_parts: bool
    facets: Mapping[str, Counts]
    durations: Mapping[Range, int]
    emotions: Mapping[str, Mapping[str, Mapping[str, Counts]]]
    score_histograms: Mapping[str, Sequence[int]]
    agreement: Sequence[int]
    word_errors: ErrorStatistics


def collect_statistics(index: SearchReader, among: Request) -> CollectionStatistics:
    """Statistics of all passages that match a request; its size, page, facets and sort are ignored."""
    among = replace(among, facets=(), size=0, page=1, sort=None, seconds=False)
    whole = index.search(replace(among, facets=(*EMOTION_FACETS, *SPEAKER), seconds=True))
    facets = {facet: _kept(among, facet, counts) for facet, counts in whole.facets.items()}
    return CollectionStatistics(
        whole.total,
        whole.seconds or 0.0,
        index.search(_where(among, Between("start", _RESOLUTION, None))).total > 0,
        facets,
        durations(index, among),
        {facet: emotions_by_speaker(index, among, facet, facets[facet]) for facet in EMOTION_FACETS},
        score_histograms(index, among),
        agreement_histogram(index, among),
        error_statistics(index, among),
    )


def _kept(among: Request, facet: str, counts: Counts) -> Counts:
    """The counts of the values that pass the request's own filter, which does not affect a facet's counts."""
    wanted = among.filters.get(facet)
    return {value: count for value, count in counts.items() if wanted is None or value in wanted}


def durations(index: SearchReader, among: Request) -> dict[Range, int]:
    """Counts by duration in equal columns, the last one unbounded; narrow ones, unless many clips are longer."""
    selected = among.ranges.get("duration", Range())

    def number(span: Range) -> int:
        return index.search(replace(among, ranges={**among.ranges, "duration": span})).total

    narrow, wide = _WIDTHS
    known, beyond = (number(_both(selected, Range(low))) for low in (0.0, _COLUMNS * narrow))
    width = narrow if beyond <= _MOST_BEYOND * known else wide
    spans = (Range(at * width, (at + 1) * width - _RESOLUTION) for at in range(_COLUMNS))
    columns = [_both(selected, span) for span in (*spans, Range(_COLUMNS * width))]
    return {span: number(span) for span in columns if span.low is None or span.high is None or span.low <= span.high}


def _both(one: Range, other: Range) -> Range:
    lows = [span.low for span in (one, other) if span.low is not None]
    highs = [span.high for span in (one, other) if span.high is not None]
    return Range(max(lows, default=None), min(highs, default=None))


def emotions_by_speaker(
    index: SearchReader, among: Request, emotion_facet: str, values: Counts
) -> dict[str, dict[str, dict[str, int]]]:
    """The counts of an emotion facet's values by facet and value of the speaker; one search per emotion value."""
    found: dict[str, dict[str, dict[str, int]]] = {facet: {} for facet in SPEAKER}
    for value in values:
        narrowed = replace(among, filters={**among.filters, emotion_facet: frozenset({value})}, facets=SPEAKER)
        for facet, counts in index.search(narrowed).facets.items():
            for spoken, count in _kept(among, facet, counts).items():
                found[facet].setdefault(spoken, {})[value] = count
    return found


def score_histograms(index: SearchReader, among: Request) -> dict[str, list[int]]:
    """For each emotion, the counts by tenths of its probability, each with its lower end included."""
    found: dict[str, list[int]] = {}
    for at in range(TENTHS):
        narrowed = replace(_where(among, Between("emotion_score", at / TENTHS, None)), facets=("emotion",))
        for emotion, count in _kept(among, "emotion", index.search(narrowed).facets["emotion"]).items():
            found.setdefault(emotion, [0] * TENTHS)[at] = count
    return {emotion: [*map(sub, rising, [*rising[1:], 0])] for emotion, rising in found.items()}


def agreement_histogram(index: SearchReader, among: Request) -> list[int]:
    """The counts by tenths of the agreement of two transcripts, each with its lower end included, the last with 1."""
    rising = [index.search(_where(among, Between("agreement", at / TENTHS, None))).total for at in range(TENTHS)]
    return [*map(sub, rising, [*rising[1:], 0])]


def error_statistics(index: SearchReader, among: Request) -> ErrorStatistics:
    """Word errors of the matching clips that have a reference."""
    scorable = replace(_where(among, Between("wer", 0.0, None)), size=MOST_COMPARED)
    clips = align_clips(index.sample(scorable))
    confusions = confusions_of(clips)
    most_frequent = sorted(confusions, key=lambda word: -word.errors)[:MOST_WORDS]
    often_wrong = (
        word for word in confusions if word.occurrences >= FEWEST_OCCURRENCES and word.errors * 2 >= word.occurrences
    )
    highest_rate = sorted(often_wrong, key=lambda word: (-word.errors / word.occurrences, -word.occurrences))[
        :MOST_WORDS
    ]
    passages_with = {
        one.word: index.search(_where(among, Term("text_tokens", one.word))).total
        for one in (*most_frequent, *highest_rate)
    }
    return ErrorStatistics(
        len(clips),
        index.search(replace(scorable, size=0)).total,
        errors_by_slice(clips, (*SPEAKER, "emotion")),
        most_frequent,
        highest_rate,
        passages_with,
    )


def _where(among: Request, condition: Between | Term) -> Request:
    return replace(among, query=AllOf((among.query, condition)))
