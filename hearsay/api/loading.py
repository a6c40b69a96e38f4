"""Loading an index from Python."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hearsay.api.places import Place, asking, paths, settings_of
from hearsay.markup import joined, paragraph

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.load import Loaded
    from indexer.settings import IndexSettings


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """What a load brought: ``clips`` as ``passages`` in a new ``version``.

    ``deleted`` clips were left out, ``failed`` ones are in it without a transcript. ``notes`` are sentences about what
    may not be as it was meant.
    """

    clips: int
    passages: int
    deleted: int
    failed: int
    seconds: float
    version: str
    notes: tuple[str, ...]

    def _repr_html_(self) -> str:
        loaded = f"{self.clips:,} clips loaded as {self.passages:,} passages in {self.seconds:.1f} s"
        return paragraph(loaded, joined(f"version {self.version}", *self.notes))


def load(
    files: Place | Iterable[Place],
    *,
    index: Place | None = None,
    audio: Place | None = None,
    inbox: bool = True,
    progress: bool = True,
) -> LoadSummary:
    """Load files of records (.csv, .jsonl) as a new version of an index, which is swapped in when it is whole.

    They are merged by clip and column, and a later file's cells win. ``index`` is a folder or the address of
    Elasticsearch, by default that of the settings (``INDEX_URL``); ``audio`` the folder or ``s3://BUCKET/PREFIX`` of
    the clips' audio, for the page to play. Into the index of the settings the clips that were added on the page come
    along, unless ``inbox`` is false. Raises `WrongRequest` for files that hold no records, `IndexInUse` where another
    program writes the index.
    """
    with asking("INDEX_URL" if index is None else str(index)):
        from indexer import load as loading
        from indexer.commands import stepping
        from indexer.engines import open_index

        settings = settings_of(index)
        named = paths(files)
        rows = loading.read_rows([*(_inbox(settings, named) if inbox else ()), *named])
        place = None if audio is None else loading.audio_place(str(audio))
        opened = open_index(settings)
        try:
            with stepping(len(rows), is_shown=progress) as step:
                loaded = loading.load(opened, rows.values(), settings.deletions, place, step)
        finally:
            opened.close()
        doubts = (loading.doubt_about_audio(place, list(rows)), loading.doubt_about_transcripts(rows.values()))
        return _summary_of(loaded, (*loaded.flaws, *filter(None, doubts)))


def _inbox(settings: "IndexSettings", named: "list[Path]") -> "list[Path]":
    from indexer.load import inbox_of

    is_the_pages = settings.index_url == settings_of(None).index_url
    return inbox_of(settings.inbox_journal, named) if is_the_pages else []


def _summary_of(loaded: "Loaded", notes: tuple[str, ...]) -> LoadSummary:
    return LoadSummary(
        loaded.clips, loaded.passages, loaded.deleted, loaded.failed, loaded.seconds, loaded.version, notes
    )
