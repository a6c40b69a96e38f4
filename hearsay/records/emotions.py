"""The names of emotions, and the sentiment that each belongs to."""

from typing import Final, Literal

Sentiment = Literal["negative", "neutral", "positive", "uncertain"]

UNCERTAIN: Final = "uncertain"
"""The answer of an emotion model that does not decide; a label and a sentiment."""

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
    "ang": "angry",
    "anger": "angry",
    "hap": "happiness",
    "happy": "happiness",
    "joy": "happiness",
    "neu": "neutral",
    "sad": "sadness",
    "fearful": "fear",
    "disgusted": "disgust",
    "surprised": "surprise",
    "excited": "excitement",
    "frustration": "frustrated",
    "bored": "boredom",
    "other": UNCERTAIN,
    "unknown": UNCERTAIN,
}


def canonical_emotion(label: str) -> str:
    """The field's one name for a model's label: ``"Happy"`` is ``"happiness"``, ``"other"`` is ``"uncertain"``."""
    name = label.strip().lower()
    return _SAME_EMOTION.get(name, name)


def sentiment_of(emotion: str) -> Sentiment:
    """The sentiment of a canonical emotion; ``"uncertain"`` for one that has none."""
    return _SENTIMENT_OF.get(emotion, "uncertain")
