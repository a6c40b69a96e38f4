"""Loading an index from Python."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hearsay.api.index_location import Location, paths, settings_of
from hearsay.results.markup import joined, paragraph
from hearsay.terminal.progress import load_progress
from hearsay.text.format import counted

if TYPE_CHECKING:
    from indexer.index import SearchWriter
    from indexer.settings import IndexSettings


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """The result of a load: ``clips`` as ``passages`` in a new ``version``.

    ``deleted`` clips were left out, ``failed`` ones are in it without a transcript. ``notes`` are sentences about
    possible mistakes.
    """

    clips: int
    passages: int
    deleted: int
    failed: int
    seconds: float
    version: str
    notes: tuple[str, ...]

    def _repr_html_(self) -> str:
        clips, passages = counted(self.clips, "clip"), counted(self.passages, "passage")
        loaded = f"{clips} loaded as {passages} in {self.seconds:.1f} s"
        return paragraph(loaded, joined(f"version {self.version}", *self.notes))


def load_into(
    index: "SearchWriter",
    settings: "IndexSettings",
    files: Location | Iterable[Location],
    audio: Location | None,
    *,
    inbox: bool,
    progress: bool,
) -> LoadSummary:
    """Load files of records as a new version of an index; see `hearsay.load`."""
    from indexer.ingest import load as loading
    from indexer.provenance import Origin

    named = paths(files)
    notes: list[str] = []
    has_inbox = inbox and settings.index_url == settings_of(None).index_url  # the index that the page searches
    added = loading.inbox_of(settings.inbox_journal, named) if has_inbox else []
    rows = loading.read_rows([*added, *named], notes.append)
    place = None if audio is None else loading.audio_place(str(audio))
    origin = Origin.of(named, settings.inbox_journal if has_inbox else None)
    with load_progress(len(rows), is_shown=progress) as step:
        loaded = loading.load(index, rows.values(), settings.deletions, place, step, origin=origin)
    doubts = (loading.doubt_about_audio(place, list(rows)), loading.doubt_about_transcripts(rows.values()))
    notes += loaded.problems
    if loaded.failed_in_part:
        notes.append(f"clips that failed in part: {loaded.failed_in_part}")
    if loaded.failed_again:
        notes.append(f"clips with an older transcript: {loaded.failed_again}")
    notes += filter(None, doubts)
    return LoadSummary(
        loaded.clips, loaded.passages, loaded.deleted, loaded.failed, loaded.seconds, loaded.version, tuple(notes)
    )
