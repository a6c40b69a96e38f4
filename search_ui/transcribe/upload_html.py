"""An upload as HTML: its name, its transcript, and its state.

All text of files and replies is escaped here.
"""

from html import escape

from hearsay.records.clip import ClipRow
from hearsay.terminal.commands import to_type
from hearsay.text.format import duration, file_size, probability
from search_ui.search.hits import emotion_html, link_html
from search_ui.state import SearchState
from search_ui.transcribe.queue import Upload


def file_html(upload: Upload, seconds: float | None) -> str:
    """Name, size, and the duration if it is known."""
    facts = [file_size(len(upload.data)), *([] if seconds is None else [duration(seconds)])]
    return f'<p class="file"><strong>{escape(upload.name)}</strong> {" · ".join(facts)}</p>'


def transcript_html(row: ClipRow) -> str:
    """The transcript, the emotion, and the confidence of the speech model."""
    text = row.generated_text.lower() if row.generated_text.isupper() else row.generated_text
    transcript = (
        f'<p class="transcript" dir="auto">{escape(text)}</p>'
        if text
        else '<p class="transcript none">No speech recognised</p>'
    )
    emotion = f"<span>{emotion_html(row)}</span>" if row.emotion else ""
    confidence = "" if row.confidence is None else f"<span>confidence {probability(row.confidence)}</span>"
    return f'<div class="upload">{transcript}<p class="about">{emotion}{confidence}</p></div>'


def pending_html(note: str) -> str:
    """The state of an upload without a transcript."""
    return f'<p class="pending" role="status">{escape(note)} …</p>'


def error_html(problem: str) -> str:
    """Why an upload was not transcribed or not added."""
    return f'<p class="refused" role="alert">{escape(problem[:1].upper() + problem[1:])}</p>'


def added_html(*, is_late: bool) -> str:
    """That a clip was added to the inbox and is not indexed yet; ``is_late`` adds what to check."""
    if is_late:
        advice = f"Check that an index has been loaded, and that <code>{to_type('put --watch')}</code> is running."
        return f'<p class="pending" role="status">Added to the inbox, but not indexed yet. {advice}</p>'
    return '<p class="pending" role="status">Added to the inbox, indexing …</p>'


def indexed_html(clip: str) -> str:
    """That an added clip is in the index, and a link to it."""
    link = f"./{SearchState(words=f'clip:{clip}').address}"
    return f'<p class="added" role="status">Added to the index · {link_html("Show clip", link)}</p>'
