"""The audio of a clip for the browser, served beside the page: a file, or a signed link into the bucket."""

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
"""First part of the path under which clips are sent."""

LINK_SECONDS: Final = 900
"""How long a signed link can be followed."""


def audio_url(passage: Passage) -> str:
    """The address of the audio of a passage's clip, relative to the page."""
    return f"{AUDIO_ROUTE}/{quote(passage.clip)}"


def audio_route(audio: GetAudio) -> Route:
    """The route that sends clips, whole or by ranges, or redirects to the bucket."""

    def send(request: Request) -> Response:
        try:
            found = audio().find(request.path_params["clip"])
            if isinstance(found, S3Object):
                url = found.signed_url(LINK_SECONDS)
                return RedirectResponse(url, 307, {"Cache-Control": f"private, max-age={LINK_SECONDS // 2}"})
        except HearsayError as problem:
            return PlainTextResponse(str(problem), status_code=503)
        if found is None:
            return PlainTextResponse("no audio is known for this clip", status_code=404)
        return FileResponse(found, headers={"X-Content-Type-Options": "nosniff"})

    return Route(f"/{AUDIO_ROUTE}/{{clip:path}}", send)
