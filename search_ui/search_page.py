"""The search page: the box, the filters, the hits, and a sentence wherever one of them has nothing to show."""

import streamlit as st

from clips.errors import HearsayError
from indexer.errors import IndexMissing
from indexer.finding import Plan
from indexer.highlight import highlight
from indexer.index import Hit
from search_ui.address import follow, go, here
from search_ui.ask import Found, ask, plan_of
from search_ui.connection import audio_folder, the_settings
from search_ui.facets import plain, show_chips, show_facets
from search_ui.hits import hit_html, hits_html, models_note
from search_ui.player import audio_of, audio_url
from search_ui.state import SearchState


def show() -> None:
    """Everything that is on the page, for the search that the address tells of."""
    state = here()
    show_box(state)
    try:
        found = ask(state)
        with st.sidebar:
            show_facets(state, found.result.facets)
        show_chips(state)
        show_found(state, found)
    except HearsayError as problem:
        show_trouble(problem)


def show_box(state: SearchState) -> None:
    st.text_input(
        "Search what was said",
        key=follow("words", state.words),
        type="search",
        placeholder="Search what was said",
        label_visibility="collapsed",
        on_change=lambda: go(here().asking(st.session_state["words"])),
    )


def show_trouble(problem: HearsayError) -> None:
    """A sentence in place of what could not be shown."""
    if isinstance(problem, IndexMissing):
        show_how_to_load()
    else:
        sentence = str(problem)
        st.warning(plain(sentence[:1].upper() + sentence[1:]))


def show_how_to_load() -> None:
    st.info("No clip has been loaded yet. Load what was decoded, and name the folder of its audio:")
    st.code("./run.sh load FILE… --audio FOLDER", language=None)


def show_found(state: SearchState, found: Found) -> None:
    total = found.result.total
    if not total:
        show_nothing(state)
        return
    st.html(f'<p class="total" role="status">{total:,} {"hit" if total == 1 else "hits"}</p>')
    show_hits(state, found)
    if found.pages > 1:
        key = follow("page", found.page)
        st.pagination(found.pages, key=key, on_change=lambda: go(here().on_page(st.session_state[key])))
    st.html(models_note(hit.passage.row for hit in found.result.hits) or "<p></p>")


def show_hits(state: SearchState, found: Found) -> None:
    folder = audio_folder()
    sounds = {hit.passage.id: audio_url(hit.passage) for hit in found.result.hits if audio_of(folder, hit.passage.clip)}
    if not sounds:
        where = f"under {folder}" if folder else "because no folder was named"
        st.info(plain(f"No audio was found for these clips {where}. Load them with --audio FOLDER, or set AUDIO_DIR."))
    plan = plan_of(state)
    items = (one_hit(hit, plan, sounds.get(hit.passage.id)) for hit in found.result.hits)
    st.html(hits_html(items, (found.page - 1) * the_settings().page_size + 1))


def one_hit(hit: Hit, plan: Plan, audio: str | None) -> str:
    return hit_html(hit.passage, highlight(hit.passage.row.generated_text, plan.evidence(hit.passage)), audio)


def show_nothing(state: SearchState) -> None:
    """Why nothing was found, and a way out."""
    if notes := plan_of(state).notes:
        st.info(plain(f"{notes[0][:1].upper()}{notes[0][1:]}."))
    elif state.has_filters:
        st.info("No clip passes these filters. Take one away above, or clear them all.")
    elif state.words:
        several = len(state.words.split()) > 1
        what = "all of these words. Try fewer of them." if several else f"“{state.words.strip()}”."
        st.info(plain(f"No clip was heard to say {what}"))
    else:
        show_how_to_load()
