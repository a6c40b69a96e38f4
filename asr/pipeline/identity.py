"""The identity of a model: its name, a digest of its weights, and its precision if that was set explicitly."""

from dataclasses import dataclass
from typing import Any

from asr.types import Model
from hearsay.records.clip import ClipRow


@dataclass(frozen=True, slots=True)
class Identity:
    """A model. ``weights`` is empty if unknown, ``precision`` if it was chosen automatically."""

    name: str
    weights: str = ""
    precision: str = ""

    @classmethod
    def of(cls, model: Model) -> "Identity":
        return cls(model.name, model.weights, model.precision)

    def is_that_of(self, made_by: "Identity") -> bool:
        """Whether ``made_by`` and this model give the same outputs.

        Without a digest, which older records and APIs lack, only names are compared. A precision is compared only if it
        is set explicitly now: an automatic choice may differ between machines, and does not cause clips to be processed
        again.
        """
        if made_by.name != self.name or not made_by.weights or not self.weights:
            return made_by.name == self.name
        return made_by.weights == self.weights and self.precision in ("", made_by.precision)


def speech_of(row: ClipRow) -> Identity:
    """The model of a record's transcript; with an empty name if there is none."""
    return Identity(row.asr_model, row.asr_weights, row.asr_precision)


def emotion_of(row: ClipRow) -> Identity:
    """The model of a record's emotion; with an empty name if there is none."""
    return Identity(row.ser_model, row.ser_weights, row.ser_precision)


def speech_columns(made_by: Identity) -> dict[str, Any]:
    """The columns of a record that identify its speech model."""
    return {"asr_model": made_by.name, "asr_weights": made_by.weights, "asr_precision": made_by.precision}


def emotion_columns(made_by: Identity) -> dict[str, Any]:
    """The columns of a record that identify its emotion model."""
    return {"ser_model": made_by.name, "ser_weights": made_by.weights, "ser_precision": made_by.precision}
