"""A sound that is tried, as HTML: what it is called, what was heard in it, and what becomes of it.

Everything that comes from a file or a reply is escaped here.
"""

from html import escape

from hearsay.records.clip import ClipRow
from hearsay.records.emotions import UNCERTAIN
from hearsay.terminal.commands import to_type
from hearsay.text.format import duration, file_size
from search_ui.search.hits import score_label
from search_ui.state import SearchState
from search_ui.transcribe.queue import Upload


def file_html(upload: Upload, seconds: float | None) -> str:
    """Name and size, and how long it lasts where that is known."""
    facts = [file_size(len(upload.data)), *([] if seconds is None else [duration(seconds)])]
    return f'<p class="file"><strong>{escape(upload.name)}</strong> {" · ".join(facts)}</p>'


def transcript_html(row: ClipRow) -> str:
    """The transcript, and how it was said."""
    text = row.generated_text.lower() if row.generated_text.isupper() else row.generated_text
    transcript = (
        f'<p class="transcript">{escape(text)}</p>' if text else '<p class="transcript none">nothing was heard</p>'
    )
    dot = "○" if row.sentiment == UNCERTAIN else "●"
    emotion = f'<span><i aria-hidden="true">{dot}</i> {escape(row.emotion)}{score_label(row.emotion_score)}</span>'
    confidence = "" if row.confidence is None else f"<span>confidence{score_label(row.confidence)}</span>"
    return f'<div class="upload">{transcript}<p class="about">{emotion}{confidence}</p></div>'


def pending_html(note: str) -> str:
    """A line while a sound is not heard yet."""
    return f'<p class="pending" role="status">{escape(note)} …</p>'


def error_html(problem: str) -> str:
    """Why a sound was not heard or not added."""
    return f'<p class="refused" role="alert">{escape(problem[:1].upper() + problem[1:])}</p>'


def added_html(*, is_late: bool) -> str:
    """That a clip was added, and that the index does not have it yet."""
    if is_late:
        how = f"Has an index been loaded, and does <code>{to_type('put --watch')}</code> run, which indexes it?"
        return f'<p class="pending" role="status">added, and safe in the inbox, but not in the index yet. {how}</p>'
    return '<p class="pending" role="status">added; it can be found in a moment …</p>'


def indexed_html(clip: str) -> str:
    """That an added clip is in the index, and the search that finds it."""
    link = f"./{SearchState(words=f'clip:{clip}').address}"
    return f'<p class="added" role="status">added · <a class="go" href="{escape(link)}" target="_self">find it</a></p>'
