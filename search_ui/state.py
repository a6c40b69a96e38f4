"""What a person is looking for, and how it stands in the address: words or a clip, mode, filters, duration and page."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlencode

from indexer.fields import FACETS
from indexer.index import Range
from indexer.modes import DEFAULT_MODE

OFFERED_MODES: Final = ("exact", "forgiving", "sounds-like")
"""The modes that a person chooses from; the others are for measuring."""

LONGEST_WORDS: Final = 1000
"""Characters that are searched for; what is longer is answered with a sentence."""

MOST_PAGES: Final = 1_000_000_000
"""Pages up to which an address is believed."""

ANY_DURATION: Final = Range()

Params = dict[str, list[str]]
"""The query of an address: each name's values in order."""


@dataclass(frozen=True, slots=True)
class SearchState:
    """One search as the page holds it. ``filters`` has the chosen values of each facet, in the order of choosing.

    ``words`` keeps one character more than `LONGEST_WORDS` at most, so that an address always fits into one. In place
    of words, ``like`` is the id of a passage that others are to be like, ``same`` of one that others said too.
    """

    words: str = ""
    like: str = ""
    same: str = ""
    mode: str = DEFAULT_MODE
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    duration: Range = ANY_DURATION
    page: int = 1

    @classmethod
    def from_params(cls, params: Mapping[str, Sequence[str]]) -> "SearchState":
        """The state that an address tells of; whatever in it makes no sense is left out, for anybody may write one."""
        like = _short(_last(params, "like"))
        same = "" if like else _short(_last(params, "same"))
        mode = _last(params, "mode")
        return cls(
            words="" if like or same else _short(_last(params, "q")),
            like=like,
            same=same,
            mode=mode if mode in OFFERED_MODES else DEFAULT_MODE,
            filters={facet: values for facet in FACETS if (values := _values(params.get(facet, ())))},
            duration=_range(_last(params, "duration")),
            page=_page(_last(params, "page")),
        )

    def to_params(self) -> Params:
        """The address's query, without what stands at its default."""
        sought = {"q": self.words, "like": self.like, "same": self.same}
        params: Params = {name: [text] for name, text in sought.items() if text}
        if self.mode != DEFAULT_MODE:
            params["mode"] = [self.mode]
        params |= {facet: list(values) for facet, values in self.filters.items()}
        if self.duration != ANY_DURATION:
            params["duration"] = [f"{_bound(self.duration.low)}-{_bound(self.duration.high)}"]
        if self.page > 1:
            params["page"] = [str(self.page)]
        return params

    @property
    def address(self) -> str:
        """The search as a link that stands on the page."""
        return f"?{urlencode(self.to_params(), doseq=True)}"

    @property
    def is_too_long(self) -> bool:
        return len(self.words) > LONGEST_WORDS

    @property
    def has_filters(self) -> bool:
        return bool(self.filters) or self.duration != ANY_DURATION

    def chosen(self, facet: str) -> tuple[str, ...]:
        return self.filters.get(facet, ())

    def asking(self, words: str) -> "SearchState":
        """The same filters with other words."""
        return replace(self, words=_short(words.strip()), like="", same="", page=1)

    def in_mode(self, mode: str) -> "SearchState":
        return replace(self, mode=mode, page=1)

    def liking(self, passage: str) -> "SearchState":
        """What is like this passage, in place of what was looked for."""
        return SearchState(like=passage, mode=self.mode)

    def saying_the_same(self, passage: str) -> "SearchState":
        """Who says what is said in this passage, in place of what was looked for."""
        return SearchState(same=passage, mode=self.mode)

    def with_values(self, facet: str, values: Iterable[str]) -> "SearchState":
        """The same search with these values of a facet in place of those that were chosen."""
        filters = {name: self.chosen(name) for name in FACETS} | {facet: _values(values)}
        return replace(self, filters={name: chosen for name, chosen in filters.items() if chosen}, page=1)

    def lasting(self, duration: Range) -> "SearchState":
        return replace(self, duration=duration, page=1)

    def on_page(self, page: int) -> "SearchState":
        return replace(self, page=page)

    def without_filters(self) -> "SearchState":
        return replace(self, filters={}, duration=ANY_DURATION, page=1)


def _last(params: Mapping[str, Sequence[str]], name: str) -> str:
    values = params.get(name, ())
    return values[-1].strip() if values else ""


def _short(text: str) -> str:
    return text[: LONGEST_WORDS + 1].strip()


def _values(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _page(text: str) -> int:
    return min(int(text), MOST_PAGES) if text.isascii() and text.isdigit() and len(text) < 20 and int(text) else 1


def _range(text: str) -> Range:
    low, _, high = text.partition("-")
    bounds = Range(_seconds(low), _seconds(high))
    is_upside_down = bounds.low is not None and bounds.high is not None and bounds.low > bounds.high
    return ANY_DURATION if is_upside_down else bounds


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _bound(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:g}"
