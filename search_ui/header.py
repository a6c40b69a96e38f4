"""The header of every page: the name, and links to all pages."""

from collections.abc import Iterable
from html import escape

from streamlit.navigation.page import StreamlitPage

from search_ui.state import SearchState


def header_html(pages: Iterable[StreamlitPage], current: StreamlitPage, state: SearchState) -> str:
    """The name and a link to each page, which keeps the filters; the current page is marked."""
    filters = state.only_filters().address.removesuffix("?")
    links = ""
    for page in pages:
        address = escape(f"./{page.url_path}{filters}")
        mark = ' aria-current="page"' if page is current else ""
        links += f'<a class="go" href="{address}" target="_self"{mark}>{escape(page.title)}</a>'
    return f'<header class="name"><h1>Hearsay</h1><nav aria-label="Pages">{links}</nav></header>'
