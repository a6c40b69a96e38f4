"""The names of emotions, and the sentiment that each belongs to."""

import re
from typing import Final, Literal

Sentiment = Literal["negative", "neutral", "positive", "uncertain"]

UNCERTAIN: Final = "uncertain"
"""The output of an emotion model that does not decide; both a label and a sentiment."""

SENTIMENTS: Final[tuple[Sentiment, ...]] = ("negative", "neutral", "positive", "uncertain")

_SENTIMENT_OF: Final[dict[str, Sentiment]] = {
    "sadness": "negative",
    "fear": "negative",
    "angry": "negative",
    "disgust": "negative",
    "negative": "negative",
    "frustrated": "negative",
    "boredom": "negative",
    "neutral": "neutral",
    "calm": "neutral",
    "happiness": "positive",
    "surprise": "positive",
    "positive": "positive",
    "excitement": "positive",
}

EMOTIONS: Final = (*_SENTIMENT_OF, UNCERTAIN)
"""Every canonical label."""

# Public checkpoints name the same emotion in many ways; a facet must not list it twice.
_SAME_EMOTION: Final = {
    synonym: emotion
    for emotion, synonyms in {
        "angry": "ang anger",
        "happiness": "hap happy joy joyful happily",
        "neutral": "neu neut neutrality",
        "sadness": "sad",
        "fear": "fea fearful afraid scared anxiety anxious",
        "disgust": "dis disgusted",
        "surprise": "sur surp surprised ps pleasant_surprise pleasant_surprised",
        "excitement": "exc excited enthusiasm enthusiastic",
        "frustrated": "fru frus frustration",
        "boredom": "bor bored",
        "calm": "cal",
        "positive": "pos",
        "negative": "neg",
        UNCERTAIN: "other oth others unknown unk <unk> xxx undefined",
    }.items()
    for synonym in synonyms.split()
}
"""Names in published corpora and checkpoints: CREMA-D, IEMOCAP, RAVDESS, TESS, MELD, emotion2vec."""


def canonical_emotion(label: str) -> str:
    """The field's one name for a model's label: ``"Happy"`` is ``"happiness"``, ``"other"`` is ``"uncertain"``."""
    whole = label.strip().lower()
    # emotion2vec writes each label in Chinese and English, as in 生气/angry.
    name = next((part for part in re.split(r"\s*/\s*", whole) if part in EMOTIONS or part in _SAME_EMOTION), whole)
    name = re.sub(r"[\s-]+", "_", name)
    return _SAME_EMOTION.get(name, name)


def sentiment_of(emotion: str) -> Sentiment:
    """The sentiment of a canonical emotion; ``"uncertain"`` for one that has none."""
    return _SENTIMENT_OF.get(emotion, "uncertain")
