"""Provenance: the files that a version of an index was made of, so that they can be loaded again."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from indexer.errors import FilesChanged

_MOST_NAMED: Final = 1000
"""The number of clips without a file that a version lists; beyond that, it records only that there are more."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a table is read: the name of its dataset, and the columns that are read as others, as typed."""

    dataset: str = ""
    columns: tuple[tuple[str, str], ...] = ()


AS_IT_IS: Final = Reading()
"""A table whose dataset and columns are those of its layout."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of clip records at the time when it was read; without a ``digest``, one that is followed and may grow."""

    path: Path
    size: int = 0
    modified: int = 0
    digest: str = ""
    reading: Reading = AS_IT_IS

    @classmethod
    def of(cls, path: Path, reading: Reading = AS_IT_IS) -> "SourceFile":
        with path.open("rb") as file:
            stat, digest = path.stat(), hashlib.file_digest(file, "sha256").hexdigest()
            return cls(path.absolute(), stat.st_size, stat.st_mtime_ns, digest, reading)

    def change(self) -> str:
        """What has happened to the file since, as the end of a sentence; empty if it is unchanged."""
        try:
            stat = self.path.stat()
            if not self.digest or (stat.st_size, stat.st_mtime_ns) == (self.size, self.modified):
                return ""
            return "" if SourceFile.of(self.path).digest == self.digest else "has changed"
        except FileNotFoundError:
            return "is missing"
        except OSError as problem:
            return f"cannot be read ({problem.strerror or problem})"

    def to_json(self) -> dict[str, Any]:
        members = {"path": str(self.path), "size": self.size, "modified": self.modified, "sha256": self.digest}
        if self.reading == AS_IT_IS:
            return members
        return members | {"dataset": self.reading.dataset, "columns": dict(self.reading.columns)}

    @classmethod
    def from_json(cls, members: Mapping[str, Any]) -> "SourceFile":
        reading = Reading(members.get("dataset", ""), tuple(members.get("columns", {}).items()))
        return cls(Path(members["path"]), members["size"], members["modified"], members["sha256"], reading)


@dataclass(frozen=True, slots=True)
class Origin:
    """The files of a load in their order, those that were ``put`` later, and the inbox if it was loaded too.

    ``clips`` were put without a file; ``and_more`` says that there are more of them than are listed.
    """

    files: tuple[SourceFile, ...]
    inbox: Path | None = None
    put: tuple[SourceFile, ...] = ()
    clips: tuple[str, ...] = ()
    and_more: bool = False

    @classmethod
    def of(cls, files: Iterable[Path], inbox: Path | None = None, reading: Reading = AS_IT_IS) -> "Origin":
        own = inbox.absolute() if inbox else None
        return cls(tuple(SourceFile.of(path, reading) for path in files if path.absolute() != own), own)

    def after_put(self, files: Sequence[SourceFile], clips: Collection[str]) -> "Origin":
        """The origin after putting clips from these files, or without files. A loaded file that is put is read last."""
        if not files:
            named = tuple(dict.fromkeys((*self.clips, *clips)))
            return replace(self, clips=named[:_MOST_NAMED], and_more=self.and_more or len(named) > _MOST_NAMED)
        new = {file.path: file for file in files if file.path != self.inbox}
        loaded, earlier = (tuple(file for file in some if file.path not in new) for some in (self.files, self.put))
        named = tuple(clip for clip in self.clips if clip not in clips)
        return replace(self, files=loaded, put=(*earlier, *new.values()), clips=named)

    def changes(self) -> list[str]:
        """What has happened to each file that has changed."""
        return [f"{file.path} {change}" for file in (*self.files, *self.put) if (change := file.change())]

    def as_it_is(self) -> "Origin":
        """The same files in their current state, without missing ones; raises `FilesChanged` if none is left."""

        def there(files: Iterable[SourceFile]) -> tuple[SourceFile, ...]:
            return tuple(
                SourceFile.of(file.path, file.reading) if file.digest else file for file in files if file.path.is_file()
            )

        now = replace(self, files=there(self.files), put=there(self.put))
        if not (now.files or now.put) and not (self.inbox and self.inbox.is_file()):
            raise FilesChanged(
                f"none of the files that the index was loaded from exists any more: {'; '.join(self.changes())}; "
                "nothing was changed"
            )
        return now

    def to_json(self) -> dict[str, Any]:
        return {
            "files": [file.to_json() for file in self.files],
            "inbox": str(self.inbox) if self.inbox else None,
            "put": [file.to_json() for file in self.put],
            "clips": list(self.clips),
            "and_more": self.and_more,
        }

    @classmethod
    def from_json(cls, members: Mapping[str, Any] | None) -> "Origin | None":
        """None if the files are unknown, as in versions of earlier releases that did not record them."""
        if members is None:
            return None
        files, put = (tuple(map(SourceFile.from_json, members[name])) for name in ("files", "put"))
        inbox = Path(members["inbox"]) if members["inbox"] else None
        return cls(files, inbox, put, tuple(members["clips"]), members["and_more"])
