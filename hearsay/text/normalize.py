"""Text normalisation, shared by search, highlighting and scoring."""

import re
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Final

LONGEST_TOKEN: Final = 127
"""Maximum characters of one token; Lucene's tokenizers would split at 255 UTF-16 units, and tantivy's would not."""

_ASCII_TOKEN: Final = re.compile(r"[a-z0-9]+")
_APOSTROPHES: Final = "'\u2018\u2019\u02bc\u02b9\u0060\u00b4\u1ffd\u2032"
# Joiners and soft hyphens are invisible and occur inside words, above all in Hindi.
_DROPPED: Final = dict.fromkeys(map(ord, _APOSTROPHES + "\u200c\u200d\u00ad\u2060\ufeff"))
_CJK: Final = (
    "\u1100-\u11ff\u3005\u3007\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)


@cache
def _token_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A run of letters, marks and digits; and the same, divided into CJK and other runs."""
    marks = "".join(
        re.escape(chr(code)) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)).startswith("M")
    )
    run = re.compile(rf"(?:[^\W_]|[{marks}])+")
    script = re.compile(rf"(?P<cjk>[{_CJK}{marks}]*[{_CJK}][{_CJK}{marks}]*)|(?P<other>[^{_CJK}]+)")
    return run, script


def _ascii_runs(text: str) -> list[str]:
    return _ASCII_TOKEN.findall(text.lower().translate(_DROPPED))


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """Runs of letters, marks and digits in order, each with whether it is Chinese, Japanese or Korean."""
    if text.isascii():
        yield from ((run, False) for run in _ascii_runs(text))
        return
    run_pattern, script_pattern = _token_patterns()
    # Ignored characters are removed before NFKC, which decomposes some of them, and after it, since it creates some.
    compatible = unicodedata.normalize("NFKC", text.translate(_DROPPED))
    for run in run_pattern.findall(unicodedata.normalize("NFKC", compatible.lower().translate(_DROPPED))):
        for part in script_pattern.finditer(run):
            yield part.group(), part.lastgroup == "cjk"


def has_cjk(text: str) -> bool:
    """Whether a text contains Chinese, Japanese or Korean."""
    return not text.isascii() and any(is_cjk for _, is_cjk in _runs(text))


def tokens(text: str) -> list[str]:
    """The tokens of a text that a search engine indexes, in order.

    NFKC, lower case, apostrophes dropped; tokens are runs of letters, marks and digits, at most `LONGEST_TOKEN`
    characters of each. Runs of Chinese, Japanese and Korean become character bigrams (a single character stays).
    """
    if text.isascii():  # as token_runs does, at twice its speed
        return [run[:LONGEST_TOKEN] for run in _ascii_runs(text)]
    return [token for run in token_runs(text) for token in run]


def token_runs(text: str) -> list[list[str]]:
    """The `tokens` of a text by run: one for a word, bigrams for Chinese, Japanese or Korean."""
    return [
        [run[at : at + 2] for at in range(len(run) - 1)] if is_cjk and len(run) > 1 else [run[:LONGEST_TOKEN]]
        for run, is_cjk in _runs(text)
    ]


def words(text: str) -> list[str]:
    """The words for word error rate: like `tokens`, but Chinese, Japanese and Korean as single characters."""
    found: list[str] = []
    for run, is_cjk in _runs(text):
        found += run if is_cjk else (run,)
    return found
