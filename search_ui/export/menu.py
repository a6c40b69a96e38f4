"""The export menu beside the number of results, and the links to the subtitles of a result."""

from html import escape
from typing import Final
from urllib.parse import quote

from hearsay.text.format import counted
from indexer.passages import Passage
from search_ui.export.routes import EXPORT_ROUTE, SUBTITLES, SUBTITLES_ROUTE
from search_ui.export.zip_stream import MOST_HITS
from search_ui.state import SearchState

_FILES: Final = (
    ("clips.csv", "CSV", "one row per clip; can be loaded again"),
    ("manifest.jsonl", "JSONL", "one line per result: a NeMo manifest"),
    ("clips.zip", "ZIP", "the audio files, CSV and manifest"),
)
_QUERIES: Final = (("query.json", "Elasticsearch JSON"), ("query.sh", "curl"))


def export_html(state: SearchState, total: int) -> str:
    """The menu that exports all results of a search, or its query. Nothing is requested before it is used."""
    what = f"{'' if total == 1 else 'All '}{counted(total, 'result')}"
    files = "".join(_file(state, total, *file) for file in _FILES)
    queries = "".join(  # page.js fetches a query when it is opened, because its expansions make it long
        f'<details class="query" data-address="{_address(state, kind)}"><summary>{name}</summary>'
        f'<button type="button" class="copy">Copy</button><pre tabindex="0" aria-label="{name}"></pre></details>'
        for kind, name in _QUERIES
    )
    return (
        f'<details class="export"><summary>Export</summary><div><p>{what}</p><ul>{files}</ul>'
        f"<p>The search as a query</p>{queries}</div></details>"
    )


def subtitles_html(passage: Passage) -> str:
    """Links to the subtitles of a result's whole clip; empty if its words have no times."""
    if not (passage.row.words or passage.row.segments):
        return ""
    address = f"{SUBTITLES_ROUTE}/{quote(passage.clip)}"
    links = (
        f'<a href="{escape(address)}{suffix}" title="Subtitles of the whole clip">{suffix[1:].upper()}</a>'
        for suffix in SUBTITLES
    )
    return f'<span class="take">{" · ".join(links)}</span>'


def _address(state: SearchState, kind: str) -> str:
    return escape(f"{EXPORT_ROUTE}/{kind}{state.address}")


def _file(state: SearchState, total: int, kind: str, name: str, what: str) -> str:
    if kind == "clips.zip" and total > MOST_HITS:
        return f"<li><span>{name}</span> <small>up to {MOST_HITS:,} results; add filters</small></li>"
    return f'<li><a href="{_address(state, kind)}">{name}</a> <small>{what}</small></li>'
