"""The third page: sounds are dropped or recorded, heard by the API, added to the inbox, and found in the index."""

from collections.abc import Sequence
from functools import partial
from typing import Final

import streamlit as st

from hearsay.commands import to_type
from hearsay.errors import HearsayError
from indexer.schema import facet_label, known_values
from search_ui.connection import the_index, the_settings
from search_ui.errors import ApiAway, NotHeard
from search_ui.search.facets import plain
from search_ui.search.hits import models_note
from search_ui.static import STATIC
from search_ui.transcribe.trial import Sound
from search_ui.transcribe.tried import added_html, file_html, found_html, heard_html, refusal_html, waiting_html
from search_ui.transcribe.visit import Visit, is_ready, the_visit

STYLE: Final = STATIC / "try.css"

SPEAKER: Final = ("age", "gender", "accent")
"""What a person may say of the speaker."""

FAULT: Final = "A fault of the page's own, which its log tells of."

LOOK_SECONDS: Final = 0.5
"""How often the page looks whether something was heard, or can be found by now."""


def show() -> None:
    """Everything that is on the page."""
    st.html(STYLE)
    visit = the_visit()
    shown = progress(visit)
    show_intake(visit)
    show_api(visit)
    show_speaker(visit)
    for sound in visit.sounds.values():
        with st.container(key=f"try-{sound.digest[:16]}"):
            show_sound(visit, sound)
    st.html(models_note(filter(None, map(visit.heard, visit.sounds))) or "<p></p>")
    is_old = progress(visit) != shown  # the last sound was heard while this was drawn
    if visit.is_waiting() or is_old or not is_ready(visit.api):
        look_again(visit, shown)


def show_intake(visit: Visit) -> None:
    """Where sounds come in; what came stands below, and the next ones may come.

    Files of every kind come, since Streamlit forgets those that it refuses as soon as others were taken.
    """
    with st.container(key="intake"):
        dropped = st.file_uploader(
            "Drop sound files, to see what is heard in them",
            accept_multiple_files=True,
            key=f"files {visit.taken}",
        )
        recording = st.audio_input("Or say something", key=f"recording {visit.taken}")
        st.html('<p class="kept">Nothing is kept until you add it to the index.</p>')
    if came := [*dropped, *([recording] if recording else [])]:
        visit.take(came)
        st.rerun()


def show_api(visit: Visit) -> None:
    """A sentence where the API is away or not ready."""
    address, ready = the_settings().api_url, is_ready(visit.api)
    if ready is None:
        advice = (
            f"Start it in another terminal with {to_type('api')}, and this page goes on; if it is elsewhere, set "
            "API_URL."
        )
        st.warning(plain(f"The API, which hears, does not answer at {address}. {advice}"))
    elif not ready:
        st.info(plain(f"The API at {address} loads its models; what you drop is heard when it is ready."))


def show_speaker(visit: Visit) -> None:
    """Who speaks, which goes with what is added, and a button that adds all."""
    new = [sound for digest, sound in visit.sounds.items() if visit.is_new(digest)]
    if not new:
        return
    with st.container(key="speaker", horizontal=True, vertical_alignment="bottom"):
        for facet in SPEAKER:
            name = partial(facet_label, facet)
            st.selectbox(f"Speaker's {facet}", known_values(facet), None, name, key=facet, placeholder="unknown")
        if len(new) > 1:
            st.button(f"Add all {len(new)} to the index", key="add all", on_click=add, args=(visit, new))


def show_sound(visit: Visit, sound: Sound) -> None:
    """One sound: what it is called, its player, what was heard in it, and the way into the index."""
    outcome = visit.trial.outcome(sound.digest)
    is_done = outcome.done()  # asked once, since it may change while this is drawn
    problem = outcome.exception() if is_done else None
    row = outcome.result() if is_done and problem is None else None
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.html(file_html(sound, row.duration if row else None), width="content")
        st.button("remove", key=f"drop {sound.digest}", type="tertiary", on_click=visit.drop, args=(sound.digest,))
    if not isinstance(problem, NotHeard):
        st.audio(sound.data)
    if row:
        st.html(heard_html(row))
        show_adding(visit, sound)
    elif problem:
        show_refusal(visit, sound, problem)
    else:
        now = "hearing it" if outcome.running() else "waiting for its turn"
        st.html(waiting_html(visit.trial.note(sound.digest) or now))


def show_refusal(visit: Visit, sound: Sound, problem: BaseException) -> None:
    """Why nothing was heard; a sound that found no API waits for it, and one that may be heard later is tried again."""
    if isinstance(problem, ApiAway):
        st.html(waiting_html("waiting for the API"))
        return
    st.html(refusal_html(str(problem) if isinstance(problem, HearsayError) else FAULT))
    if not isinstance(problem, NotHeard):
        st.button("try again", key=f"again {sound.digest}", on_click=visit.try_again, args=([sound.digest],))


def show_adding(visit: Visit, sound: Sound) -> None:
    """A field for what was really said and a button; once added, what became of it."""
    if added := visit.added.get(sound.digest):
        st.html(
            found_html(added.id) if sound.digest in visit.found else added_html(is_late=visit.is_late(sound.digest))
        )
        return
    with st.container(key=f"add-{sound.digest[:16]}", horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "What was said",
            key=f"text {sound.digest}",
            placeholder="what was said, if it was misheard (optional)",
            label_visibility="collapsed",
        )
        st.button("Add to the index", key=f"add {sound.digest}", on_click=add, args=(visit, [sound]))
    if problem := visit.refused.get(sound.digest):
        st.html(refusal_html(problem))


def add(visit: Visit, sounds: Sequence[Sound]) -> None:
    """Add sounds with what stands in the fields now."""
    speaker = {facet: st.session_state.get(facet) or "" for facet in SPEAKER}
    texts = {sound.digest: st.session_state.get(f"text {sound.digest}", "").strip() for sound in sounds}
    visit.add(sounds, speaker, texts)


@st.fragment(run_every=LOOK_SECONDS)
def look_again(visit: Visit, shown: tuple[str, ...]) -> None:
    """Draw the page anew when something was heard or can be found, or an API that was away has come."""
    visit.look(the_index())
    if (away := visit.away()) and is_ready(visit.api):
        visit.try_again(away)
    if progress(visit) != shown:
        st.rerun()


def progress(visit: Visit) -> tuple[str, ...]:
    """Words that change when there is something new to be drawn."""
    return (f"the API is ready: {is_ready(visit.api)}", *visit.progress())
