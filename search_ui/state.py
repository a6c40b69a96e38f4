"""A search and its representation in the address: words or a clip, mode, filters, order and page."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlencode

from indexer.index import Range, Sort
from indexer.query.builder import DEFAULT_MODE
from indexer.query.filters import ORDERS
from indexer.schema import FACETS, RANGES, VALUE_FACETS, facet_name, facet_value, value_key

OFFERED_MODES: Final = ("exact", "forgiving", "sounds-like", "any")
"""The modes that the page offers; mode baseline is for evaluation."""

LONGEST_WORDS: Final = 1000
"""The maximum length of a query, in characters."""

MOST_PAGES: Final = 1_000_000_000
"""The largest page number that is accepted from an address."""

POSSIBLE_PLACES: Final = 2
"""The decimals of the least probability that are accepted from an address; probabilities are shown with as many."""

_LARGEST: Final = 1e9
_PLACES: Final = 3
"""The largest number and the decimals that are accepted from an address, so that it is written as it was read."""

ANY: Final = Range()

Params = dict[str, list[str]]
"""The query parameters of an address: the values of each name, in order."""


@dataclass(frozen=True, slots=True)
class SearchState:
    """One search. ``filters`` has the chosen values of each facet, in the order of choosing.

    ``ranges`` has the bounds of numeric filters. Without a ``sort``, results are sorted by relevance. ``possible`` is
    the least probability of possible matches that are shown, None for the default. ``words`` is cut off one character
    after `LONGEST_WORDS`, which keeps addresses short and still shows that it is too long. Instead of words, ``like``
    is the id of a passage to find similar ones, ``same`` the id of one to find the same sentence.
    """

    words: str = ""
    like: str = ""
    same: str = ""
    mode: str = DEFAULT_MODE
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    sort: Sort | None = None
    possible: float | None = None
    page: int = 1

    @classmethod
    def from_params(cls, params: Mapping[str, Sequence[str]]) -> "SearchState":
        """The search in an address; anything in it that is not valid is ignored."""
        like = _short(_last(params, "like"))
        same = "" if like else _short(_last(params, "same"))
        mode = _last(params, "mode")
        return cls(
            words="" if like or same else _short(_last(params, "q")),
            like=like,
            same=same,
            mode=mode if mode in OFFERED_MODES else DEFAULT_MODE,
            filters={
                facet: values for facet in FACETS if (values := _distinct(facet, params.get(facet_name(facet), ())))
            },
            ranges={name: bounds for name in RANGES if (bounds := _range(_last(params, name))) != ANY},
            sort=ORDERS.get(_last(params, "sort")),
            possible=_share(_last(params, "possible")),
            page=_page(_last(params, "page")),
        )

    def to_params(self) -> Params:
        """The query parameters, without default values."""
        terms = {"q": self.words, "like": self.like, "same": self.same}
        params: Params = {name: [text] for name, text in terms.items() if text}
        if self.mode != DEFAULT_MODE:
            params["mode"] = [self.mode]
        params |= {facet_name(facet): list(values) for facet, values in self.filters.items()}
        params |= {name: [f"{_bound(bounds.low)}-{_bound(bounds.high)}"] for name, bounds in self.ranges.items()}
        if self.sort:
            params["sort"] = [f"{'-' if self.sort.descending else ''}{self.sort.field}"]
        if self.possible is not None:
            params["possible"] = [f"{self.possible:g}"]
        if self.page > 1:
            params["page"] = [str(self.page)]
        return params

    @property
    def address(self) -> str:
        """The search as a link, relative to the search page."""
        return f"?{urlencode(self.to_params(), doseq=True)}"

    @property
    def is_too_long(self) -> bool:
        return len(self.words) > LONGEST_WORDS

    @property
    def has_filters(self) -> bool:
        return bool(self.filters or self.ranges)

    @property
    def has_query(self) -> bool:
        """Whether there is a query, so that results have a relevance."""
        return bool(self.words or self.like)

    def chosen(self, facet: str) -> tuple[str, ...]:
        return self.filters.get(facet, ())

    def bounds(self, name: str) -> Range:
        return self.ranges.get(name, ANY)

    def with_words(self, words: str) -> "SearchState":
        """The same filters with other words."""
        return replace(self, words=_short(words.strip()), like="", same="", page=1)

    def in_mode(self, mode: str) -> "SearchState":
        """The same search in another mode, with the default probability of that mode."""
        return replace(self, mode=mode, possible=None, page=1)

    def showing_possible(self, least: float | None) -> "SearchState":
        """The same search with this least probability of possible matches, None for the default."""
        return replace(self, possible=least)

    def similar_to(self, passage: str) -> "SearchState":
        """A search for passages that are similar to this one, instead of the query."""
        return SearchState(like=passage, mode=self.mode)

    def same_sentence_as(self, passage: str) -> "SearchState":
        """A search for clips with the same sentence as this passage, instead of the query."""
        return SearchState(same=passage, mode=self.mode)

    def with_values(self, facet: str, values: Iterable[str]) -> "SearchState":
        """The same search with these values of a facet instead of the chosen ones."""
        filters = {name: self.chosen(name) for name in FACETS} | {facet: _values(values)}
        return replace(self, filters={name: chosen for name, chosen in filters.items() if chosen}, page=1)

    def within(self, name: str, bounds: Range) -> "SearchState":
        """The same search with these bounds of a numeric filter instead of its own."""
        ranges = {one: self.bounds(one) for one in RANGES} | {name: bounds}
        return replace(self, ranges={one: there for one, there in ranges.items() if there != ANY}, page=1)

    def sorted_by(self, sort: Sort | None) -> "SearchState":
        return replace(self, sort=sort, page=1)

    def on_page(self, page: int) -> "SearchState":
        return replace(self, page=page)

    def only_filters(self) -> "SearchState":
        """The filters without the query."""
        return SearchState(filters=self.filters, ranges=self.ranges)

    def without_filters(self) -> "SearchState":
        return replace(self, filters={}, ranges={}, page=1)


def _last(params: Mapping[str, Sequence[str]], name: str) -> str:
    values = params.get(name, ())
    return values[-1].strip() if values else ""


def _short(text: str) -> str:
    return text[: LONGEST_WORDS + 1].strip()


def _values(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _distinct(facet: str, values: Iterable[str]) -> tuple[str, ...]:
    """The values of a facet, of several spellings of one value the first; known values as indexes have them."""
    if facet not in VALUE_FACETS:
        return _values(values)
    found: dict[str, str] = {}
    for value in _values(values):
        found.setdefault(value_key(facet, value), facet_value(facet, value))
    return tuple(found.values())


def _page(text: str) -> int:
    return min(int(text), MOST_PAGES) if text.isascii() and text.isdigit() and len(text) < 20 and int(text) else 1


def _range(text: str) -> Range:
    low, _, high = text.partition("-")
    bounds = Range(_number(low), _number(high))
    is_upside_down = bounds.low is not None and bounds.high is not None and bounds.low > bounds.high
    return ANY if is_upside_down else bounds


def _share(text: str) -> float | None:
    number = _number(text)
    return None if number is None or number > 1 else round(number, POSSIBLE_PLACES)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return min(round(number, _PLACES), _LARGEST) if math.isfinite(number) and number >= 0 else None


def _bound(number: float | None) -> str:
    return "" if number is None else f"{number:.{_PLACES}f}".rstrip("0").rstrip(".")
