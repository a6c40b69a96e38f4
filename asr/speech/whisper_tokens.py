"""Whisper's vocabulary: the decoder prompt, and the conversion of tokens to text and words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from asr.errors import ModelUnavailable
from asr.types import Task
from hearsay.text.languages import UNSPACED

LONGEST_CONTEXT: Final = 223
"""Maximum number of tokens of the previous text; the last ones are kept, as in OpenAI's Whisper."""


@dataclass(frozen=True, slots=True)
class TokenSpan:
    """A word and its tokens: those of the transcript from ``first`` up to but not including ``end``."""

    text: str
    first: int
    end: int


class WhisperVocabulary:
    """The tokens of a model; raises `ModelUnavailable` if its ``tokenizer.json`` is not that of a Whisper model."""

    def __init__(self, folder: Path, *, is_multilingual: bool) -> None:
        from tokenizers import Tokenizer

        self._path = folder / "tokenizer.json"
        try:
            self._tokenizer = Tokenizer.from_file(str(self._path))
        except Exception as problem:  # the library raises Exception itself
            raise ModelUnavailable(
                f"{self._path}: not readable as a tokenizer ({problem}); fetch it again."
            ) from problem
        self._start = self._id("<|startoftranscript|>")
        self.end = self._id("<|endoftext|>")
        self._previous = self._id("<|startofprev|>")
        self._no_times = self._id("<|notimestamps|>")
        self._is_multilingual = is_multilingual
        ids = range(self._start + 1, self._id("<|translate|>"))
        self.languages = tuple(self._text_of(number)[2:-2] for number in ids) if is_multilingual else ("en",)

    def start(self, language: str, task: Task = "transcribe") -> list[int]:
        """The start-of-transcript sequence; English-only models have neither language nor task tokens."""
        if not self._is_multilingual:
            return [self._start]
        return [self._start, self._id(f"<|{language}|>"), self._id(f"<|{task}|>")]

    def prompt(self, start: Sequence[int], context: str = "", longest: int = LONGEST_CONTEXT) -> list[int]:
        """The prompt of a transcript without timestamps: ``start``, preceded by ``context`` as the previous text.

        Of the context the last ``longest`` tokens are kept.
        """
        before = self.context(context)[-longest:]
        return [*([self._previous, *before] if before else []), *start, self._no_times]

    def context(self, text: str) -> list[int]:
        """All tokens of a previous text."""
        text = text.strip()
        return list(self._tokenizer.encode(f" {text}", add_special_tokens=False).ids) if text else []

    def text(self, tokens: Sequence[int]) -> str:
        """The text of tokens; bytes that do not form a character become U+FFFD."""
        return b"".join(map(self._bytes_of, tokens)).decode("utf-8", "replace").strip()

    def words(self, tokens: Sequence[int], language: str) -> list[TokenSpan]:
        """The words of a transcript, in `UNSPACED` languages its characters; punctuation belongs to the word beside it.

        Every token is in exactly one span; a transcript without letters and digits has no words.
        """
        spans: list[TokenSpan] = []
        for first, end, text in self._characters(tokens):
            if not spans or text.startswith(" ") or language in UNSPACED:
                spans.append(TokenSpan(text, first, end))
            else:
                spans[-1] = TokenSpan(spans[-1].text + text, spans[-1].first, end)
        return _with_punctuation(spans)

    def _characters(self, tokens: Sequence[int]) -> Iterator[tuple[int, int, str]]:
        """The shortest runs of tokens that form whole characters: first token, the token after the last, and text."""
        first, held = 0, b""
        for number, token in enumerate(tokens, 1):
            held += self._bytes_of(token)
            try:
                text = held.decode("utf-8", "replace" if number == len(tokens) else "strict")
            except UnicodeDecodeError:
                continue
            yield first, number, text
            first, held = number, b""

    def _bytes_of(self, token: int) -> bytes:
        if token >= self.end:  # the first special token
            return b""
        return bytes(map(_byte_values().__getitem__, self._text_of(token)))

    def _text_of(self, token: int) -> str:
        return self._tokenizer.id_to_token(token) or ""

    def _id(self, token: str) -> int:
        found = self._tokenizer.token_to_id(token)
        if found is None:
            raise ModelUnavailable(f"{self._path}: not the tokenizer of a Whisper model, because it lacks {token}.")
        return int(found)


def _with_punctuation(spans: Sequence[TokenSpan]) -> list[TokenSpan]:
    """Spans that contain a letter or digit; others are joined to the previous word, or else to the first one."""
    found: list[TokenSpan] = []
    for span in spans:
        if found and not (_has_letter(span.text) and _has_letter(found[-1].text)):
            found[-1] = TokenSpan(found[-1].text + span.text, found[-1].first, span.end)
        else:
            found.append(span)
    return [TokenSpan(span.text.strip(), span.first, span.end) for span in found if _has_letter(span.text)]


def _has_letter(text: str) -> bool:
    return any(map(str.isalnum, text))


@cache
def _byte_values() -> dict[str, int]:
    """The byte that each character of a byte-level BPE token represents.

    GPT-2's table (``encoder.py``, ``bytes_to_unicode``): printable bytes are themselves, the others follow from U+0100.
    """
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + number): byte for number, byte in enumerate(others)}
