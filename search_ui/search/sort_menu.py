"""The order of the hits: a menu of links above them, and how each order is called."""

from collections.abc import Collection, Mapping
from typing import Final

from indexer.query.filters import ORDERS
from search_ui.search.hits import link_html
from search_ui.state import SearchState

_NAMES: Final[Mapping[str, str]] = {
    "duration": "shortest first",
    "-duration": "longest first",
    "confidence": "least sure first",
    "-confidence": "surest first",
    "wer": "fewest errors first",
    "-wer": "most errors first",
}
"""What a person calls each of `indexer.query.filters.ORDERS`."""


def sort_menu_html(state: SearchState, numbers: Collection[str]) -> str:
    """The menu, without the ``numbers`` that no clip has; the order that is in force stands on it."""
    own = "best match" if state.has_query else "file name"
    offered = {_NAMES[text]: sort for text, sort in ORDERS.items() if sort.field in numbers or sort == state.sort}
    orders = {own: None, **offered}
    chosen = next(name for name, sort in orders.items() if sort == state.sort)
    items = (
        f"<li{' class=chosen' if name == chosen else ''}>{link_html(name, state.sorted_by(sort).address)}</li>"
        for name, sort in orders.items()
    )
    return f'<details class="order"><summary>sort: {chosen}</summary><ul>{"".join(items)}</ul></details>'
