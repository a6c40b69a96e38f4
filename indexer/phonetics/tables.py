"""The phonetic tables that `learn` estimates from references and transcripts, stored as JSON with their source."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hearsay.records.files import replaced_whole
from indexer.errors import WrongRequest
from indexer.phonetics.alphabets import LETTER_COUNT, PHONEME_COUNT
from indexer.phonetics.edit_distance import Costs
from indexer.phonetics.probability import ProbabilityModel

SHIPPED: Final = Path(__file__).parent / "shipped"
"""A file for each speech model that has tables of its own, and ``general.json``."""

GENERAL: Final = "general"

_TABLES_OF: Final = {
    "whisper-tiny.en": "whisper-tiny.en",
    "whisper-tiny.en-short": "whisper-tiny.en",  # trained to write what that model writes
    "whisper-base": "whisper-base",
    "wav2vec2-large-960h": GENERAL,
    "facebook/wav2vec2-large-960h": GENERAL,
}
"""The file for each speech model."""

VERSION: Final = 3
"""Version of the format; incremented when a value changes its meaning."""


@dataclass(frozen=True, eq=False, slots=True)
class Tables:
    """The costs of confusions, and the probability that a candidate is a misrecognition of a query word.

    ``phonemes`` and ``letters`` are confusion costs; ``weights`` those of a logistic regression over
    `indexer.phonetics.expansion.FEATURES`, for words and for pairs, shape (2, features). ``unseen`` is the share of
    spoken words of which the transcript contains no candidate. ``possible`` estimates the probability of passages.
    ``passages`` is the number of transcripts that the tables were learned from, and ``source`` describes these.
    """

    phonemes: Costs
    letters: Costs
    weights: NDArray[np.float64]
    unseen: float
    possible: ProbabilityModel
    passages: int
    source: str

    def save(self, file: Path) -> None:
        members = {
            "version": VERSION,
            "source": self.source,
            "passages": self.passages,
            "unseen": float(f"{self.unseen:.4g}"),  # never rounded to 0
            "phonemes": np.round(self.phonemes.astype(float), 4).tolist(),
            "letters": np.round(self.letters.astype(float), 4).tolist(),
            "weights": np.round(self.weights, 5).tolist(),
            "possible": self.possible.to_json(),
        }
        with replaced_whole(file) as temporary:
            temporary.write_text(json.dumps(members) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, file: Path) -> "Tables":
        """Raises `WrongRequest` for a file without tables of this version."""
        try:
            members: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            tables = cls._of(members) if members["version"] == VERSION else None
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise WrongRequest(f"{file} has no phonetic tables: {problem}; learn them with: indexer learn") from problem
        if tables is None or not tables._fits():
            raise WrongRequest(
                f"{file} was written by another version of Hearsay; learn it again with: indexer learn, "
                "or remove it to use the tables that ship with Hearsay"
            )
        return tables

    @classmethod
    def _of(cls, members: Mapping[str, Any]) -> "Tables":
        return cls(
            np.array(members["phonemes"], np.float32),
            np.array(members["letters"], np.float32),
            np.array(members["weights"], np.float64),
            float(members["unseen"]),
            ProbabilityModel.from_json(members["possible"]),
            int(members["passages"]),
            str(members["source"]),
        )

    def _fits(self) -> bool:
        """Whether searches can use the values: logarithms of ``unseen`` are taken, and ``passages`` is a divisor."""
        fits = self.phonemes.shape == (PHONEME_COUNT, PHONEME_COUNT)
        fits &= self.letters.shape == (LETTER_COUNT, LETTER_COUNT)
        fits &= all(bool(np.isfinite(figures).all()) for figures in (self.phonemes, self.letters, self.weights))
        return fits and self.possible.is_valid() and 0 < self.unseen <= 1 and self.passages > 0


def shipped(model: str = "") -> Tables:
    """The tables that ship for transcripts by a speech model (``asr_model``).

    For a model without its own, and for transcripts without a model, the general ones, which were learned from
    transcripts by wav2vec2-large-960h.
    """
    return _shipped(_TABLES_OF.get(model, GENERAL))


def has_own_tables(model: str) -> bool:
    """Whether tables ship that were learned from transcripts by this speech model, or one that writes the same."""
    return model in _TABLES_OF


@cache
def _shipped(name: str) -> Tables:
    return Tables.load(SHIPPED / f"{name}.json")
