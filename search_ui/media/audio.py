"""Where the audio of clips is found: local folders, then a bucket."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hearsay.audio.formats import has_audio_suffix
from hearsay.errors import StorageError
from hearsay.storage.local import find_audio
from hearsay.storage.s3 import Bucket, S3Object


@dataclass(frozen=True, slots=True)
class AudioFolder:
    """A folder of audio files, and its name in clip ids, if that differs from its own."""

    path: Path
    also_named: str = ""


@dataclass(frozen=True, slots=True)
class AudioStore:
    """The folders in the order of lookup, then the bucket: None if there is none, an error if it is not available."""

    folders: tuple[AudioFolder, ...] = ()
    bucket: Bucket | StorageError | None = None

    def find(self, clip: str) -> Path | S3Object | None:
        """The audio of a clip, None if there is none. Raises `StorageError` if it needs an unavailable bucket."""
        if path := self.find_file(clip):
            return path
        if isinstance(self.bucket, StorageError):
            raise self.bucket
        return self.bucket.find(clip) if self.bucket else None

    def find_file(self, clip: str) -> Path | None:
        """The file of a clip in the first folder that contains it; None if there is none, or if it is not audio."""
        paths = (find_audio(folder.path, clip, (folder.also_named,)) for folder in self.folders)
        path = next(filter(None, paths), None)
        return path if path and has_audio_suffix(path.name) else None


GetAudio = Callable[[], AudioStore]
"""Returns the store at the time of a request."""
