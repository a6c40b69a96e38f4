"""What an index, or a part of it, is made of: how much, how long, how it sounds by speaker, and how well it was heard.

All is counted by the engine, of however many passages, but for errors: they need each clip's words, and are counted in
a sample where there are many.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import sub
from typing import Final

from indexer.index import Range, Request, SearchReader
from indexer.insights.word_errors import Misheard, Slice, compared, misheard, slice_of, slices
from indexer.query_tree import AllOf, Between, Term

SPEAKER: Final = ("age", "gender", "accent")
"""Facets that tell of the speaker."""

TONES: Final = ("sentiment", "emotion")
"""Facets that tell how something was said."""

MOST_COMPARED: Final = 5_000
"""Clips of which errors are counted; of more, as many are drawn by chance."""

MOST_WORDS: Final = 10
"""Words in each list of those that were heard wrong."""

LEAST_SAID: Final = 5
"""Times that a word has to be said before the share that was heard wrong says anything."""

TENTHS: Final = 10

_COLUMNS: Final = 12
_WIDTHS: Final = (1.0, 2.5)
_MOST_BEYOND: Final = 0.02
"""Columns of the durations, how many seconds each may hold, and which part of all may be longer than the last."""

_RESOLUTION: Final = 0.001
"""Seconds. A range has both of its ends in, so a column ends this much before the next begins."""

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Hearing:
    """Errors of ``compared`` clips, drawn by chance from the ``of`` that have a reference where those are more.

    ``by`` has the slices by facet and value. ``often`` has the words that were heard wrong most often, ``seldom_right``
    those of which the greatest part was; ``said`` tells of each in how many passages it was to be said.
    """

    compared: int
    of: int
    whole: Slice
    by: Mapping[str, Mapping[str, Slice]]
    often: Sequence[Misheard]
    seldom_right: Sequence[Misheard]
    said: Counts

    @property
    def is_sample(self) -> bool:
        return self.of > MOST_COMPARED


@dataclass(frozen=True, slots=True)
class Portrait:
    """``total`` passages of ``seconds`` together, and the counts of each facet's values.

    ``has_parts`` tells whether parts of long clips are among them.
    ``lengths`` are counts by duration, ``tones`` those of each sentiment and emotion by facet and value of the speaker;
    ``certainty`` has, of each emotion, the counts by tenths of the tagger's score.
    """

    total: int
    seconds: float
    has_parts: bool
    facets: Mapping[str, Counts]
    lengths: Mapping[Range, int]
    tones: Mapping[str, Mapping[str, Mapping[str, Counts]]]
    certainty: Mapping[str, Sequence[int]]
    hearing: Hearing


def portrait(index: SearchReader, among: Request) -> Portrait:
    """What is found by a request, which may be for everything; its size, page, facets and sort say nothing here."""
    among = replace(among, facets=(), size=0, page=1, sort=None, seconds=False)
    whole = index.search(replace(among, facets=(*TONES, *SPEAKER), seconds=True))
    facets = {facet: _kept(among, facet, counts) for facet, counts in whole.facets.items()}
    return Portrait(
        whole.total,
        whole.seconds or 0.0,
        index.search(_where(among, Between("start", _RESOLUTION, None))).total > 0,
        facets,
        lengths(index, among),
        {tone: tones_by_speaker(index, among, tone, facets[tone]) for tone in TONES},
        certainty(index, among),
        hearing(index, among),
    )


def _kept(among: Request, facet: str, counts: Counts) -> Counts:
    """The counts of the values that pass the request's own filter, which a facet's counts leave out."""
    wanted = among.filters.get(facet)
    return {value: count for value, count in counts.items() if wanted is None or value in wanted}


def lengths(index: SearchReader, among: Request) -> dict[Range, int]:
    """Counts by duration in columns of one width, the last of them open; of narrow ones, unless many lie beyond."""
    asked = among.ranges.get("duration", Range())

    def number(span: Range) -> int:
        return index.search(replace(among, ranges={**among.ranges, "duration": span})).total

    narrow, wide = _WIDTHS
    known, beyond = (number(_both(asked, Range(low))) for low in (0.0, _COLUMNS * narrow))
    width = narrow if beyond <= _MOST_BEYOND * known else wide
    spans = (Range(at * width, (at + 1) * width - _RESOLUTION) for at in range(_COLUMNS))
    columns = [_both(asked, span) for span in (*spans, Range(_COLUMNS * width))]
    return {span: number(span) for span in columns if _is_possible(span)}


def _both(one: Range, other: Range) -> Range:
    lows = [span.low for span in (one, other) if span.low is not None]
    highs = [span.high for span in (one, other) if span.high is not None]
    return Range(max(lows, default=None), min(highs, default=None))


def _is_possible(span: Range) -> bool:
    return span.low is None or span.high is None or span.low <= span.high


def tones_by_speaker(
    index: SearchReader, among: Request, tone: str, values: Counts
) -> dict[str, dict[str, dict[str, int]]]:
    """Of each facet of the speaker, by its values, the counts of a tone's values. One request for each of those."""
    found: dict[str, dict[str, dict[str, int]]] = {facet: {} for facet in SPEAKER}
    for value in values:
        narrowed = replace(among, filters={**among.filters, tone: frozenset({value})}, facets=SPEAKER)
        for facet, counts in index.search(narrowed).facets.items():
            for spoken, count in _kept(among, facet, counts).items():
                found[facet].setdefault(spoken, {})[value] = count
    return found


def certainty(index: SearchReader, among: Request) -> dict[str, list[int]]:
    """Of each emotion that has scores, how many lie in each tenth from 0 to 1, whose lower end is in."""
    found: dict[str, list[int]] = {}
    for at in range(TENTHS):
        narrowed = replace(_where(among, Between("emotion_score", at / TENTHS, None)), facets=("emotion",))
        for emotion, count in _kept(among, "emotion", index.search(narrowed).facets["emotion"]).items():
            found.setdefault(emotion, [0] * TENTHS)[at] = count
    return {emotion: [*map(sub, rising, [*rising[1:], 0])] for emotion, rising in found.items()}


def hearing(index: SearchReader, among: Request) -> Hearing:
    """How well those were heard that have a reference."""
    scored = replace(_where(among, Between("wer", 0.0, None)), size=MOST_COMPARED)
    clips = compared(index.sample(scored))
    wrong = misheard(clips)
    often = sorted(wrong, key=lambda word: -word.wrong)[:MOST_WORDS]
    enough = (word for word in wrong if word.said >= LEAST_SAID and word.wrong * 2 >= word.said)
    seldom_right = sorted(enough, key=lambda word: (-word.wrong / word.said, -word.said))[:MOST_WORDS]
    by = {facet: slices(clips, facet) for facet in (*SPEAKER, "emotion")}
    said = {word.word: _number_saying(index, among, word.word) for word in (*often, *seldom_right)}
    of = index.search(replace(scored, size=0)).total
    return Hearing(len(clips), of, slice_of(clips), by, often, seldom_right, said)


def _number_saying(index: SearchReader, among: Request, word: str) -> int:
    """In how many passages a word was to be said."""
    return index.search(_where(among, Term("text_tokens", word))).total


def _where(among: Request, condition: Between | Term) -> Request:
    return replace(among, query=AllOf((among.query, condition)))
