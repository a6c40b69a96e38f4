"""The route that serves the audio of clips: a file, or a redirect to a signed link into the bucket."""

from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from hearsay.errors import HearsayError
from hearsay.storage.s3 import S3Object
from indexer.passages import Passage
from search_ui.media.audio import GetAudio

AUDIO_ROUTE: Final = "audio"
"""The first part of the path."""

LINK_SECONDS: Final = 900
"""How long a signed link is valid."""


def audio_url(passage: Passage) -> str:
    """The address of the audio of a passage's clip, relative to the page."""
    return f"{AUDIO_ROUTE}/{quote(passage.clip)}"


def audio_route(audio: GetAudio) -> Route:
    """``audio/CLIP``: the file, also in ranges, or a redirect to the bucket."""

    def send(request: Request) -> Response:
        clip = request.path_params["clip"]
        try:
            found = audio().find(clip)
            if isinstance(found, S3Object):
                url = found.signed_url(LINK_SECONDS)
                return RedirectResponse(url, 307, {"Cache-Control": f"private, max-age={LINK_SECONDS // 2}"})
        except HearsayError as problem:
            return PlainTextResponse(str(problem), status_code=503)
        if found is None:
            return PlainTextResponse(f"the audio of clip {clip} was not found", status_code=404)
        return FileResponse(found, headers={"X-Content-Type-Options": "nosniff"})

    return Route(f"/{AUDIO_ROUTE}/{{clip:path}}", send)
