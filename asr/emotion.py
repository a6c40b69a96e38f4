"""How it was said: the emotion, and the seam that every tagger stands behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from asr.transcript import Waveform
from hearsay.records.emotions import UNCERTAIN, Sentiment, sentiment_of


@dataclass(frozen=True, slots=True)
class Emotion:
    """One clip's emotion: canonical label or ``uncertain``, the likeliest label's score (0..1), and every label's."""

    label: str
    score: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def sentiment(self) -> Sentiment:
        return sentiment_of(self.label)

    @property
    def certainty(self) -> float | None:
        """How sure the tagger is of what it says, as rows and the API have it; None where it says nothing certain."""
        return None if self.label == UNCERTAIN else self.score


UNTAGGED: Final = Emotion(UNCERTAIN)
"""Of silence, and of a waveform without samples."""


class EmotionTagger(Protocol):
    """Speech in, emotion out. Silence, and a waveform of no samples, are `UNTAGGED`."""

    @property
    def name(self) -> str:
        """What stands in ``ser_model``: the name that would choose this model again."""
        ...

    @property
    def weights(self) -> str:
        """SHA-256 over the model's files; empty where they cannot be read."""
        ...

    @property
    def precision(self) -> str:
        """The precision that was asked for by name; empty where the machine chose it, or there is none to choose."""
        ...

    @property
    def device(self) -> str:
        """``"cpu"``, ``"cuda"`` and the like."""
        ...

    @property
    def padding_ratio(self) -> float:
        """Padded over real length of all that was heard so far; 1 where nothing is padded."""
        ...

    def tag(self, waveforms: Sequence[Waveform]) -> list[Emotion]:
        """One emotion per waveform, in order; waveforms of any length, from one to many."""
        ...

    def close(self) -> None:
        """Give back processes and memory; closing twice is once."""
        ...
