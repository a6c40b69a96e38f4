"""A whole recording: all its passages in order of time, with the one that somebody came from among them.

The address holds it beside the search that led there: ``clip``, the passage that it was opened ``at``, and which
``part`` of a long one is shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil
from typing import Final
from urllib.parse import urlencode

import streamlit as st

from hearsay.text.format import clock, counted
from indexer.index import Request
from indexer.passages import Passage
from indexer.query.explanation import evidence_of
from indexer.query_tree import Term
from search_ui.connection import the_index, the_planner
from search_ui.export.menu import subtitles_html
from search_ui.media.player import audio_url
from search_ui.media.spectrogram_route import spectrogram_url
from search_ui.search.hits import HitContext, hit_html, hits_html, link_html, models_note
from search_ui.search.playback import KEYS, playable_clips
from search_ui.state import SearchState
from search_ui.url import sync_widget

PASSAGES: Final = 20
"""Passages that are shown at a time: up to ten minutes."""

MOST_PARTS: Final = 100_000
"""Parts up to which an address is believed."""


@dataclass(frozen=True, slots=True)
class RecordingView:
    """A recording as the address holds it: the ``clip``, the id of the passage ``at`` which it opens, and a ``part``.

    Parts count from 1; without one it is the part that the passage is in.
    """

    clip: str
    at: str = ""
    part: int | None = None

    @classmethod
    def from_params(cls, params: Mapping[str, Sequence[str]]) -> "RecordingView | None":
        """The recording that an address tells of, if it does."""
        clip, at, part = ((params.get(name) or [""])[-1].strip() for name in ("clip", "at", "part"))
        is_number = part.isascii() and part.isdigit() and 0 < len(part) < 10
        return cls(clip, at, min(int(part), MOST_PARTS) or 1 if is_number else None) if clip else None

    def to_params(self) -> dict[str, list[str]]:
        named = {"clip": self.clip, "at": self.at, "part": "" if self.part is None else str(self.part)}
        return {name: [value] for name, value in named.items() if value}

    @property
    def shown(self) -> int:
        """The part that is shown: passages have their numbers in their ids, from 1."""
        number = self.at.removeprefix(f"{self.clip}#")
        is_number = number.isascii() and number.isdigit() and len(number) < 10
        return self.part or (ceil(max(1, int(number)) / PASSAGES) if is_number else 1)


@dataclass(frozen=True, slots=True)
class RecordingPart:
    """Some passages of a recording in order of time, of ``total``, and how long all of it lasts, in seconds."""

    passages: tuple[Passage, ...]
    total: int
    seconds: float | None


def current_recording() -> RecordingView | None:
    """The recording that the browser's address tells of, if it does."""
    return RecordingView.from_params({name: st.query_params.get_all(name) for name in st.query_params})


def recording_address(state: SearchState, passage: Passage) -> str:
    """The link from a hit to its whole recording; it keeps the search, whose words are marked there too."""
    return f"?{urlencode(state.to_params() | RecordingView(passage.clip, passage.id).to_params(), doseq=True)}"


def show_recording(opened: RecordingView, state: SearchState) -> None:
    """The recording's name and length, and its passages, all played by one sound that goes on through them."""
    read, part = _read(the_index().about().version, opened.clip, opened.shown), opened.shown
    back = link_html("back to the hits", state.address)
    if not read.passages:
        what = "is nothing more of" if read.total else "is no clip"
        st.html(f'<p class="total">There {what} {escape(opened.clip)} in the index. {back}</p>')
        return
    heard = bool(playable_clips(read.passages))
    terms = the_planner().plan(state.words, state.mode).terms if state.words and not state.is_too_long else ()
    items = [
        hit_html(passage, evidence_of(passage, terms), _beside(passage, opened, state, is_playable=heard))
        for passage in read.passages
    ]
    shown = hits_html(items, (part - 1) * PASSAGES + 1)
    st.html(f'<div class="recording">{_title(read, back)}{shown}</div>')
    if (parts := ceil(read.total / PASSAGES)) > 1:
        key = sync_widget("part", part)
        st.pagination(parts, key=key, on_change=lambda: _go_to_part(opened.clip, state, st.session_state[key]))
    st.html(models_note(passage.row for passage in read.passages) + KEYS)


def _go_to_part(clip: str, state: SearchState, part: int) -> None:
    st.query_params.from_dict(state.to_params() | RecordingView(clip, part=part).to_params())


@st.cache_data(show_spinner=False, ttl=10, max_entries=100)
def _read(version: str, clip: str, part: int) -> RecordingPart:  # noqa: ARG001 - a new version has other passages
    """One part of a recording: equal scores come by id, and those of its passages are in order of time."""
    result = the_index().search(Request(Term("clip", clip), size=PASSAGES, page=part))
    passages = tuple(hit.passage for hit in result.hits)
    is_all = len(passages) == result.total
    last = next(reversed(passages), None) if is_all else the_index().get(f"{clip}#{result.total:04}")
    return RecordingPart(passages, result.total, last.end if last else None)


def _beside(passage: Passage, opened: RecordingView, state: SearchState, *, is_playable: bool) -> HitContext:
    audio, picture = (audio_url(passage), spectrogram_url(passage)) if is_playable else (None, None)
    links = {"more like this": state.similar_to(passage.id).address} if passage.row.generated_text else {}
    return HitContext(audio, links, picture=picture, is_opened=passage.id == opened.at)


def _title(read: RecordingPart, back: str) -> str:
    """The recording's name, how long it is, the way back, and its subtitles."""
    first = read.passages[0]
    lasts = f"{clock(read.seconds)} · " if read.seconds is not None else ""
    number = counted(read.total, "passage")
    return (
        f'<h2>{escape(first.clip)}</h2><p class="about"><span>{lasts}{number}</span>'
        f'{subtitles_html(first)}<span class="more">{back}</span></p>'
    )
