"""The outcome of one recording: a model's result, or an error."""

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from hearsay.errors import HearsayError

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, repr=False)
class RecordingResult(ABC, Generic[Found]):
    """A model's result for one recording, or the ``error``.

    ``source`` names the recording: a path as it was given, else ``bytes``, ``array`` or the name of the file object.
    ``model`` is the model. Members that depend on the result raise the error if there is one, so that a failed
    recording is never mistaken for silence.
    """

    source: str
    model: str
    outcome: Found | HearsayError

    @property
    def error(self) -> HearsayError | None:
        """Why there is no result; None if there is one."""
        return self.outcome if isinstance(self.outcome, HearsayError) else None

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON values. For a failed recording, all members but ``error`` are empty. Raises no error."""

    def to_json(self) -> str:
        """`to_dict` as one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @property
    def _found(self) -> Found:
        if isinstance(self.outcome, HearsayError):
            raise self.outcome
        return self.outcome
