"""Classes of characters for `hearsay.text.normalize`, as contents of a regular expression's brackets."""

import re
import sys
import unicodedata
from functools import cache
from typing import Final

UNSPACED: Final = (
    "\u1100-\u11ff\u3005\u3007\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese, Japanese, Korean
    "\u0e00-\u0fff\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f\u1780-\u17ff"  # Thai, Lao, Tibetan, Burmese, Khmer
)
"""Scripts without spaces between words; and Korean, whose spaces are not used consistently."""

STACKING: Final = "\u1039\u17d2"
"""Marks of Burmese and Khmer that put the next letter below the previous one."""

FLAG_LETTERS: Final = "\U0001f1e6-\U0001f1ff"
"""Two of them are a flag."""

EMOJI: Final = (
    "\u231a\u231b\u2328\u23cf\u23e9-\u23f3\u23f8-\u23fa\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2604\u260e\u2611"
    "\u2614\u2615\u2618\u261d\u2620\u2622\u2623\u2626\u262a\u262e\u262f\u2638-\u263a\u2640\u2642\u2648-\u2653\u265f"
    "\u2660\u2663\u2665\u2666\u2668\u267b\u267e\u267f\u2692-\u2697\u2699\u269b\u269c\u26a0\u26a1\u26a7\u26aa\u26ab\u26b0"
    "\u26b1\u26bd\u26be\u26c4\u26c5\u26c8\u26ce\u26cf\u26d1\u26d3\u26d4\u26e9\u26ea\u26f0-\u26f5\u26f7-\u26fa\u26fd\u2702"
    "\u2705\u2708-\u270d\u270f\u2712\u2714\u2716\u271d\u2721\u2728\u2733\u2734\u2744\u2747\u274c\u274e\u2753-\u2755\u2757"
    "\u2763\u2764\u2795-\u2797\u27a1\u27b0\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55"
    "\U0001f004\U0001f0cf\U0001f170\U0001f171\U0001f17e\U0001f17f\U0001f18e\U0001f191-\U0001f19a\U0001f300-\U0001faff"
)
"""Unicode's emoji (``emoji-data.txt``, property Emoji) without digits, flags, and those that NFKC makes letters or
punctuation. The last range includes planned ones."""

EMOJI_TAGS: Final = "\U000e0020-\U000e007f"
"""They make the flag of a region, such as Scotland, of a black flag."""


@cache
def mark() -> str:
    """The pattern of one combining mark.

    Those beyond U+FFFF are behind a guard, because Python compares a character with each of their ranges in turn.
    """
    every = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)).startswith("M")]
    near, far = ("".join(re.escape(one) for one in every if (one > "\uffff") is is_far) for is_far in (False, True))
    return rf"(?:[{near}]|(?![\0-\uffff])[{far}])"


def _between(*ranges: tuple[int, int]) -> str:
    return "".join(chr(code) for first, last in ranges for code in range(first, last + 1))


_APOSTROPHES: Final = (
    "'\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u2018\u2019\u201b\u2032\u0060\u00b4\u1ffd\u055a\ua78b\ua78c\u05f3\u05f4"
)
_INVISIBLE: Final = _between(  # they occur inside words: soft hyphens, joiners, signs of direction
    (0x00AD, 0x00AD), (0x061C, 0x061C), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2060), (0x2066, 0x2069),
    (0xFEFF, 0xFEFF),
)  # fmt: skip
_HEBREW_POINTS: Final = _between((0x591, 0x5BD), (0x5BF, 0x5BF), (0x5C1, 0x5C2), (0x5C4, 0x5C5), (0x5C7, 0x5C7))
_ARABIC_VOWELS: Final = _between(  # and signs for reciting; not hamza and madda, which belong to the spelling
    (0x610, 0x61A), (0x64B, 0x652), (0x656, 0x65F), (0x670, 0x670), (0x6D6, 0x6DC), (0x6DF, 0x6E4), (0x6E7, 0x6E8),
    (0x6EA, 0x6ED), (0x8D3, 0x8E1), (0x8E3, 0x8FF),
)  # fmt: skip
_TATWEEL: Final = "\u0640"
_TSHEG: Final = "\u0f0b\u0f0c"  # they separate the syllables of Tibetan
_VARIANTS: Final = _between((0xFE00, 0xFE0F), (0xE0100, 0xE01EF), (0x20E3, 0x20E3), (0x1F3FB, 0x1F3FF))
"""They choose a form of the previous character: a black or a red heart, a digit on a key, a skin tone."""

IGNORED: Final = frozenset(_APOSTROPHES + _INVISIBLE + _HEBREW_POINTS + _ARABIC_VOWELS + _TATWEEL + _TSHEG + _VARIANTS)
"""Characters inside words that do not make them other words."""

AROUND_WORDS: Final = frozenset(_APOSTROPHES + _INVISIBLE + _TSHEG)
"""Those of `IGNORED` that may also be around a word, as quotes."""
