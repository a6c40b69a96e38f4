"""Errors of speech and emotion recognition.

HearsayError
├── AudioError             with its kinds in `hearsay.errors`, since `hearsay.Client` raises them too
└── AsrError
    ├── ModelUnavailable   the weights or the library are not available
    │   ├── ModelNotInstalled   the library, which belongs to an extra of the distribution; also a `MissingExtra`
    │   └── SourceFailed        one source of weights lacks them, or has others than the published ones
    ├── ModelFailed        the model failed on one clip
    ├── PipelineUnavailable   the API does not respond, or refuses access
    ├── ModelChanged       another speech model wrote the log, and no option decides about its transcripts
    ├── Busy               the queue is full
    ├── CannotScore        a score of texts against this audio would mean nothing
    └── BadSource          the folder, bucket or table of clips cannot be used
"""

from collections.abc import Sequence

from hearsay.errors import HearsayError, MissingExtra
from hearsay.records.clip import ClipRow


class AsrError(HearsayError):
    """An error in processing a clip, from its audio to its record."""


class ModelUnavailable(AsrError):
    """The weights of a model, or the library that runs it, are not available."""


class ModelNotInstalled(ModelUnavailable, MissingExtra):
    """The library that runs a model is not installed; the message contains the command that installs it."""


class SourceFailed(ModelUnavailable):
    """One source does not have the published weights; another one may."""


class ModelFailed(AsrError):
    """The model failed on one clip; other clips are not affected."""


class PipelineUnavailable(AsrError):
    """The API does not respond, or refuses access; ``rows`` are the records it completed of the last batch."""

    def __init__(self, sentence: str, rows: Sequence[ClipRow] = ()) -> None:
        super().__init__(sentence)
        self.rows = rows


ListenerGone = PipelineUnavailable
"""The name until version 0.2, which still works."""


class ModelChanged(AsrError):
    """Another speech model wrote the log, and no option says what to do with its transcripts."""


class Busy(AsrError):
    """The queue is full; ``retry_seconds`` is an estimate of when it has room."""

    def __init__(self, retry_seconds: int) -> None:
        self.retry_seconds = max(1, retry_seconds)
        super().__init__(f"the queue is full; retry in {self.retry_seconds} s")


class CannotScore(AsrError):
    """Texts cannot be scored against this audio, or a score would mean nothing."""


class BadSource(AsrError):
    """The folder, bucket or table of clips cannot be used."""
