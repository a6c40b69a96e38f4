"""Corpora as they are released: a folder in a known layout, as a source of clips."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

from asr.errors import BadSource
from asr.sources.listing import Clip, ClipSource, FolderSource, Listing, sorted_files
from asr.sources.stamps import stamp_of
from hearsay.corpora.corpus import Corpus, read_corpus
from hearsay.corpora.layouts import BY_NAME, NAMES, PLAIN, Layout
from hearsay.corpora.recognition import layout_of_table, recognised
from hearsay.records.clip import ClipRow
from hearsay.records.columns import corpus_table
from hearsay.text.format import counted

EXAMPLES: Final = 3
"""Names that a message lists."""


@dataclass(frozen=True, slots=True)
class CorpusSource:
    """The clips that the tables of a corpus name; ids begin with the dataset."""

    folder: Path
    layout: Layout
    tables: tuple[str, ...]
    files: tuple[str, ...]
    dataset: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    allow_missing: bool = False

    def list(self) -> Listing:
        corpus = read_corpus(self.folder, self.layout, self.tables, self.files, self.dataset, self.columns)
        return listing_of_corpus(corpus, str(self.folder), self.tables, self._clip, allow_missing=self.allow_missing)

    def _clip(self, row: ClipRow, path: str | None) -> Clip:
        if path is None:
            return Clip(row, None)
        file = self.folder / path
        return Clip(row, file.read_bytes, stamp=partial(stamp_of, file))


def listing_of_corpus(
    corpus: Corpus,
    place: str,
    tables: Sequence[str],
    clip_at: Callable[[ClipRow, str | None], Clip],
    *,
    allow_missing: bool,
) -> Listing:
    """The clips of a corpus; ``clip_at`` makes one of its record and the path of its audio, which may be None.

    Raises `BadSource` if the tables name no clip, or if audio is missing, unless ``allow_missing``.
    """
    missing = [clip_id for clip_id, path in corpus.audio.items() if path is None]
    if missing and not allow_missing:
        raise BadSource(
            f"{len(missing)} of {counted(len(corpus.audio), 'clip')} in the tables of {place} have no audio "
            f"file, for example {', '.join(missing[:EXAMPLES])}; add --allow-missing to accept them"
        )
    if not corpus.audio:
        raise BadSource(f"the tables of {place} name no clip: {', '.join(tables)}")
    datasets = dict(zip(corpus.table.lines, corpus.table.column("dataset"), strict=True))
    table = corpus_table(corpus.table.without({"dataset"}))
    rows = (replace(row, dataset=datasets[row.id]) for row in table.rows().values())
    clips = tuple(clip_at(row, corpus.audio[row.id]) for row in rows)
    return Listing(clips, table, remarks=tuple(_remarks(corpus)), account=corpus.account)


def layout_named(name: str | None) -> Layout | None:
    """The layout of this name, None for no name; raises `BadSource` if there is none, or if it is `PLAIN`."""
    if name is not None and name not in BY_NAME:
        raise BadSource(f"there is no layout {name}; the layouts are {', '.join(NAMES)}")
    return BY_NAME[name] if name else None


def lacks_tables(place: str, layout: Layout) -> BadSource:
    """The error for a source without tables of the named layout."""
    needs = f" with the columns {', '.join(sorted(layout.needs))}" if layout.needs else ""
    return BadSource(f"{place} has no table of {layout.title}: {' or '.join(layout.tables)}{needs}")


def open_corpus(
    plain: FolderSource,
    name: str | None,
    dataset: str | None,
    columns: Mapping[str, str],
    *,
    allow_missing: bool = False,
) -> ClipSource:
    """The source of a folder: a corpus where its layout is recognised or has this ``name``, else its audio files.

    Raises `BadSource` if there is no layout of that name, or if the folder does not have it.
    """
    if name == PLAIN:
        return plain
    only = layout_named(name)
    files = tuple(path.relative_to(plain.folder).as_posix() for path in sorted_files(plain.folder))
    found = recognised(plain.folder, files, only)
    if found is None and only is not None:
        raise lacks_tables(str(plain.folder), only)
    if found is None:
        return plain
    return CorpusSource(plain.folder, found[0], tuple(found[1]), files, dataset, columns, allow_missing)


def open_corpus_table(
    folder: Path, table: Path, dataset: str | None, columns: Mapping[str, str], *, allow_missing: bool = False
) -> CorpusSource | None:
    """The clips of one table of a corpus; None for a table in no known layout.

    Its paths are relative to its own folder, which contains ``folder`` or is in it; else raises `BadSource`.
    """
    if not table.is_file() or (layout := layout_of_table(table)) is None:
        return None
    inner, outer = table.resolve().parent, folder.resolve()
    root = inner if outer.is_relative_to(inner) else outer
    if not inner.is_relative_to(root):
        raise BadSource(f"{table} names files relative to its own folder; name that folder instead of {folder}")
    files = tuple(path.relative_to(root).as_posix() for path in sorted_files(root))
    relative = (inner / table.name).relative_to(root).as_posix()
    return CorpusSource(root, layout, (relative,), files, dataset, columns, allow_missing)


def _remarks(corpus: Corpus) -> Iterator[str]:
    if corpus.unnamed:
        some = ", ".join(corpus.unnamed[:EXAMPLES]) + (", …" if len(corpus.unnamed) > EXAMPLES else "")
        yield f"left out, because no table names them: {counted(len(corpus.unnamed), 'audio file')}, {some}"
