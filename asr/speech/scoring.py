"""Given texts scored against audio: how probable Whisper's decoder finds words in one place of a transcript."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Protocol, TypeGuard

from asr.errors import CannotScore
from asr.speech.rejection import is_loop
from asr.speech.whisper_decoding import LONGEST_WINDOW, EncodedWindow, WhisperEngine
from asr.speech.whisper_tokens import WhisperVocabulary
from asr.types import SAMPLE_RATE, DecodedAudio, Stretch
from hearsay.results.text_scores import TextScore, TextScores, WordsScore
from hearsay.text.languages import UNSPACED
from hearsay.text.normalize import words as normalized_words

MOST_SECONDS: Final = float(LONGEST_WINDOW)
"""Maximum seconds of the stretch that texts are scored against."""

MOST_TOKENS: Final = 224
"""Maximum number of tokens of a text: half of Whisper's text context, as in its transcripts."""

LEAST_TRANSCRIPT: Final = -5.0
"""Mean logarithm of the probability of a transcript's tokens, in nats, below which it does not fit the audio.

Of 1,305 clips of Common Voice with transcripts by wav2vec2-large-960h, 1.9 % are below; of transcripts of other clips,
most."""

_LEAST: Final = 1e-12  # probability of a token, so that logarithms are finite


@dataclass(frozen=True, slots=True, eq=False)
class _Encoded:
    """An encoded stretch of audio, and the tokens that a text of it follows."""

    window: EncodedWindow
    start: list[int]


class ModelThatScores(Protocol):
    """A speech model that scores texts."""

    def scorer(self) -> "TextScorer": ...


def can_score(model: object) -> TypeGuard[ModelThatScores]:
    """Whether a speech model scores texts."""
    return hasattr(model, "scorer")


class TextScorer:
    """Scores texts with a loaded Whisper model; a score depends on the audio and the two texts alone.

    If ``language`` is None, that of each stretch is detected.
    """

    def __init__(self, name: str, engine: WhisperEngine, vocabulary: WhisperVocabulary, language: str | None) -> None:
        self._name, self._engine, self._vocabulary, self._language = name, engine, vocabulary, language

    def score(self, clip: DecodedAudio, transcript: str, texts: Sequence[str]) -> TextScores:
        """Score texts that have other words than the transcript in some place, against at most `MOST_SECONDS` of audio.

        The audio is encoded once. Where the transcript is in one case, all are written as Whisper writes: in lower case
        with a capital at the start. Raises `CannotScore` with the reason if a score would mean nothing: the audio is
        too long or has no speech, the transcript is empty, a repetition loop or does not fit the audio, or a text has
        no other words.
        """
        self._check(clip, transcript)
        in_one_case = transcript in (transcript.lower(), transcript.upper())
        before, *others = (_written(text, in_one_case=in_one_case) for text in (transcript, *texts))
        (window,) = self._engine.encode([clip.waveform], self._engine.window_for(len(clip.waveform)))
        stretch = _Encoded(window, self._start(window))
        known = self._log_probabilities(stretch, before)
        mean = _total(known) / sum(map(len, known))
        if mean < LEAST_TRANSCRIPT:
            raise CannotScore("The transcript does not fit the audio, so any text seems better; transcribe it again.")
        found = tuple(self._compared(stretch, before, known, after) for after in others)
        return TextScores(self._name, _rounded(mean), found)

    def _compared(
        self, stretch: _Encoded, before: Sequence[str], known: Sequence[Sequence[float]], after: Sequence[str]
    ) -> TextScore:
        """The score of a text with its own words as they are, or with capitals as names have: the more probable."""
        changes = _changes(before, after)
        placed = [number for _, place in changes for number in range(*place)]
        if not placed:
            raise CannotScore(f"“{' '.join(after)}” has no word that the transcript lacks there; send another text.")
        capitals = [word[:1].upper() + word[1:] if number in placed else word for number, word in enumerate(after)]
        forms = [after] if capitals == after else [after, capitals]
        own = max((self._log_probabilities(stretch, words) for words in forms), key=_total)
        replaced = [known[number] for place, _ in changes for number in range(*place)]
        return TextScore(
            _rounded(_total(own) - _total(known)),
            _score_of([own[number] for number in placed]),
            _score_of(replaced) if replaced else None,
        )

    def _check(self, clip: DecodedAudio, transcript: str) -> None:
        words = normalized_words(transcript)
        if len(clip.waveform) > MOST_SECONDS * SAMPLE_RATE:
            raise CannotScore(f"{clip.name} is longer than {MOST_SECONDS:g} s; name a start and an end in it.")
        if not clip.stretches:
            raise CannotScore(f"{clip.name} has no speech in this place, so texts cannot be scored against it.")
        if not words:
            raise CannotScore("The transcript has no words, so there is nothing to compare texts with.")
        if is_loop(words):
            raise CannotScore("The transcript is a repetition loop, so any text seems better; transcribe it again.")

    def _start(self, window: EncodedWindow) -> list[int]:
        language = self._language or self._engine.languages([window])[0][0]
        if language in UNSPACED:
            raise CannotScore("Texts in languages without spaces between words cannot be scored.")
        return self._vocabulary.start(language)

    def _log_probabilities(self, stretch: _Encoded, words: Sequence[str]) -> list[list[float]]:
        """The logarithms of the probabilities of each word's tokens."""
        tokens = [self._vocabulary.context(word) for word in words]
        flat = [token for those in tokens for token in those]
        if len(flat) > MOST_TOKENS:
            raise CannotScore(f"A text has {len(flat)} tokens, more than {MOST_TOKENS}; send a shorter stretch.")
        found = iter(self._engine.align(stretch.window, stretch.start, flat).probabilities)
        return [[math.log(max(_LEAST, next(found))) for _ in those] for those in tokens]


def _changes(before: Sequence[str], after: Sequence[str]) -> list[tuple[Stretch, Stretch]]:
    """Where two texts differ: of each place, first word and the one after the last, in both; compared as in search."""
    old, new = (["".join(normalized_words(word)) for word in those] for those in (before, after))
    found = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [((one[1], one[2]), (one[3], one[4])) for one in found if one[0] != "equal"]


def _written(text: str, *, in_one_case: bool) -> list[str]:
    """The words of a text as Whisper writes them: where they are in one case, in lower case, with capitals for I and at
    the start.
    """
    words = text.split()
    if in_one_case and words:
        words = ["I" + word[1:] if word == "i" or word.startswith("i'") else word for word in map(str.lower, words)]
        words[0] = words[0][:1].upper() + words[0][1:]
    return words


def _score_of(words: Sequence[Sequence[float]]) -> WordsScore:
    figures = [figure for word in words for figure in word]
    return WordsScore(_rounded(math.fsum(figures) / len(figures)), _rounded(min(figures)))


def _rounded(figure: float) -> float:
    """As in replies of the API, so that both are equal."""
    return round(figure, 4)


def _total(words: Sequence[Sequence[float]]) -> float:
    return math.fsum(map(math.fsum, words))
