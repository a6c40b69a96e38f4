"""The header of every page: the name, and links to all pages."""

from collections.abc import Iterable
from html import escape

from streamlit.navigation.page import StreamlitPage

from search_ui.state import SearchState


def header_html(pages: Iterable[StreamlitPage], current: StreamlitPage, state: SearchState) -> str:
    """The name and a link to each page, which keeps the filters; the current page is marked."""
    filters = state.only_filters().address.removesuffix("?")
    links = "".join(_link(page, filters, is_current=page is current) for page in pages)
    return f'<header class="name"><h1>Hearsay</h1><nav aria-label="Pages">{links}</nav></header>'


def _link(page: StreamlitPage, filters: str, *, is_current: bool) -> str:
    address = escape(f"./{page.url_path}{filters}")
    current = ' aria-current="page"' if is_current else ""
    return f'<a class="go" href="{address}" target="_self"{current}>{escape(page.title)}</a>'
