"""The third page: sounds are dropped or recorded, heard by the API, added to the inbox, and found in the index."""

from collections.abc import Sequence
from functools import partial
from typing import Final

import streamlit as st

from hearsay.errors import ApiUnreachable, HearsayError
from hearsay.terminal.commands import to_type
from indexer.schema import facet_label, known_values
from search_ui.connection import the_index, the_settings
from search_ui.errors import TranscriptionRefused
from search_ui.search.facets import escape_markdown
from search_ui.search.hits import models_note
from search_ui.static import STATIC
from search_ui.transcribe.queue import Upload
from search_ui.transcribe.session import TranscriptionSession, current_session, is_ready
from search_ui.transcribe.upload_html import (
    added_html,
    error_html,
    file_html,
    indexed_html,
    pending_html,
    transcript_html,
)

STYLE: Final = STATIC / "transcribe.css"

SPEAKER: Final = ("age", "gender", "accent")
"""What a person may say of the speaker."""

FAULT: Final = "A fault of the page's own, which its log tells of."

POLL_SECONDS: Final = 0.5
"""How often the page looks whether something was heard, or can be found by now."""


def show() -> None:
    """Everything that is on the page."""
    st.html(STYLE)
    session = current_session()
    shown = progress(session)
    show_intake(session)
    show_api(session)
    show_speaker(session)
    for upload in session.uploads.values():
        with st.container(key=f"upload-{upload.digest[:16]}"):
            show_upload(session, upload)
    st.html(models_note(filter(None, map(session.record, session.uploads))) or "<p></p>")
    is_old = progress(session) != shown  # the last sound was heard while this was drawn
    if session.is_waiting() or is_old or not is_ready(session.api):
        poll(session, shown)


def show_intake(session: TranscriptionSession) -> None:
    """Where sounds come in; what came stands below, and the next ones may come.

    Files of every kind come, since Streamlit forgets those that it refuses as soon as others were taken.
    """
    with st.container(key="intake"):
        dropped = st.file_uploader(
            "Drop sound files, to see what is heard in them",
            accept_multiple_files=True,
            key=f"files {session.taken}",
        )
        recording = st.audio_input("Or say something", key=f"recording {session.taken}")
        st.html('<p class="kept">Nothing is kept until you add it to the index.</p>')
    if new := [*dropped, *([recording] if recording else [])]:
        session.take(new)
        st.rerun()


def show_api(session: TranscriptionSession) -> None:
    """A sentence where the API is away or not ready."""
    address, ready = the_settings().api_url, is_ready(session.api)
    if ready is None:
        advice = (
            f"Start it in another terminal with {to_type('api')}, and this page goes on; if it is elsewhere, set "
            "API_URL."
        )
        st.warning(escape_markdown(f"The API, which hears, does not answer at {address}. {advice}"))
    elif not ready:
        st.info(escape_markdown(f"The API at {address} loads its models; what you drop is heard when it is ready."))


def show_speaker(session: TranscriptionSession) -> None:
    """Who speaks, which goes with what is added, and a button that adds all."""
    new = [upload for digest, upload in session.uploads.items() if session.is_new(digest)]
    if not new:
        return
    with st.container(key="speaker", horizontal=True, vertical_alignment="bottom"):
        for facet in SPEAKER:
            name = partial(facet_label, facet)
            st.selectbox(f"Speaker's {facet}", known_values(facet), None, name, key=facet, placeholder="unknown")
        if len(new) > 1:
            st.button(f"Add all {len(new)} to the index", key="add all", on_click=add, args=(session, new))


def show_upload(session: TranscriptionSession, upload: Upload) -> None:
    """One sound: what it is called, its player, what was heard in it, and the way into the index."""
    outcome = session.queue.outcome(upload.digest)
    is_done = outcome.done()  # asked once, since it may change while this is drawn
    problem = outcome.exception() if is_done else None
    row = outcome.result() if is_done and problem is None else None
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.html(file_html(upload, row.duration if row else None), width="content")
        st.button("remove", key=f"drop {upload.digest}", type="tertiary", on_click=session.drop, args=(upload.digest,))
    if not isinstance(problem, TranscriptionRefused):
        st.audio(upload.data)
    if row:
        st.html(transcript_html(row))
        show_adding(session, upload)
    elif problem:
        show_error(session, upload, problem)
    else:
        now = "hearing it" if outcome.running() else "waiting for its turn"
        st.html(pending_html(session.queue.note(upload.digest) or now))


def show_error(session: TranscriptionSession, upload: Upload, problem: BaseException) -> None:
    """Why nothing was heard; a sound that found no API waits for it, and one that may be heard later is tried again."""
    if isinstance(problem, ApiUnreachable):
        st.html(pending_html("waiting for the API"))
        return
    st.html(error_html(str(problem) if isinstance(problem, HearsayError) else FAULT))
    if not isinstance(problem, TranscriptionRefused):
        st.button("try again", key=f"again {upload.digest}", on_click=session.try_again, args=([upload.digest],))


def show_adding(session: TranscriptionSession, upload: Upload) -> None:
    """A field for what was really said and a button; once added, what became of it."""
    if added := session.added.get(upload.digest):
        st.html(
            indexed_html(added.id)
            if upload.digest in session.found
            else added_html(is_late=session.is_late(upload.digest))
        )
        return
    with st.container(key=f"add-{upload.digest[:16]}", horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "What was said",
            key=f"text {upload.digest}",
            placeholder="what was said, if it was misheard (optional)",
            label_visibility="collapsed",
        )
        st.button("Add to the index", key=f"add {upload.digest}", on_click=add, args=(session, [upload]))
    if problem := session.errors.get(upload.digest):
        st.html(error_html(problem))


def add(session: TranscriptionSession, uploads: Sequence[Upload]) -> None:
    """Add sounds with what stands in the fields now."""
    speaker = {facet: st.session_state.get(facet) or "" for facet in SPEAKER}
    texts = {upload.digest: st.session_state.get(f"text {upload.digest}", "").strip() for upload in uploads}
    session.add(uploads, speaker, texts)


@st.fragment(run_every=POLL_SECONDS)
def poll(session: TranscriptionSession, shown: tuple[str, ...]) -> None:
    """Draw the page anew when something was heard or can be found, or an API that was away has come."""
    session.find_added(the_index())
    if (unreachable := session.unreachable()) and is_ready(session.api):
        session.try_again(unreachable)
    if progress(session) != shown:
        st.rerun()


def progress(session: TranscriptionSession) -> tuple[str, ...]:
    """Words that change when there is something new to be drawn."""
    return (f"the API is ready: {is_ready(session.api)}", *session.progress())
