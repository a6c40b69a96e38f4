"""The route that completes what is being typed: a few words of the index, never its whole vocabulary."""

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
    """``/completions?q=TYPED`` answers with a JSON array of texts; it is empty if there is no completion."""

    def send(request: Request) -> Response:
        typed = request.query_params.get("q", "")
        try:
            found = (
                completions(planner().expander().lexicon, typed, COMPLETIONS) if 0 < len(typed) <= LONGEST_WORDS else []
            )
        except HearsayError:  # the page itself reports problems with the index
            found = []
        return JSONResponse(found, headers={"Cache-Control": "no-store"})

    return Route("/completions", send)
