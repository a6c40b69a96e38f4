"""Text normalisation, shared by search, highlighting and scoring."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final, Literal

from hearsay.text.characters import AROUND_WORDS, EMOJI, EMOJI_TAGS, FLAG_LETTERS, IGNORED, STACKING, UNSPACED, mark

LONGEST_TOKEN: Final = 127
"""Maximum characters of one token; Lucene's tokenizers would split at 255 UTF-16 units, and tantivy's would not."""

Kind = Literal["word", "unspaced", "emoji"]
"""What a run consists of: a word, characters of a script without spaces, or neighbouring emoji."""

Span = tuple[str, int, int]
"""A token, and the start and end of the characters that it comes from."""

_ASCII_TOKEN: Final = re.compile(r"[a-z0-9]+")
_DROPPED: Final = dict.fromkeys(map(ord, IGNORED)) | {ord("_"): " "}
_FOLDED: Final = _DROPPED | {ord("ı"): "i"}  # Turkish I and ı are one letter, and I could be either
_DOTTED: Final = "i\u0307"  # what case folding makes of Turkish İ
_JOINER: Final = "\u200d"

_UNSPACED: Final = re.compile(f"[{UNSPACED}]")
_HALF_FLAG: Final = re.compile(f"[{FLAG_LETTERS}]")
_EMOJI_TAG: Final = re.compile(f"[{EMOJI_TAGS}]")
_EMOJI: Final = re.compile(f"[{FLAG_LETTERS}]{{1,2}}|[{EMOJI}][{EMOJI_TAGS}]*")


@cache
def _run_pattern() -> re.Pattern[str]:
    """Letters, digits and marks, beginning with a letter or digit; or neighbouring emoji."""
    return re.compile(rf"\w+(?:{mark()}+\w*)*|(?P<emoji>[{EMOJI}{FLAG_LETTERS}][{EMOJI}{FLAG_LETTERS}{EMOJI_TAGS}]*)")


@cache
def _script_pattern() -> re.Pattern[str]:
    """The parts of a run of letters: of scripts without spaces, and of others. None of them starts with a mark."""
    return re.compile(
        rf"(?P<unspaced>[{UNSPACED}](?:[{UNSPACED}]|{mark()})*)|[^{UNSPACED}]+(?:{mark()}+[^{UNSPACED}]*)*"
    )


@cache
def _grapheme_pattern() -> re.Pattern[str]:
    """A letter with its marks, and with the letters that are stacked below it."""
    return re.compile(rf".(?:[{STACKING}].|{mark()})*")


def _normalized(text: str) -> str:
    """The text in NFKC, with its case folded, and without ignored characters; underscores are spaces."""
    if text.isascii():
        return text.lower().translate(_DROPPED)
    # Ignored characters are removed before NFKC, which decomposes some of them, and after it, since it creates some.
    compatible = unicodedata.normalize("NFKC", text.translate(_DROPPED))
    if compatible.isascii():  # it had typographic apostrophes only
        return compatible.lower().translate(_DROPPED)
    folded = compatible.casefold().translate(_FOLDED).replace(_DOTTED, "i")
    return unicodedata.normalize("NFKC", folded)


def _runs(normalized: str) -> Iterator[tuple[str, Kind, int]]:
    """The runs of a normalised text in order, with their kind and their start."""
    if normalized.isascii():
        yield from ((run.group(), "word", run.start()) for run in _ASCII_TOKEN.finditer(normalized))
        return
    is_spaced = not _UNSPACED.search(normalized)
    for run in _run_pattern().finditer(normalized):
        if run["emoji"]:
            yield run.group(), "emoji", run.start()
        elif is_spaced:
            yield run.group(), "word", run.start()
        else:
            for part in _script_pattern().finditer(run.group()):
                yield part.group(), "unspaced" if part["unspaced"] else "word", run.start() + part.start()


def _parts(run: str, kind: Kind) -> list[tuple[int, int]]:
    """Where the tokens of a run start and end in it."""
    match kind:
        case "word":
            return [(0, min(len(run), LONGEST_TOKEN))]
        case "unspaced":
            return [(at, min(at + 2, len(run))) for at in range(max(1, len(run) - 1))]
        case "emoji":
            return [one.span() for one in _EMOJI.finditer(run)]


def is_unspaced(text: str) -> bool:
    """Whether a text contains a script without spaces between words, or Korean."""
    return not text.isascii() and any(kind == "unspaced" for _, kind, _ in _runs(_normalized(text)))


def tokens(text: str) -> list[str]:
    """The tokens of a text that a search engine indexes, in order.

    NFKC with folded case, without apostrophes and optional marks. Tokens are emoji, and runs of letters, marks and
    digits that start with a letter or digit, at most `LONGEST_TOKEN` characters of each. Runs of Chinese, Japanese,
    Korean, Thai, Lao, Burmese, Khmer and Tibetan become bigrams of characters (a single character stays).
    """
    normalized = _normalized(text)
    if normalized.isascii():
        return [run[:LONGEST_TOKEN] for run in _ASCII_TOKEN.findall(normalized)]
    return [run[start:end] for run, kind, _ in _runs(normalized) for start, end in _parts(run, kind)]


def token_runs(text: str) -> list[list[str]]:
    """The `tokens` of a text by run: one for a word, several for a script without spaces and for neighbouring emoji."""
    return [[run[start:end] for start, end in _parts(run, kind)] for run, kind, _ in _runs(_normalized(text))]


def are_overlapping(before: str, token: str) -> bool:
    """Whether two neighbouring tokens may be bigrams of one run that share a character."""
    return len(before) == len(token) == 2 and before[1] == token[0] and bool(_UNSPACED.match(token))


def token_spans(text: str) -> list[Span]:
    """The `tokens` of a text, each with where it is in the text: always whole characters, as a reader sees them."""
    origins: list[tuple[int, int]] = []
    normalized = ""
    for start, end in _characters(text):
        piece = _normalized(text[start:end])
        normalized += piece
        origins += [(start, end)] * len(piece)
    return [
        (
            run[start:end],
            origins[at + start][0],
            _trimmed(text, *origins[at + (len(run) if kind == "word" else end) - 1]),
        )
        for run, kind, at in _runs(normalized)
        for start, end in _parts(run, kind)
    ]


def _trimmed(text: str, start: int, end: int) -> int:
    """The end of a character without the ignored ones behind it, such as a quote."""
    while end > start + 1 and text[end - 1] in AROUND_WORDS:
        end -= 1
    return end


def _characters(text: str) -> Iterator[tuple[int, int]]:
    """Where characters start and end, as a reader sees them: with all that joins them or is ignored behind them."""
    start = 0
    for at in range(1, len(text)):
        if not _joins(text[start:at], text[at]):
            yield start, at
            start = at
    if text:
        yield start, len(text)


@lru_cache(maxsize=50_000)
def _joins(whole: str, part: str) -> bool:
    """Whether ``part`` continues the character ``whole``: it cannot stand alone, or both are normalised as one."""
    if part.isascii():
        return part in IGNORED
    if whole[-1] in STACKING or part in IGNORED or unicodedata.category(part).startswith("M") or _EMOJI_TAG.match(part):
        return True
    if _EMOJI.match(part):
        is_flag = _HALF_FLAG.fullmatch(whole) and _HALF_FLAG.fullmatch(part)
        return bool(is_flag or (whole.endswith(_JOINER) and _EMOJI.match(whole)))
    return _normalized(whole + part) != _normalized(whole) + _normalized(part)


def words(text: str) -> list[str]:
    """The words for word error rate: like `tokens`, but without emoji, and with single characters of scripts without
    spaces, each with its marks.
    """
    found: list[str] = []
    for run, kind, _ in _runs(_normalized(text)):
        if kind == "word":
            found.append(run)
        elif kind == "unspaced":
            found += _grapheme_pattern().findall(run)
    return found
