"""English stems, so that "running" is found where "runs" was asked for."""

from functools import lru_cache
from threading import Lock

import snowballstemmer

_ENGLISH = snowballstemmer.stemmer("english")
_ONE_AT_A_TIME = Lock()  # the stemmer keeps the word that it works on in itself


@lru_cache(maxsize=200_000)
def stem(token: str) -> str:
    """The snowball (Porter 2) stem of one normalised token; words of other languages mostly stay as they are."""
    with _ONE_AT_A_TIME:
        return str(_ENGLISH.stemWord(token))
