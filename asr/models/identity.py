"""Which model made something: its name, a digest of its weights, and its precision where a person chose that."""

from dataclasses import dataclass
from typing import Any, Final

from asr.types import Model
from hearsay.records.clip import ClipRow


@dataclass(frozen=True, slots=True)
class Identity:
    """A model. ``weights`` is empty where nobody knows them, ``precision`` where it was left to the machine."""

    name: str
    weights: str = ""
    precision: str = ""

    @classmethod
    def of(cls, model: Model) -> "Identity":
        return cls(model.name, model.weights, model.precision)

    def is_that_of(self, made_by: "Identity") -> bool:
        """Whether what that model made is what this one would make.

        Without a digest, which older records and APIs lack, the name decides. A precision counts only where it was set
        by hand now: another machine chooses another one, and is no reason to start again.
        """
        if made_by.name != self.name or not made_by.weights or not self.weights:
            return made_by.name == self.name
        return made_by.weights == self.weights and self.precision in ("", made_by.precision)


NOBODY: Final = Identity("")
"""No model at all."""


def speech_of(row: ClipRow) -> Identity:
    """The model that made a record's transcript; without a name where none did."""
    return Identity(row.asr_model, row.asr_weights, row.asr_precision)


def emotion_of(row: ClipRow) -> Identity:
    """The model that made a record's emotion; without a name where none did."""
    return Identity(row.ser_model, row.ser_weights, row.ser_precision)


def speech_columns(made_by: Identity) -> dict[str, Any]:
    """The columns of a record that say which model made its transcript."""
    return {"asr_model": made_by.name, "asr_weights": made_by.weights, "asr_precision": made_by.precision}


def emotion_columns(made_by: Identity) -> dict[str, Any]:
    """The columns of a record that say which model made its emotion."""
    return {"ser_model": made_by.name, "ser_weights": made_by.weights, "ser_precision": made_by.precision}
