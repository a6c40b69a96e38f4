"""Whether a transcript is of speech at all: Whisper writes something for any sound."""

import math
from typing import Final

from asr.speech.whisper_decoding import Hypothesis

_BIAS: Final = -0.30
_LOG_PROBABILITY: Final = 4.317
_NO_SPEECH: Final = -3.663
_RATE: Final = 2.361
_LEAST: Final = 1e-6
_SHORTEST: Final = 0.2  # seconds
_FASTEST: Final = 25.0  # bytes of letters a second; what is more comes of a loop


IN_DOUBT: Final = 5.0
"""Log odds below which a second window has to agree that somebody spoke."""


def speech_log_odds(hypothesis: Hypothesis, text: str, speech_seconds: float) -> float:
    """The logarithm of the odds that somebody spoke in a window, ``speech_seconds`` of which are not pauses.

    Logistic regression on three signs, none of which is enough: a model that is given noise says that nobody spoke, or
    writes what it finds unlikely, or writes two words for half a minute. The last one counts bytes of letters in UTF-8
    per second, which are about as many in any script. Fitted on 723 transcripts of sounds without speech and on half of
    the clips of Common Voice at hand; docs/recognition.md says which figures are on unseen sounds and clips.
    """
    letters = sum(len(character.encode()) for character in text if character.isalnum())
    if not letters:
        return -math.inf
    odds = max(hypothesis.no_speech, _LEAST) / max(1 - hypothesis.no_speech, _LEAST)
    rate = min(_FASTEST, letters / max(speech_seconds, _SHORTEST))
    signs = _LOG_PROBABILITY * hypothesis.log_probability + _NO_SPEECH * math.log(odds) + _RATE * math.log(rate)
    return _BIAS + signs
