"""Given texts scored against a recording: how probable a speech model finds them, compared with the transcript."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WordsScore:
    """The logarithms of the probabilities of some words, given the audio and the words before: ``mean`` and ``least``
    of their tokens, in nats.
    """

    mean: float
    least: float


@dataclass(frozen=True, slots=True)
class TextScore:
    """A text compared with the transcript.

    ``difference`` is the logarithm of the probability of the whole text minus that of the transcript, in nats.
    ``placed`` are the words of the text that the transcript lacks in this place, and ``replaced`` those that the
    transcript has instead, None if it has none.
    """

    difference: float
    placed: WordsScore
    replaced: WordsScore | None


@dataclass(frozen=True, slots=True)
class TextScores:
    """The scores of texts in their order, by a speech model.

    ``transcript`` is the mean logarithm of the probability of the transcript's tokens, in nats.
    """

    model: str
    transcript: float
    texts: tuple[TextScore, ...]
