"""The search page: query box, filters and results, and a message if one of them has nothing to show."""

from collections.abc import Container, Iterable
from dataclasses import replace
from html import escape
from typing import Final

import streamlit as st

from hearsay.errors import HearsayError
from hearsay.terminal.commands import to_type
from hearsay.text.format import counted, total_duration
from hearsay.text.normalize import words
from indexer.errors import IndexMissing, WrongRequest
from indexer.index import PassageHit
from indexer.matching.probability import PossibleMatch
from indexer.passages import Passage
from search_ui.connection import the_settings
from search_ui.export.menu import export_html
from search_ui.media.player import audio_url
from search_ui.media.spectrogram_route import spectrogram_url
from search_ui.search.facets import escape_markdown, show_chips, show_facets
from search_ui.search.hits import SIMILAR, HitContext, hit_html, hits_html, link_html, models_note
from search_ui.search.no_results import START_OVER, reason_for_nothing, suggested_searches
from search_ui.search.playback import KEYS, playable_clips
from search_ui.search.possible import listed_possible, show_possible
from search_ui.search.recording import current_recording, recording_address, show_recording
from search_ui.search.request import (
    ResultPage,
    count_results,
    count_same_sentence,
    extent,
    search_page,
    spelling_suggestion,
)
from search_ui.search.sort_menu import sort_menu_html
from search_ui.state import OFFERED_MODES, SearchState
from search_ui.static import STATIC
from search_ui.url import current_search, navigate, replace_url, sync_widget

KEEP: Final = STATIC / "keep.html"


def show() -> None:
    """Show the page for the search in the address."""
    state = current_search()
    show_box(state)
    try:
        if opened := current_recording():
            show_recording(opened, state)
            return
        found = search_page(state)
        with st.sidebar:
            show_facets(state, found.result.facets, extent())
        show_explanation(state, found)
        show_chips(state)
        show_found(state, found)
    except HearsayError as problem:
        show_problem(problem)
        if isinstance(problem, WrongRequest):
            st.html(f'<ul class="ways"><li>{link_html(START_OVER, SearchState().address)}</li></ul>')


def show_box(state: SearchState) -> None:
    """The query box, the search modes, and the buttons that copy and save the search."""
    with st.container(key="box", horizontal=True, vertical_alignment="center"):
        st.text_input(
            "Search transcripts",
            key=sync_widget("words", state.words),
            type="search",
            placeholder="Search transcripts",
            label_visibility="collapsed",
            on_change=lambda: navigate(current_search().with_words(st.session_state["words"])),
        )
        st.segmented_control(
            "Search mode",
            OFFERED_MODES,
            required=True,
            format_func=lambda mode: mode.replace("-", " "),
            key=sync_widget("mode", state.mode),
            label_visibility="collapsed",
            on_change=lambda: navigate(current_search().in_mode(st.session_state["mode"])),
        )
        st.html(KEEP, width="content")


def show_explanation(state: SearchState, found: ResultPage) -> None:
    """The meaning of the query as a sentence, notes on parts that were not understood, and a corrected spelling."""
    lines = [escape(found.plan.sentence)] if state != state.with_words("") else []
    lines += map(escape, (*found.plan.notes, *(found.possible.notes if found.possible else ())))
    if state.words and _has_results(found) and (corrected := spelling_suggestion(state)):
        lines.append(f"Did you mean {link_html(corrected, state.with_words(corrected).address)}?")
    if lines:
        paragraphs = (f"<p>{line[:1].upper()}{line[1:]}</p>" for line in lines)
        st.html(f'<div class="meaning">{"".join(paragraphs)}</div>')


def show_problem(problem: HearsayError) -> None:
    """A message in place of what could not be shown."""
    if isinstance(problem, IndexMissing):
        show_how_to_load()
    else:
        sentence = str(problem)
        st.warning(escape_markdown(sentence[:1].upper() + sentence[1:]))


def show_how_to_load() -> None:
    """The command that loads an index."""
    st.info("The index is empty. Load the output of decode, with the folder of the audio files:")
    st.code(to_type("load FILE… --audio FOLDER"), language=None)


