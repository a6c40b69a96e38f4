"""What can go wrong while hearing.

HearsayError
├── AudioError             with its kinds in `hearsay.errors`, since `hearsay.Client` raises them too
└── AsrError
    ├── ModelUnavailable   the weights or the library cannot be had here
    │   └── ModelNotInstalled   the library, which an extra of the distribution has; a `MissingExtra` too
    ├── ModelFailed        the model broke off over this one clip
    ├── PipelineUnavailable       who listens elsewhere is not there, or will not hear us
    ├── ModelChanged       the log was written by another speech model, and nobody said what becomes of it
    ├── Busy               too much waits to be heard already
    └── BadSource          the folder or table of clips is not what was said
"""

from collections.abc import Sequence

from hearsay.errors import HearsayError, MissingExtra
from hearsay.records.clip import ClipRow


class AsrError(HearsayError):
    """Something went wrong between the audio and its row."""


class ModelUnavailable(AsrError):
    """A model's weights, or the library that runs them, cannot be had here."""


class ModelNotInstalled(ModelUnavailable, MissingExtra):
    """The library that runs a model is not installed; says what to type."""


class ModelFailed(AsrError):
    """The model broke off over this one clip; others are heard."""


class PipelineUnavailable(AsrError):
    """Who listens elsewhere is not there, or will not hear us; ``rows`` are those it answered of the last batch."""

    def __init__(self, sentence: str, rows: Sequence[ClipRow] = ()) -> None:
        super().__init__(sentence)
        self.rows = rows


class ModelChanged(AsrError):
    """The log was written by another speech model, and nobody said what becomes of its transcripts."""


class Busy(AsrError):
    """Too much waits to be heard already; ``retry_seconds`` tells about when there is room again."""

    def __init__(self, retry_seconds: int) -> None:
        self.retry_seconds = max(1, retry_seconds)
        super().__init__(f"too much waits to be heard already; ask again in {self.retry_seconds} s")


class BadSource(AsrError):
    """The folder or table of clips is not what the command was told."""
