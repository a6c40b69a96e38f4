"""The table of the index's fields: both engines derive their mappings from it, the page and the terminal their
filters.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from hearsay.corpora import values
from hearsay.records.emotions import EMOTIONS, SENTIMENTS, UNCERTAIN

UNKNOWN: Final = values.UNKNOWN
"""The value of an empty field, in filters and counts."""

Kind = Literal["id", "keyword", "values", "number", "integer", "date", "prose", "tokens", "stored"]
"""``values`` are any number of keywords, derived from a cell; ``prose`` is text for people who query Elasticsearch
directly; ``tokens`` are separated by single spaces; ``stored`` is stored and returned, but cannot be searched."""

VALUE_FACETS: Final = tuple(values.VALUES)
"""Facets whose values corpora spell in different ways, and may have several of in one cell."""

VALUE_KEYS: Final = "value_keys"
"""The field of all keys by which the values of `VALUE_FACETS` are found."""

TEXT_KEY: Final = "text_key"
"""The field that clips with the same reference have in common."""


FURTHER_STEMS: Final = "further_stems"
"""The field of the stems by which words are found that only further transcripts have."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the index: its name, how engines store it, and what it holds.

    ``since`` is the version of the documents that introduced it.
    """

    name: str
    kind: Kind
    meaning: str
    since: int = 7


FIELDS: Final = (
    Field("id", "id", "the passage: the clip's id, with #NUMBER if the clip is divided into several"),
    Field("clip", "keyword", "the clip's id"),
    Field("start", "number", "where in the clip the passage starts, in seconds"),
    Field("end", "number", "where it ends, in seconds"),
    Field("generated_text", "prose", "the transcript, as the model wrote it"),
    Field("tokens", "tokens", "the transcript's normalised words"),
    Field("stems", "tokens", "their English stems"),
    Field("alternatives", "tokens", "alternatives of the speech model: WORD_D, where D is its confidence in tenths"),
    Field("shortness", "tokens", "10 minus the number of words / 4, as the powers of two that add up to it"),
    Field("text", "prose", "the reference: what the speaker was asked to say"),
    Field("text_tokens", "tokens", "the reference's normalised words"),
    Field(TEXT_KEY, "values", "a digest of the reference's normalised words; none for parts of a recording"),
    Field("wer", "number", "the transcript's word error rate against the reference"),
    Field("dataset", "keyword", "the collection that the clip belongs to"),
    Field("sentiment", "keyword", "negative, neutral, positive or uncertain"),
    Field("emotion", "keyword", "the granular emotion, or uncertain"),
    Field("emotion_score", "number", "probability of the emotion, 0..1"),
    Field("emotion_scores", "stored", "probability of every label"),
    Field("age", "keyword", "the speaker's age, as the corpus spells it"),
    Field("gender", "keyword", "the speaker's gender"),
    Field("accent", "keyword", "the speaker's accent, as the corpus spells it"),
    Field("split", "keyword", "the parts of the corpus that the clip is in: train, dev, test, …"),
    Field("speaker", "keyword", "the speaker's id in the corpus"),
    *(Field(f"{facet}_values", "values", f"the values of {facet} that are counted") for facet in VALUE_FACETS),
    Field(VALUE_KEYS, "values", f"FACET=KEY for all values of {', '.join(VALUE_FACETS)}"),
    Field("duration", "number", "length of the passage in seconds"),
    Field("language", "keyword", "the language of the transcript, as a code such as en"),
    Field("language_probability", "number", "probability of the language, 0..1, if the model detected it"),
    Field("confidence", "number", "confidence of the speech model, 0..1"),
    Field("up_votes", "integer", "number of listeners who confirmed that the recording matches its sentence"),
    Field("down_votes", "integer", "number of listeners who rejected it"),
    Field("asr_model", "keyword", "the speech model that made the transcript"),
    Field("ser_model", "keyword", "the emotion model that predicted the emotion"),
    Field("decoded_at", "date", "when the clip was transcribed"),
    Field("audio_digest", "keyword", "SHA-256 of the audio file"),
    Field("error", "keyword", "why the clip has no transcript, or which parts of it have none"),
    Field("words", "stored", "words with their times"),
    Field("segments", "stored", "segments between pauses"),
    Field("transcripts", "stored", "transcripts by further speech models", 8),
    Field(FURTHER_STEMS, "tokens", "stems of words in further transcripts that the transcript lacks", 8),
    Field("agreement", "number", "how far the second transcript agrees with the first, 0..1", 8),
)
"""Unknown columns of the corpus are stored in addition, under ``extra``."""

INTEGERS: Final = frozenset(field.name for field in FIELDS if field.kind == "integer")
"""Number fields that hold integers."""

FACETS: Final = (*("sentiment", "emotion", "age", "gender", "accent", "split", "speaker", "language", "asr_model"),)
"""Fields with few values, which can be counted and filtered, in the order in which people see them."""

RANGES: Final = ("duration", "confidence", "wer", "agreement")
"""Number fields that can be filtered by a range."""

SORTS: Final = RANGES
"""Number fields that hits can be sorted by."""

_ORDER: Final[Mapping[str, tuple[str, ...]]] = {
    "sentiment": SENTIMENTS,
    **{facet: values.known_values(facet) for facet in ("gender", "age", "split")},
}
_KNOWN: Final[Mapping[str, Iterable[str]]] = {
    **{facet: values.known_values(facet) for facet in values.VALUES},
    "sentiment": SENTIMENTS,
    "emotion": EMOTIONS,
}


def facet_name(facet: str) -> str:
    """The name of a facet for people: ``model`` for ``asr_model``, since no other model can be filtered by."""
    return facet.removeprefix("asr_")


def known_values(facet: str) -> tuple[str, ...]:
    """The values of a facet that this table lists, as corpora spell them."""
    return tuple(_KNOWN[facet])


def facet_label(facet: str, value: str) -> str:
    """The label of a facet's value, or of a corpus's cell: "forties" for ``fourties``; most are their own label."""
    return values.label(facet, value) or value if facet in VALUE_FACETS else value


def facet_value(facet: str, text: str) -> str:
    """The value that ``text`` means in a facet, ignoring case.

    A value that no table lists is returned unchanged.
    """
    folded = values.fold(text)
    if folded == UNKNOWN:
        return UNKNOWN
    found = values.key(facet, text) if facet in VALUE_FACETS else folded
    return found if found in _KNOWN.get(facet, ()) else text


def counted_in(facet: str) -> str:
    """The field in which the values of a facet are counted."""
    return f"{facet}_values" if facet in VALUE_FACETS else facet


def value_key(facet: str, text: str) -> str:
    """The token in the field `VALUE_KEYS` of passages with this value of one of `VALUE_FACETS`, however spelled."""
    return f"{facet}={values.key(facet, text)}"


def merged_counts(facet: str, counts: Mapping[str, int]) -> dict[str, int]:
    """The counts of a facet, with spellings that differ only in case as one value: the most frequent spelling."""
    if facet not in VALUE_FACETS:
        return dict(counts)
    found: dict[str, tuple[str, int]] = {}
    for value, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        folded = values.key(facet, value)
        first, before = found.get(folded, (value, 0))
        found[folded] = first, before + count
    return dict(found.values())


def has_known_values(counts: Mapping[str, int]) -> bool:
    """Whether a facet with these counts has another value than *unknown*; without one it only takes space."""
    return bool(counts.keys() - {UNKNOWN})


def facet_order(facet: str, counts: Mapping[str, int]) -> list[str]:
    """The values in the order in which people expect them.

    Ages ascending and sentiments from negative to positive; other facets by descending count, then by name; *uncertain*
    and *unknown* last.
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
