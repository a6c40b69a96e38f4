"""What stands above every page: the name, and the way to the others."""

from collections.abc import Iterable
from html import escape

from streamlit.navigation.page import StreamlitPage


def header_html(pages: Iterable[StreamlitPage], current: StreamlitPage) -> str:
    """The name and a link to each page, in order; the one that is looked at is told apart."""
    links = "".join(_link(page, is_current=page is current) for page in pages)
    return f'<header class="name"><h1>Hearsay</h1><nav aria-label="Pages">{links}</nav></header>'


def _link(page: StreamlitPage, *, is_current: bool) -> str:
    address = escape(f"./{page.url_path}")
    current = ' aria-current="page"' if is_current else ""
    return f'<a class="go" href="{address}" target="_self"{current}>{escape(page.title)}</a>'
