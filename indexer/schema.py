"""The one table of what an index holds: engines make their mappings of it, page and terminal their filters."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from hearsay.records.emotions import EMOTIONS, SENTIMENTS, UNCERTAIN

UNKNOWN: Final = "unknown"
"""The value that stands, in filters and counts, for an empty field."""

Kind = Literal["id", "keyword", "number", "integer", "date", "prose", "tokens", "stored"]
"""``prose`` is text for people who query Elasticsearch by hand; ``tokens`` are split at spaces and nothing else;
``stored`` is kept and given back, but cannot be searched."""


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: Kind
    meaning: str


FIELDS: Final = (
    Field("id", "id", "the passage: the clip's id, and #NUMBER where the clip is cut into several"),
    Field("clip", "keyword", "the clip's id"),
    Field("start", "number", "where in the clip the passage starts, in seconds"),
    Field("end", "number", "where it ends"),
    Field("generated_text", "prose", "the transcript, as the model wrote it"),
    Field("tokens", "tokens", "the transcript's normalised words"),
    Field("stems", "tokens", "their English stems"),
    Field("alternatives", "tokens", "words that the recogniser nearly wrote: WORD_D, D tenths sure, 1 to 9"),
    Field("shortness", "tokens", "10 less the fours of words that were heard, as powers of two that add up to it"),
    Field("text", "prose", "the reference: what the speaker was asked to say"),
    Field("text_tokens", "tokens", "the reference's normalised words"),
    Field("wer", "number", "the transcript's word error rate against the reference"),
    Field("dataset", "keyword", "the collection that the clip belongs to"),
    Field("sentiment", "keyword", "negative, neutral, positive or uncertain"),
    Field("emotion", "keyword", "the granular emotion, or uncertain"),
    Field("emotion_score", "number", "how sure the tagger is, 0..1"),
    Field("emotion_scores", "stored", "the score of every label"),
    Field("age", "keyword", "the speaker's age, as the corpus spells it"),
    Field("gender", "keyword", "the speaker's gender"),
    Field("accent", "keyword", "the speaker's accent, as the corpus spells it"),
    Field("duration", "number", "length of the passage in seconds"),
    Field("confidence", "number", "how sure the recogniser is, 0..1"),
    Field("up_votes", "integer", "listeners who found that the clip says its text"),
    Field("down_votes", "integer", "listeners who did not"),
    Field("asr_model", "keyword", "the model that made the transcript"),
    Field("ser_model", "keyword", "the model that made the emotion"),
    Field("decoded_at", "date", "when the clip was heard"),
    Field("audio_digest", "keyword", "SHA-256 of the audio file"),
    Field("error", "keyword", "why the clip has no transcript, or which pieces of it have none"),
    Field("words", "stored", "words with their times"),
    Field("segments", "stored", "stretches between pauses"),
)
"""Unknown columns of the corpus stand beside these under ``extra``."""

INTEGERS: Final = frozenset(field.name for field in FIELDS if field.kind == "integer")
"""Numbers that are whole."""

FACETS: Final = ("sentiment", "emotion", "age", "gender", "accent", "asr_model")
"""Fields with a few values, counted and filterable, in the order in which people see them."""

RANGES: Final = ("duration", "confidence", "wer")
"""Numbers that can be filtered from and to."""

SORTS: Final = RANGES
"""Numbers that hits can be sorted by."""

_ORDER: Final[Mapping[str, tuple[str, ...]]] = {
    "sentiment": SENTIMENTS,
    "gender": ("female", "male", "other"),
    "age": ("teens", "twenties", "thirties", "fourties", "fifties", "sixties", "seventies", "eighties", "nineties"),
}

# Common Voice's own spellings, shown right and kept raw.
_LABELS: Final[Mapping[str, Mapping[str, str]]] = {
    "age": {"fourties": "forties"},
    "accent": {
        "us": "United States",
        "england": "England",
        "indian": "India and South Asia",
        "australia": "Australia",
        "canada": "Canada",
        "scotland": "Scotland",
        "african": "Southern Africa",
        "newzealand": "New Zealand",
        "ireland": "Ireland",
        "philippines": "Philippines",
        "wales": "Wales",
        "bermuda": "Bermuda and West Indies",
        "malaysia": "Malaysia",
        "singapore": "Singapore",
        "hongkong": "Hong Kong",
        "southatlandtic": "South Atlantic",
    },
}


_KNOWN: Final[Mapping[str, Iterable[str]]] = {**_ORDER, "accent": _LABELS["accent"], "emotion": EMOTIONS}
_VALUES: Final[Mapping[str, Mapping[str, str]]] = {
    facet: {text.casefold(): value for value in values for text in (value, _LABELS.get(facet, {}).get(value, value))}
    for facet, values in _KNOWN.items()
}


def facet_name(facet: str) -> str:
    """What a person calls a facet: ``asr_model`` is "model", since no other model is filtered by."""
    return facet.removeprefix("asr_")


def known_values(facet: str) -> tuple[str, ...]:
    """The values that this table knows of a facet, as corpora spell them."""
    return tuple(_KNOWN[facet])


def facet_label(facet: str, value: str) -> str:
    """How a person reads a facet's value: ``fourties`` is "forties"; a value that needs no help is itself."""
    return _LABELS.get(facet, {}).get(value, value)


def facet_value(facet: str, text: str) -> str:
    """The value that a person means by ``text``, in letters of any size: what `facet_label` shows is ``text`` too.

    A value that this table does not know is taken as it is written.
    """
    return _VALUES.get(facet, {}).get(text.casefold(), UNKNOWN if text.casefold() == UNKNOWN else text)


def facet_order(facet: str, counts: Mapping[str, int]) -> list[str]:
    """The values in the order in which a person expects them.

    Ages by age and sentiments from negative to positive; other facets by falling count, then name; *uncertain* and
    *unknown* last.
    """
    known = _ORDER.get(facet, ())
    return sorted(
        counts,
        key=lambda value: (
            value == UNKNOWN,
            value == UNCERTAIN,
            known.index(value) if value in known else len(known),
            0 if known else -counts[value],
            value,
        ),
    )
