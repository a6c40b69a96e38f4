"""The sort menu: links above the results, one for each order."""

from collections.abc import Collection, Mapping
from typing import Final

from indexer.query.filters import ORDERS
from search_ui.search.hits import link_html
from search_ui.state import SearchState

_NAMES: Final[Mapping[str, str]] = {
    "duration": "shortest first",
    "-duration": "longest first",
    "confidence": "lowest confidence first",
    "-confidence": "highest confidence first",
    "wer": "lowest word error rate first",
    "-wer": "highest word error rate first",
    "agreement": "lowest agreement first",
    "-agreement": "highest agreement first",
}
"""The label of each of `indexer.query.filters.ORDERS`."""


def sort_menu_html(state: SearchState, numbers: Collection[str]) -> str:
    """The menu with the current order as its title; it omits fields that no clip has, which ``numbers`` lacks."""
    default = "relevance" if state.has_query else "file name"
    offered = {_NAMES[text]: sort for text, sort in ORDERS.items() if sort.field in numbers or sort == state.sort}
    orders = {default: None, **offered}
    chosen = next(name for name, sort in orders.items() if sort == state.sort)
    items = (
        f"<li{' class=chosen' if name == chosen else ''}>{link_html(name, state.sorted_by(sort).address)}</li>"
        for name, sort in orders.items()
    )
    return f'<details class="order"><summary>Sort: {chosen}</summary><ul>{"".join(items)}</ul></details>'
