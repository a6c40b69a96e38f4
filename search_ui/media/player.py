"""The sound of a hit: the clip's file, found by its id under the folders of audio, and sent from beside the page."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from hearsay.errors import HearsayError
from hearsay.storage.local import AUDIO_SUFFIXES, find_audio
from indexer.passages import Passage
from search_ui.media.bucket import LINK_LIVES, Bucket


@dataclass(frozen=True, slots=True)
class AudioFolder:
    """A folder of audio, and the name that ids have for it where that is not its own."""

    path: Path
    also_named: str = ""


Folders = Callable[[], Iterable[AudioFolder]]
"""Tells the folders of audio, first to last."""

GetBucket = Callable[[], Bucket | None]
"""Tells the bucket of audio, where there is one."""

AUDIO_ROUTE: Final = "audio"
"""First part of the path under which clips are sent."""


def audio_of(folders: Iterable[AudioFolder], clip: str) -> Path | None:
    """The audio file of a clip, in the first folder that has it; None where none has, or it is none by its ending."""
    path = next(filter(None, (find_audio(each.path, clip, (each.also_named,)) for each in folders)), None)
    return path if path and path.suffix.lower() in AUDIO_SUFFIXES else None


def audio_url(passage: Passage) -> str:
    """The address of the sound of a passage's clip, seen from the page."""
    return f"{AUDIO_ROUTE}/{quote(passage.clip)}"


def audio_route(folders: Folders, bucket: GetBucket) -> Route:
    """The route that sends clips, whole or by ranges, from the first folder that has them, else leads to the bucket."""

    def send(request: Request) -> Response:
        try:
            return answer(request.path_params["clip"])
        except HearsayError as problem:
            return PlainTextResponse(str(problem), status_code=503)

    def answer(clip: str) -> Response:
        if path := audio_of(folders(), clip):
            return FileResponse(path, headers={"X-Content-Type-Options": "nosniff"})
        if (there := bucket()) and (found := there.find(clip)):
            return RedirectResponse(there.link(found), 307, {"Cache-Control": f"private, max-age={LINK_LIVES // 2}"})
        return PlainTextResponse("no audio is known for this clip", status_code=404)

    return Route(f"/{AUDIO_ROUTE}/{{clip:path}}", send)
