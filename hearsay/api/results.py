"""The results of a search from Python: hits, counts, and how the words were interpreted."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hearsay.extras import needing_package
from hearsay.records.clip import ClipRow
from hearsay.results.markup import joined, paragraph, table
from hearsay.text.format import counted, probability

if TYPE_CHECKING:
    import pandas as pd

    from indexer.matching.checking import CheckedPossibleMatch
    from indexer.matching.search import Found
    from indexer.passages import Passage
    from indexer.query.explanation import Evidence
    from indexer.query.planner import Plan

_NO_COLUMNS: Final = ("words", "segments", "evidence", "emotion_scores", "extra")
"""Members of a hit that are lists or objects, which are not columns of a data frame."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found.

    ``record`` is the clip's record with only the transcript and the times of this passage; ``start`` and ``end`` are
    its seconds in the clip. A match has a ``score``, a possible match the ``probability`` that its words were said
    (0..1); the other one is None. ``certain`` says whether each word of the search is in the transcript as it was
    typed; ``explanation`` is a phrase about what matched instead of the others, and ``evidence`` the same for programs.
    """

    id: str
    text: str
    score: float | None
    probability: float | None
    certain: bool
    explanation: str
    evidence: "tuple[Evidence, ...]"
    start: float
    end: float | None
    record: ClipRow
    members: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The hit as ``hearsay search --json`` prints it."""
        return dict(self.members)

    def __repr__(self) -> str:
        figure = f"score={self.score:.4g}" if self.score is not None else f"probability={self.probability:.4g}"
        return f"Hit(id={self.id!r}, text={self.text!r}, {figure}, explanation={self.explanation!r})"


@dataclass(frozen=True, slots=True)
class CheckedMatch:
    """A possible match after the check against its audio.

    ``probability`` (0..1) is the revised one, and ``is_likely`` says whether it is high enough to be shown by default.
    Of a possible match that could not be checked, it is None, and ``reason`` says why.
    """

    hit: Hit
    probability: float | None
    is_likely: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class SearchResult:
    """One page of a search: the exact ``total`` of its matches, ``hits`` with those of the page, and counts of all.

    ``possible`` has the most probable of the ``possible_total`` possible matches, in which words of the search were
    probably said but not transcribed. All other figures are those of the matches: ``facets`` maps each field to the
    number of passages per value, and ``seconds`` is the total duration. ``meaning`` states how the query was
    interpreted, and ``notes`` which parts of it were not understood. ``checked`` has the most probable possible matches
    after the check against their audio, the most probable first, if it was requested.
    """

    total: int
    hits: tuple[Hit, ...]
    possible_total: int
    possible: tuple[Hit, ...]
    facets: Mapping[str, Mapping[str, int]]
    notes: tuple[str, ...]
    meaning: str
    seconds: float
    members: Mapping[str, Any]
    checked: tuple[CheckedMatch, ...] = ()

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def to_dict(self) -> dict[str, Any]:
        """The result as ``hearsay search --json`` prints it."""
        return dict(self.members)

    def to_pandas(self) -> "pd.DataFrame":
        """The matches of this page as a data frame, with the columns of records; raises `MissingExtra` without pandas.

        ``generated_text`` is the transcript, ``text`` the reference; unknown columns of the corpus are ``extra.NAME``.
        """
        with needing_package("A data frame"):
            import pandas as pd
        rows = []
        for hit in self.hits:
            plain = {name: value for name, value in hit.members.items() if name not in _NO_COLUMNS}
            unknown = {f"extra.{name}": value for name, value in hit.record.extra.items()}
            rows.append(plain | {"explanation": hit.explanation} | unknown)
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        found = f"total={self.total}, hits={len(self.hits)}, possible_total={self.possible_total}"
        return f"SearchResult({found}, meaning={self.meaning!r})"

    def _repr_html_(self) -> str:
        found = paragraph(f"{counted(self.total, 'passage')} found", joined(self.meaning, *self.notes))
        number = counted(self.possible_total, "possible match", "es")
        return found + _table(self.hits) + (paragraph(number) + _table(self.possible) if self.possible else "")


def _table(hits: Iterable[Hit]) -> str:
    head = ("transcript", "explanation", "emotion", "speaker", "clip")
    lines = []
    for hit in hits:
        speaker = joined(hit.record.age, hit.record.gender, hit.record.accent)
        text = hit.text or hit.record.error or "(no transcript)"
        figure = "" if hit.probability is None else probability(hit.probability)
        lines.append((text, joined(figure, hit.explanation), hit.record.emotion, speaker, hit.id))
    return table(head, lines) if lines else ""


def result_of(
    found: "Found", plan: "Plan", notes: Iterable[str], checked: Iterable["CheckedPossibleMatch"], least: float
) -> SearchResult:
    """The result of a search for the Python API; ``notes`` are those on its filters.

    ``checked`` are the possible matches after their check, and ``least`` the probability from which on they are likely.
    """
    from indexer.matching.result_json import json_of

    members = json_of(found, plan)
    members["notes"] += notes
    matches = found.matches
    hits = [
        _hit(hit.passage, plan.evidence(hit.passage), hit.score, None, own)
        for hit, own in zip(matches.hits, members["hits"], strict=True)
    ]
    possible = [
        _hit(one.passage, one.evidence, None, one.probability, own)
        for one, own in zip(found.possible, members["possible"], strict=True)
    ]
    return SearchResult(
        matches.total,
        tuple(hits),
        found.possible_total,
        tuple(possible),
        members["facets"],
        tuple(members["notes"]),
        plan.sentence,
        matches.seconds or 0.0,
        members,
        tuple(_checked(one, least) for one in checked),
    )


def _checked(one: "CheckedPossibleMatch", least: float) -> CheckedMatch:
    from indexer.matching.result_json import members_of_possible

    possible = one.possible
    hit = _hit(possible.passage, possible.evidence, None, possible.probability, members_of_possible(possible))
    if not one.is_checked:
        return CheckedMatch(hit, None, is_likely=False, reason=one.reason)
    return CheckedMatch(hit, possible.probability, is_likely=possible.probability >= least)


def _hit(
    passage: "Passage",
    evidence: "tuple[Evidence, ...]",
    score: float | None,
    probability: float | None,
    members: Mapping[str, Any],
) -> Hit:
    from indexer.query.explanation import explanation_of

    return Hit(
        passage.id,
        passage.row.generated_text,
        score,
        probability,
        members["certain"],
        explanation_of(evidence),
        evidence,
        passage.start,
        passage.end,
        passage.row,
        members,
    )
