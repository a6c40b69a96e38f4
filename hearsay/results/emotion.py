"""The emotion in the voice of one recording, or the error instead of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hearsay.errors import HearsayError
from hearsay.records.emotions import Sentiment
from hearsay.results.markup import joined, table
from hearsay.results.outcome import RecordingResult


@dataclass(frozen=True, slots=True)
class Tagged:
    """The output of an emotion model; see `Emotion`."""

    label: str
    probability: float | None
    probabilities: Mapping[str, float]
    sentiment: Sentiment
    duration: float


@dataclass(frozen=True, slots=True, repr=False)
class Emotion(RecordingResult[Tagged]):
    """The emotion in the voice of one recording, or the ``error`` why there is none.

    ``source`` names the recording as `Transcript.source` does, ``model`` is the emotion model. Everything else raises
    the error if there is one.
    """

    @property
    def label(self) -> str:
        """The emotion, such as ``happiness``; ``uncertain`` if the model did not decide."""
        return self._found.label

    @property
    def probability(self) -> float | None:
        """The probability of the label, 0..1; None if it is ``uncertain``."""
        return self._found.probability

    @property
    def probabilities(self) -> Mapping[str, float]:
        """The probability of every label of the model; empty for silence."""
        return self._found.probabilities

    @property
    def sentiment(self) -> Sentiment:
        """The sentiment that the label belongs to: ``negative``, ``neutral``, ``positive`` or ``uncertain``."""
        return self._found.sentiment

    @property
    def duration(self) -> float:
        """The length of the recording in seconds."""
        return self._found.duration

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON values. For a failed recording, all members but ``error`` are empty. Raises no error."""
        members: dict[str, Any] = {"source": self.source, "model": self.model}
        names = ("label", "probability", "probabilities", "sentiment", "duration")
        if isinstance(self.outcome, HearsayError):
            return members | dict.fromkeys(names) | {"probabilities": {}, "error": str(self.outcome)}
        found = {name: getattr(self.outcome, name) for name in names}
        return members | found | {"probabilities": dict(self.outcome.probabilities), "error": None}

    def __repr__(self) -> str:
        if isinstance(self.outcome, HearsayError):
            return f"Emotion(source={self.source!r}, error={self.outcome!r})"
        found = self.outcome
        return f"Emotion(source={self.source!r}, label={found.label!r}, probability={found.probability})"

    def _repr_html_(self) -> str:
        if isinstance(self.outcome, HearsayError):
            return table(("recording", "no emotion"), [(self.source, str(self.outcome))])
        found = self.outcome
        ranked = sorted(found.probabilities.items(), key=lambda item: -item[1])
        label = found.label if found.probability is None else f"{found.label} {found.probability:.2f}"
        others = joined(*(f"{name} {probability:.2f}" for name, probability in ranked))
        head = ("recording", "emotion", "sentiment", "probabilities", "model")
        return table(head, [(self.source, label, found.sentiment, others, self.model)])
