"""A generated corpus: sentences of real words, and transcripts that confuse v with w and th with d, and split words."""

import random

from hearsay.records.clip import ClipRow

NOUNS = (
    "vase", "village", "valley", "vinegar", "velvet", "voyage", "victory", "vulture", "vehicle", "vampire",
    "feather", "leather", "weather", "brother", "mother", "father", "thunder", "throat", "thread", "thimble",
    "blacksmith", "rainbow", "sunflower", "teacup", "railway", "boy", "garden", "window", "river", "mountain",
)  # fmt: skip
VERBS = ("broke", "painted", "carried", "watched", "remembered", "forgot", "followed", "measured", "repaired", "sold")
SPLIT = {
    "blacksmith": "black smith", "rainbow": "rain bow", "sunflower": "sun flower", "teacup": "tea cup",
    "railway": "rail way",
}  # fmt: skip


def misrecognised(word: str) -> str:
    return SPLIT.get(word) or word.replace("v", "w").replace("th", "d")


def rows(number: int = 300, seed: int = 2, share: float = 0.5) -> list[ClipRow]:
    """Clips in which this ``share`` of the affected words is misrecognised, with a speaker's accent and a length."""
    chance = random.Random(seed)
    made = []
    for at in range(number):
        reference = ["the", chance.choice(NOUNS), chance.choice(VERBS), "a", chance.choice(NOUNS)]
        recognised = [misrecognised(word) if chance.random() < share else word for word in reference]
        made.append(ClipRow(f"made/{at:04}.mp3", text=" ".join(reference), generated_text=" ".join(recognised).upper()))
    return made
