"""The way to take things away: a menu beside the number of hits, and subtitles beside a hit. Both are links alone."""

from html import escape
from typing import Final
from urllib.parse import quote

from indexer.passages import Passage
from search_ui.export.routes import EXPORT_ROUTE, SUBTITLES, SUBTITLES_ROUTE
from search_ui.export.zip_stream import MOST_HITS
from search_ui.state import SearchState

_FILES: Final = (
    ("clips.csv", "CSV", "a row for each clip; can be loaded again"),
    ("manifest.jsonl", "JSONL", "a manifest as NeMo reads it"),
    ("clips.zip", "zip", "the audio, with both beside it"),
)
_QUERIES: Final = (("query.json", "Elasticsearch JSON"), ("query.sh", "curl"))


def export_html(state: SearchState, total: int) -> str:
    """The menu that takes all hits of a search away, or the search itself. Nothing is asked for until it is used."""
    what = "the one hit" if total == 1 else f"all {total:,} hits"
    files = "".join(_file(state, total, *file) for file in _FILES)
    queries = "".join(_query(state, *query) for query in _QUERIES)
    return (
        f'<details class="export"><summary>export</summary><div><p>{what}</p><ul>{files}</ul>'
        f"<p>the search, as a query</p>{queries}</div></details>"
    )


def subtitles_html(passage: Passage) -> str:
    """Links to the subtitles of a hit's whole clip; empty where nothing tells when its words were said."""
    if not (passage.row.words or passage.row.segments):
        return ""
    address = f"{SUBTITLES_ROUTE}/{quote(passage.clip)}"
    links = (f'<a href="{escape(address)}{suffix}" title="subtitles">{suffix[1:]}</a>' for suffix in SUBTITLES)
    return f'<span class="take">{" · ".join(links)}</span>'


def _address(state: SearchState, kind: str) -> str:
    return escape(f"{EXPORT_ROUTE}/{kind}{state.address}")


def _file(state: SearchState, total: int, kind: str, name: str, what: str) -> str:
    if kind == "clips.zip" and total > MOST_HITS:
        return f"<li><span>{name}</span> <small>up to {MOST_HITS:,} hits; filter further</small></li>"
    return f'<li><a href="{_address(state, kind)}">{name}</a> <small>{what}</small></li>'


def _query(state: SearchState, kind: str, name: str) -> str:
    """Shown when it is opened, by ``page.js``: what words are guessed makes it long."""
    return (
        f'<details class="query" data-address="{_address(state, kind)}"><summary>{name}</summary>'
        f'<button type="button" class="copy">copy</button><pre tabindex="0" aria-label="{name}"></pre></details>'
    )
