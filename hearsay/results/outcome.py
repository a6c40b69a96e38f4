"""The outcome of one recording: what a model found in it, or the error instead."""

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from hearsay.errors import HearsayError

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, repr=False)
class RecordingResult(ABC, Generic[Found]):
    """What a model found in one recording, or the ``error`` why there is nothing.

    ``source`` names the recording: a path as it was given, else ``bytes``, ``array`` or the name of the file object.
    ``model`` is the model. Whatever depends on what was found raises the error if there is one, so that a failed
    recording is never taken for silence.
    """

    source: str
    model: str
    outcome: Found | HearsayError

    @property
    def error(self) -> HearsayError | None:
        """Why the model found nothing; None if it did."""
        return self.outcome if isinstance(self.outcome, HearsayError) else None

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON values. For a failed recording all but ``error`` is empty; it raises nothing."""

    def to_json(self) -> str:
        """`to_dict` as one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @property
    def _found(self) -> Found:
        if isinstance(self.outcome, HearsayError):
            raise self.outcome
        return self.outcome
