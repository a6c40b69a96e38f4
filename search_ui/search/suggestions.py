"""How what is being typed may go on, sent from beside the page: a few words of the index, never its vocabulary."""

from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hearsay.errors import HearsayError
from indexer.query.planner import Planner
from indexer.query.suggestions import completions
from search_ui.state import LONGEST_WORDS

COMPLETIONS: Final = 8


def completions_route(planner: Callable[[], Planner]) -> Route:
    """The route that answers ``/completions?q=TYPED`` with a JSON array of texts, empty where nothing is known."""

    def send(request: Request) -> Response:
        typed = request.query_params.get("q", "")
        try:
            found = (
                completions(planner().expander().lexicon, typed, COMPLETIONS) if 0 < len(typed) <= LONGEST_WORDS else []
            )
        except HearsayError:  # what is wrong with the index is said by the page itself
            found = []
        return JSONResponse(found, headers={"Cache-Control": "no-store"})

    return Route("/completions", send)
