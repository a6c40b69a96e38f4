"""Where the audio of clips lies: folders of this machine, then a bucket."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hearsay.errors import StorageError
from hearsay.storage.local import find_audio
from hearsay.storage.names import has_audio_suffix
from hearsay.storage.s3 import Bucket, S3Object


@dataclass(frozen=True, slots=True)
class AudioFolder:
    """A folder of audio, and the name that ids have for it where that is not its own."""

    path: Path
    also_named: str = ""


@dataclass(frozen=True, slots=True)
class AudioStore:
    """The folders that are searched, first to last, then the bucket: None where there is none, or why it cannot be."""

    folders: tuple[AudioFolder, ...] = ()
    bucket: Bucket | StorageError | None = None

    def find(self, clip: str) -> Path | S3Object | None:
        """The audio of a clip; None where there is none. Raises `StorageError` where only the bucket could have it."""
        if path := self.find_file(clip):
            return path
        if isinstance(self.bucket, StorageError):
            raise self.bucket
        return self.bucket.find(clip) if self.bucket else None

    def find_file(self, clip: str) -> Path | None:
        """The file of a clip in the first folder that has one; None where none has, or its suffix is not of audio."""
        paths = (find_audio(folder.path, clip, (folder.also_named,)) for folder in self.folders)
        path = next(filter(None, paths), None)
        return path if path and has_audio_suffix(path.name) else None


GetAudio = Callable[[], AudioStore]
"""The store as it is when a request comes."""
