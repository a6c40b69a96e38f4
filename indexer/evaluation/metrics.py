"""Asking the questions: the seam to whatever answers, what each answer is worth, and who may answer what."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Final

from hearsay.records.clip import ClipRow
from hearsay.text.normalize import tokens
from indexer.evaluation.query_sampling import FREQUENT, Question

FIRST: Final = 10
"""Hits that are looked at."""

Ask = Callable[[str, str], Sequence[str]]
"""What a person types and the mode, to the clips of the first ten hits, best first."""

Fit = Callable[[Sequence[ClipRow]], Ask]
"""An `Ask` over the one index, by tables that were learned on these rows."""

Answers = Callable[[Question], Ask]
"""Who answers a question."""

FIGURES: Final = ("success@10", "mrr@10", "zero_hits")
FREQUENT_FIGURES: Final = ("precision@10",)

Measures = Sequence[Sequence[float]]
"""For each question, in their order, its figures: `FIGURES`, of a frequent word `FREQUENT_FIGURES`."""


def measured(questions: Sequence[Question], ask_for: Answers, mode: str, step: Callable[[], None]) -> Measures:
    """Every question asked in a mode; one that was drawn several times is asked once."""
    asked: dict[tuple[Ask, str], Sequence[str]] = {}
    found = []
    for question in questions:
        key = ask_for(question), question.typed
        if key not in asked:
            asked[key] = key[0](question.typed, mode)
        found.append(measure(question, asked[key]))
        step()
    return found


def measure(question: Question, hits: Sequence[str]) -> tuple[float, ...]:
    """The figures of one answer."""
    if question.kind == FREQUENT:
        return (len(question.right & set(hits[:FIRST])) / min(FIRST, len(question.right)),)
    rank = next((rank for rank, clip in enumerate(hits[:FIRST], 1) if clip in question.right), None)
    return float(rank is not None), 1 / rank if rank else 0.0, float(not hits)


def cross_fitted(rows: Sequence[ClipRow], fit: Fit) -> Answers:
    """Answers a question by what was learned on that half of the different sentences that its own is not among.

    A frequent word is in no one sentence and is answered by either half.
    """
    first, second = halves(rows)
    asks = fit(second), fit(first)
    half_of = {row.id: half for half, part in enumerate((first, second)) for row in part}

    def ask_for(question: Question) -> Ask:
        if (half := half_of.get(question.source)) is None:
            half = Random(question.source).randrange(2)  # noqa: S311 – drawn for figures, not for secrets
        return asks[half]

    return ask_for


def halves(rows: Iterable[ClipRow]) -> tuple[list[ClipRow], list[ClipRow]]:
    """The rows in two parts, so that no sentence is in both; always the same for the same rows."""
    by_sentence: defaultdict[str, list[ClipRow]] = defaultdict(list)
    for row in rows:
        by_sentence[" ".join(tokens(row.text))].append(row)
    sentences = sorted(by_sentence)
    Random("halves").shuffle(sentences)  # noqa: S311 – drawn for figures, not for secrets
    middle = len(sentences) // 2
    first, second = (
        [row for sentence in part for row in by_sentence[sentence]] for part in (sentences[:middle], sentences[middle:])
    )
    return first, second