def show_found(state: SearchState, found: ResultPage) -> None:
    """The matches with their number, or why there are none; below them, the possible matches."""
    if found.page != state.page:
        replace_url(state.on_page(found.page))
    listed = listed_possible(state, found)
    passages = [*(hit.passage for hit in found.result.hits), *(one.passage for one in listed)]
    playable = playable_clips(passages) if passages else frozenset()
    if found.result.total:
        show_matches(state, found, playable)
    elif listed:
        st.html(f'<p class="total" role="status">{escape(reason_for_nothing(state))}</p>')
    else:
        show_nothing(state)
    show_possible(state, found, [_possible_html(state, one, playable) for one in listed])
    if listed and not found.result.total:
        show_suggestions(state)
    if passages:
        st.html(models_note(passage.row for passage in passages) + KEYS)


def show_matches(state: SearchState, found: ResultPage, playable: Container[str]) -> None:
    """The matches of one page, with their number and menus above them."""
    total = found.result.total
    sort_menu = sort_menu_html(state, extent().numbers)
    st.html(f'<div class="above">{total_html(found)}{sort_menu}{export_html(state, total)}</div>')
    show_hits(state, found, playable)
    if found.pages > 1:
        key = sync_widget("page", found.page)
        st.pagination(found.pages, key=key, on_change=lambda: navigate(current_search().on_page(st.session_state[key])))


def _has_results(found: ResultPage) -> bool:
    return bool(found.result.total or (found.possible and found.possible.shown))


def total_html(found: ResultPage) -> str:
    """The number of results and their total duration."""
    seconds = found.result.seconds
    length = f" · {total_duration(seconds)}" if seconds else ""
    return f'<p class="total" role="status">{_count(found.result.total)}{length}</p>'


def _count(total: int) -> str:
    """``1 clip``, ``1,860 clips``; passages if the index contains parts of recordings."""
    return counted(total, "passage" if extent().has_parts else "clip")


def show_hits(state: SearchState, found: ResultPage, playable: Container[str]) -> None:
    """The matches of one page; with *Same sentence*, under the reference that they share."""
    hits = found.result.hits
    common = common_reference(hits) if state.same else ""
    items = [
        hit_html(
            hit.passage,
            found.plan.evidence(hit.passage),
            hit_context(state, hit.passage, common, is_playable=hit.passage.clip in playable),
        )
        for hit in hits
    ]
    shown = hits_html(items, (found.page - 1) * the_settings().page_size + 1)
    above = f'<p class="common"><span>Reference:</span> <bdi>{escape(common)}</bdi></p>' if common else ""
    st.html(f'<div class="voices">{above}{shown}</div>' if state.same else shown)


def _possible_html(state: SearchState, one: PossibleMatch, playable: Container[str]) -> str:
    context = hit_context(state, one.passage, "", is_playable=one.passage.clip in playable)
    return hit_html(one.passage, one.evidence, replace(context, probability=one.probability))


def hit_context(state: SearchState, passage: Passage, common: str, *, is_playable: bool) -> HitContext:
    """A result's audio and the links to related searches; *Same sentence* is offered if another clip has it."""
    links = {SIMILAR: state.similar_to(passage.id).address}
    if passage.is_whole and not state.same and (count := count_same_sentence(passage)) > 1:
        links[f"Same sentence ({count:,})"] = state.same_sentence_as(passage.id).address
    if not passage.is_whole:
        links["Whole recording"] = recording_address(state, passage)
    audio, spectrogram = (audio_url(passage), spectrogram_url(passage)) if is_playable else (None, None)
    return HitContext(audio, links if passage.row.generated_text else {}, common, spectrogram)


def common_reference(hits: Iterable[PassageHit]) -> str:
    """The reference that all results with a reference share; empty if their references differ."""
    references = {tuple(words(text)): text for hit in hits if (text := hit.passage.row.text)}
    return next(iter(references.values())) if len(references) == 1 else ""


def show_nothing(state: SearchState) -> None:
    """Why there are no results, and searches that have some."""
    if state == SearchState(mode=state.mode, possible=state.possible):
        show_how_to_load()
        return
    st.info(escape_markdown(reason_for_nothing(state)))
    show_suggestions(state)


def show_suggestions(state: SearchState) -> None:
    """Links to other searches that have results, each with their number."""
    ways = "".join(
        f"<li>{link_html(way.text, way.state.address)} <small>{number}</small></li>"
        for way in suggested_searches(state, spelling_suggestion(state) if state.words else None)
        if (number := _counts(way.state))
    )
    st.html(f'<ul class="ways">{ways}</ul>')


def _counts(state: SearchState) -> str:
    """``25 clips``; if there are none, ``3 possible matches``; empty if there are no results at all."""
    total, possible = count_results(state)
    if total:
        return _count(total)
    return counted(possible, "possible match", "es") if possible else ""
