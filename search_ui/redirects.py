"""Redirects from addresses that pages had in earlier versions."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

MOVED_PAGES: Final[Mapping[str, str]] = {"understand": "insights", "try": "transcribe"}
"""The earlier paths of pages and their present ones."""


def redirect_routes() -> list[Route]:
    """One route per earlier path; it redirects permanently and keeps the query parameters."""
    return [Route(f"/{old}", partial(_redirect, new)) for old, new in MOVED_PAGES.items()]


def _redirect(path: str, request: Request) -> Response:
    """The target is relative, so that it is also right behind a proxy that adds a path prefix."""
    query = request.url.query
    return RedirectResponse(f"{path}?{query}" if query else path, status_code=308)
