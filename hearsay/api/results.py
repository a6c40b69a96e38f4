"""The results of a search from Python: hits, counts, and how the words were interpreted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hearsay.extras import needing_package
from hearsay.records.clip import ClipRow
from hearsay.results.markup import joined, paragraph, table
from hearsay.text.format import counted

if TYPE_CHECKING:
    import pandas as pd

    from indexer.index import SearchHits
    from indexer.query.explanation import Evidence
    from indexer.query.planner import Plan

_NO_COLUMNS: Final = ("words", "segments", "evidence", "emotion_scores", "extra")
"""Members of a hit that are lists or objects, which are not columns of a data frame."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found.

    ``record`` is the clip's record with only the transcript and the times of this passage; ``start`` and ``end`` are
    its seconds in the clip. ``certain`` says whether each word of the search is in the transcript as it was typed;
    ``explanation`` is a sentence about what matched instead of the others, and ``evidence`` the same for programs.
    """

    id: str
    text: str
    score: float
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
        return f"Hit(id={self.id!r}, text={self.text!r}, score={self.score:.4g}, explanation={self.explanation!r})"


@dataclass(frozen=True, slots=True, repr=False)
class SearchResult:
    """One page of a search: an exact ``total``, its ``hits`` in their order, and counts of all that were found.

    ``facets`` maps each field to the number of passages per value; ``seconds`` is the total duration. ``meaning``
    states how the query was interpreted, and ``notes`` which parts of it were not understood.
    """

    total: int
    hits: tuple[Hit, ...]
    facets: Mapping[str, Mapping[str, int]]
    notes: tuple[str, ...]
    meaning: str
    seconds: float
    members: Mapping[str, Any]

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def to_dict(self) -> dict[str, Any]:
        """The result as ``hearsay search --json`` prints it."""
        return dict(self.members)

    def to_pandas(self) -> "pd.DataFrame":
        """The hits of this page as a data frame, with the columns of records; raises `MissingExtra` without pandas.

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
        return f"SearchResult(total={self.total}, hits={len(self.hits)}, meaning={self.meaning!r})"

    def _repr_html_(self) -> str:
        head = ("transcript", "explanation", "emotion", "speaker", "clip")
        lines = []
        for hit in self.hits:
            speaker = joined(hit.record.age, hit.record.gender, hit.record.accent)
            text = hit.text or hit.record.error or "(no transcript)"
            lines.append((text, hit.explanation, hit.record.emotion, speaker, hit.id))
        shown = table(head, lines) if lines else ""
        number = counted(self.total, "passage")
        return paragraph(f"{number} found", joined(self.meaning, *self.notes)) + shown


def result_of(found: "SearchHits", plan: "Plan", notes: tuple[str, ...]) -> SearchResult:
    """The result of a search for the Python API."""
    from indexer.query.explanation import explanation_of
    from indexer.query.result_json import json_of

    members = json_of(found, plan) | {"notes": list(notes)}
    hits = []
    for hit, hit_members in zip(found.hits, members["hits"], strict=True):
        passage, evidence = hit.passage, plan.evidence(hit.passage)
        hits.append(
            Hit(
                passage.id,
                passage.row.generated_text,
                hit.score,
                plan.is_certain(hit),
                explanation_of(evidence),
                evidence,
                passage.start,
                passage.end,
                passage.row,
                hit_members,
            )
        )
    return SearchResult(
        found.total, tuple(hits), members["facets"], notes, plan.sentence, found.seconds or 0.0, members
    )
