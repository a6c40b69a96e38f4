"""Rejection of Whisper's transcripts: of audio without speech, and of a decoder in a repetition loop."""

import math
import zlib
from collections.abc import Sequence
from typing import Final

from asr.speech.whisper_decoding import Hypothesis

IN_DOUBT: Final = 5.0
"""Log odds of speech below which a second window has to confirm it."""

_BIAS: Final = -0.30
_LOG_PROBABILITY: Final = 4.317
_NO_SPEECH: Final = -3.663
_RATE: Final = 2.361
_LEAST: Final = 1e-6
_SHORTEST: Final = 0.2  # seconds
_FASTEST: Final = 25.0  # bytes of letters per second; more are the result of a loop

MOST_COMPRESSION: Final = 2.4
"""Compression ratio (zlib) above which a text counts as repetitive; OpenAI's decoder has the same limit."""

_RUN: Final = 3  # tokens of a run that a sentence rarely contains twice


def speech_log_odds(hypothesis: Hypothesis, text: str, speech_seconds: float) -> float:
    """The logarithm of the odds that there was speech in a window, ``speech_seconds`` of which are not pauses.

    Logistic regression on three features, none of which is sufficient: for noise, a model reports no speech, gives a
    transcript of low probability, or writes two words for half a minute. The third feature is the number of UTF-8 bytes
    of letters per second, which is similar in all scripts. Fitted on 723 transcripts of sounds without speech and on
    half of the available clips of Common Voice; docs/recognition.md states which figures are on unseen sounds and
    clips.
    """
    letters = sum(len(character.encode()) for character in text if character.isalnum())
    if not letters:
        return -math.inf
    odds = max(hypothesis.no_speech, _LEAST) / max(1 - hypothesis.no_speech, _LEAST)
    rate = min(_FASTEST, letters / max(speech_seconds, _SHORTEST))
    signs = _LOG_PROBABILITY * hypothesis.log_probability + _NO_SPEECH * math.log(odds) + _RATE * math.log(rate)
    return _BIAS + signs


def repeats_tokens(tokens: Sequence[int]) -> bool:
    """Whether a run of three tokens occurs twice, as also in some real sentences: a reason to decode again."""
    runs = [tuple(tokens[first : first + _RUN]) for first in range(len(tokens) - _RUN + 1)]
    return len(set(runs)) < len(runs)


def is_loop(words: Sequence[str]) -> bool:
    """Whether words are those of a decoder in a repetition loop.

    Three or more words occur twice in a row, or one or two four times in a row, which no reference of Common Voice's
    validated clips has; or the text compresses beyond `MOST_COMPRESSION`.
    """
    for length in range(1, len(words) // 2 + 1):
        times = 2 if length >= _RUN else 4
        for first in range(len(words) - times * length + 1):
            unit = list(words[first : first + length])
            if list(words[first : first + times * length]) == unit * times:
                return True
    return compression(" ".join(words)) > MOST_COMPRESSION


def compression(text: str) -> float:
    """The compression ratio of a text: its UTF-8 bytes divided by those of its zlib form; 0 for an empty text."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) if raw else 0.0
