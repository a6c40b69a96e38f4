"""The *Transcribe* page: audio is uploaded or recorded, transcribed by the API, and added to the inbox."""

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
"""What visitors may state about the speaker."""

INTERNAL_ERROR: Final = "Internal error of the page; its log has the details. Try again."

POLL_SECONDS: Final = 0.5
"""How often the page checks for finished transcripts and newly indexed clips."""


def show() -> None:
    """Show the page."""
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
    is_old = progress(session) != shown  # something was finished while the page was drawn
    if session.is_waiting() or is_old or not is_ready(session.api):
        poll(session, shown)


def show_intake(session: TranscriptionSession) -> None:
    """The upload and recording widgets; they are emptied after each upload, and the files are listed below.

    They accept files of every type, because Streamlit loses its message about a rejected file when others are taken.
    """
    with st.container(key="intake"):
        dropped = st.file_uploader(
            "Upload audio files to transcribe them",
            accept_multiple_files=True,
            key=f"files {session.taken}",
        )
        recording = st.audio_input("Or record with the microphone", key=f"recording {session.taken}")
        st.html('<p class="kept">Audio and transcripts are not stored until you add them to the index.</p>')
    if new := [*dropped, *([recording] if recording else [])]:
        session.take(new)
        st.rerun()


def show_api(session: TranscriptionSession) -> None:
    """A message if the API is not reachable or not ready."""
    address, ready = the_settings().api_url, is_ready(session.api)
    if ready is None:
        advice = (
            f"Start it in another terminal with {to_type('api')}; this page continues as soon as it is ready. If it "
            "runs elsewhere, set API_URL."
        )
        st.warning(escape_markdown(f"The transcription API at {address} does not respond. {advice}"))
    elif not ready:
        st.info(
            escape_markdown(
                f"The API at {address} is loading its models. Files are transcribed as soon as it is ready."
            )
        )


def show_speaker(session: TranscriptionSession) -> None:
    """Fields for the speaker, which apply to all clips that are added, and a button that adds all."""
    new = [upload for digest, upload in session.uploads.items() if session.is_new(digest)]
    if not new:
        return
    with st.container(key="speaker", horizontal=True, vertical_alignment="bottom"):
        for facet in SPEAKER:
            name = partial(facet_label, facet)
            st.selectbox(f"Speaker’s {facet}", known_values(facet), None, name, key=facet, placeholder="unknown")
        if len(new) > 1:
            st.button(f"Add all {len(new)} to the index", key="add all", on_click=add, args=(session, new))


def show_upload(session: TranscriptionSession, upload: Upload) -> None:
    """One upload: its name, player and transcript, and the form that adds it to the index."""
    outcome = session.queue.outcome(upload.digest)
    is_done = outcome.done()  # read once, because it may change while this is drawn
    problem = outcome.exception() if is_done else None
    row = outcome.result() if is_done and problem is None else None
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.html(file_html(upload, row.duration if row else None), width="content")
        st.button("Remove", key=f"drop {upload.digest}", type="tertiary", on_click=session.drop, args=(upload.digest,))
    if not isinstance(problem, TranscriptionRefused):
        st.audio(upload.data)
    if row:
        st.html(transcript_html(row))
        show_adding(session, upload)
    elif problem:
        show_error(session, upload, problem)
    else:
        status = "Transcribing" if outcome.running() else "Queued"
        st.html(pending_html(session.queue.note(upload.digest) or status))


def show_error(session: TranscriptionSession, upload: Upload, problem: BaseException) -> None:
    """Why there is no transcript: the upload waits for the API, or an error, with a retry if that may help."""
    if isinstance(problem, ApiUnreachable):
        st.html(pending_html("Waiting for the API"))
        return
    st.html(error_html(str(problem) if isinstance(problem, HearsayError) else INTERNAL_ERROR))
    if not isinstance(problem, TranscriptionRefused):
        st.button("Try again", key=f"again {upload.digest}", on_click=session.try_again, args=([upload.digest],))


def show_adding(session: TranscriptionSession, upload: Upload) -> None:
    """A field for the reference and a button; once added, the state of the clip in the index."""
    if added := session.added.get(upload.digest):
        st.html(
            indexed_html(added.id)
            if upload.digest in session.found
            else added_html(is_late=session.is_late(upload.digest))
        )
        return
    with st.container(key=f"add-{upload.digest[:16]}", horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            f"Reference of {upload.name}",
            key=f"text {upload.digest}",
            placeholder="Reference: what was really said (optional)",
            label_visibility="collapsed",
        )
        st.button("Add to the index", key=f"add {upload.digest}", on_click=add, args=(session, [upload]))
    if problem := session.errors.get(upload.digest):
        st.html(error_html(problem))


def add(session: TranscriptionSession, uploads: Sequence[Upload]) -> None:
    """Add uploads with the current values of the fields."""
    speaker = {facet: st.session_state.get(facet) or "" for facet in SPEAKER}
    texts = {upload.digest: st.session_state.get(f"text {upload.digest}", "").strip() for upload in uploads}
    session.add(uploads, speaker, texts)


@st.fragment(run_every=POLL_SECONDS)
def poll(session: TranscriptionSession, shown: tuple[str, ...]) -> None:
    """Redraw the page when a file was transcribed or indexed, or when the API became reachable."""
    session.find_added(the_index())
    if (unreachable := session.unreachable()) and is_ready(session.api):
        session.try_again(unreachable)
    if progress(session) != shown:
        st.rerun()


def progress(session: TranscriptionSession) -> tuple[str, ...]:
    """Strings that change when the page has to be redrawn."""
    return (f"the API is ready: {is_ready(session.api)}", *session.progress())
