"""A whole recording: all its passages in order of time, opened at the passage that was found.

The address contains it besides the search that led there: the ``clip``, the passage that it was opened ``at``, and
which ``part`` of a long recording is shown.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil
from typing import Final
from urllib.parse import urlencode

import streamlit as st

from hearsay.text.format import clock, counted
from indexer.index import Request
from indexer.passages import Passage
from indexer.query.explanation import Evidence
from indexer.query_tree import Term
from search_ui.connection import the_index, the_planner
from search_ui.export.menu import subtitles_html
from search_ui.media.player import audio_url
from search_ui.media.spectrogram_route import spectrogram_url
from search_ui.search.hits import SIMILAR, HitContext, hit_html, hits_html, link_html, models_note
from search_ui.search.playback import KEYS, playable_clips
from search_ui.search.request import possible_matches
from search_ui.state import SearchState
from search_ui.url import sync_widget

PASSAGES: Final = 20
"""Passages per part: up to ten minutes."""

MOST_PARTS: Final = 100_000
"""The largest part number that is accepted from an address."""


@dataclass(frozen=True, slots=True)
class RecordingView:
    """A recording as given in the address: the ``clip``, the id of the passage ``at`` which it opens, and a ``part``.

    Parts count from 1. Without a number, the part that contains the passage is shown.
    """

    clip: str
    at: str = ""
    part: int | None = None

    @classmethod
    def from_params(cls, params: Mapping[str, Sequence[str]]) -> "RecordingView | None":
        """The recording in an address, if there is one."""
        clip, at, part = ((params.get(name) or [""])[-1].strip() for name in ("clip", "at", "part"))
        is_number = part.isascii() and part.isdigit() and 0 < len(part) < 10
        return cls(clip, at, min(int(part), MOST_PARTS) or 1 if is_number else None) if clip else None

    def to_params(self) -> dict[str, list[str]]:
        named = {"clip": self.clip, "at": self.at, "part": "" if self.part is None else str(self.part)}
        return {name: [value] for name, value in named.items() if value}

    @property
    def shown(self) -> int:
        """The part that is shown; the ids of passages end in their numbers, from 1."""
        number = self.at.removeprefix(f"{self.clip}#")
        is_number = number.isascii() and number.isdigit() and len(number) < 10
        return self.part or (ceil(max(1, int(number)) / PASSAGES) if is_number else 1)


@dataclass(frozen=True, slots=True)
class RecordingPart:
    """Some of the ``total`` passages of a recording, in order of time, and its whole duration in seconds."""

    passages: tuple[Passage, ...]
    total: int
    seconds: float | None


def current_recording() -> RecordingView | None:
    """The recording in the browser's address, if there is one."""
    return RecordingView.from_params({name: st.query_params.get_all(name) for name in st.query_params})


def recording_address(state: SearchState, passage: Passage) -> str:
    """The link from a result to its whole recording; it keeps the search, so that its words are highlighted there."""
    return f"?{urlencode(state.to_params() | RecordingView(passage.clip, passage.id).to_params(), doseq=True)}"


def show_recording(opened: RecordingView, state: SearchState) -> None:
    """The recording's name, duration and passages; one audio element plays all of them in turn."""
    read, part = _read(the_index().about().version, opened.clip, opened.shown), opened.shown
    back = link_html("Back to results", state.address)
    if not read.passages:
        clip = escape(opened.clip)
        reason = f"{clip} has fewer passages than this." if read.total else f"The index contains no clip {clip}."
        st.html(f'<p class="total">{reason} {back}</p>')
        return
    is_playable = bool(playable_clips(read.passages))
    evidence_in = _evidence(state)
    items = []
    for passage in read.passages:
        audio, spectrogram = (audio_url(passage), spectrogram_url(passage)) if is_playable else (None, None)
        links = {SIMILAR: state.similar_to(passage.id).address} if passage.row.generated_text else {}
        context = HitContext(audio, links, spectrogram=spectrogram, is_opened=passage.id == opened.at)
        items.append(hit_html(passage, evidence_in(passage), context))
    shown = hits_html(items, (part - 1) * PASSAGES + 1)
    first = read.passages[0]
    length = f"{clock(read.seconds)} · " if read.seconds is not None else ""
    st.html(
        f'<div class="recording"><h2>{escape(first.clip)}</h2>'
        f'<p class="about"><span>{length}{counted(read.total, "passage")}</span>'
        f'{subtitles_html(first)}<span class="more">{back}</span></p>{shown}</div>'
    )
    if (parts := ceil(read.total / PASSAGES)) > 1:
        key = sync_widget("part", part)

        def go_to_part() -> None:
            view = RecordingView(opened.clip, part=st.session_state[key])
            st.query_params.from_dict(state.to_params() | view.to_params())

        st.pagination(parts, key=key, on_change=go_to_part)
    st.html(models_note(passage.row for passage in read.passages) + KEYS)


def _evidence(state: SearchState) -> Callable[[Passage], tuple[Evidence, ...]]:
    """The evidence that is marked in a passage: words of the query; in a possible match, also their misrecognitions.

    The possible matches are those of the results, so that nothing less probable is marked.
    """
    if not state.words or state.is_too_long:
        return lambda _: ()
    plan = the_planner().plan(state.words, state.mode)
    possible = {one.passage.id: one.evidence for one in possible_matches(state)}
    return lambda passage: possible.get(passage.id) or plan.evidence(passage)


@st.cache_data(show_spinner=False, ttl=10, max_entries=100)
def _read(version: str, clip: str, part: int) -> RecordingPart:  # noqa: ARG001 - part of the cache key
    """One part of a recording. Results with equal scores are sorted by id, and so passages are in order of time."""
    result = the_index().search(Request(Term("clip", clip), size=PASSAGES, page=part))
    passages = tuple(hit.passage for hit in result.hits)
    is_all = len(passages) == result.total
    last = next(reversed(passages), None) if is_all else the_index().get(f"{clip}#{result.total:04}")
    return RecordingPart(passages, result.total, last.end if last else None)
