"""Checks possible matches against the audio, one after the other, within limits, and remembers the scores."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from hearsay.errors import HearsayError
from hearsay.records.files import replaced_whole
from hearsay.results.text_scores import TextScore, TextScores, WordsScore
from hearsay.storage.s3 import S3Object
from indexer.matching.probability import PossibleMatch
from indexer.matching.verification import MOST_CHECKED, Check, check_of, verification_model

SECONDS: Final = 60.0
"""Time after which no further check begins."""

FindAudio = Callable[[str], Path | S3Object | None]
"""Finds the audio of a clip by its id."""


class Scorer(Protocol):
    """Scores the texts of a check against audio files; raises `HearsayError`.

    ``model`` is the name of its speech model, and ``identity`` that with a digest of its weights.
    """

    model: str
    identity: str

    def score(self, audio: bytes, check: Check) -> TextScores: ...


@dataclass(frozen=True, slots=True)
class CheckedPossibleMatch:
    """A possible match after its check: with the revised probability, or with the reason why it was not checked."""

    possible: PossibleMatch
    reason: str = ""

    @property
    def is_checked(self) -> bool:
        return not self.reason


def checked(
    possible: Sequence[PossibleMatch],
    words: int,
    find_audio: FindAudio,
    scorer: Scorer,
    cache: Path,
    seconds: float = SECONDS,
) -> Iterator[CheckedPossibleMatch]:
    """The first `MOST_CHECKED` possible matches of a query of this many words, in order, as their checks end.

    Scores are kept in the folder ``cache`` by the content of the audio, the texts and the model, and not computed
    again. After ``seconds`` the others are not checked. Raises `WrongRequest` if there are no weights for the model.
    """
    model = verification_model(scorer.model)
    until = time.monotonic() + seconds
    for one in possible[:MOST_CHECKED]:
        if time.monotonic() >= until:
            yield CheckedPossibleMatch(one, f"the time limit of {seconds:g} s was reached")
            continue
        try:
            scores = scores_of(one, find_audio, scorer, cache)
        except HearsayError as problem:
            yield CheckedPossibleMatch(one, str(problem))
            continue
        if isinstance(scores, str):
            yield CheckedPossibleMatch(one, scores)
            continue
        probability = model.probability(one.probability, scores, words)
        yield CheckedPossibleMatch(replace(one, probability=probability))


def ranked(found: Iterable[CheckedPossibleMatch]) -> list[CheckedPossibleMatch]:
    """Checked possible matches, the most probable first; then those that could not be checked."""
    return sorted(found, key=lambda one: (one.is_checked, one.possible.probability), reverse=True)


def scores_of(one: PossibleMatch, find_audio: FindAudio, scorer: Scorer, cache: Path) -> TextScores | str:
    """The scores of a possible match, from the folder ``cache`` if they are there, or the reason why there are none.

    Raises the errors of the scorer.
    """
    if (check := check_of(one)) is None:
        return "nothing was transcribed in place of its words, or its reference is known"
    if (found := find_audio(check.clip)) is None:
        return "its audio is not where the index says; name it with load --audio"
    try:
        audio = found.read_bytes() if isinstance(found, Path) else found.read()
    except OSError as problem:
        return f"its audio cannot be read: {problem.strerror}"
    file = cache / f"{_key(audio, check, scorer.identity)}.json"
    if (known := _read(file)) is not None:
        return known
    scores = scorer.score(audio, check)
    with replaced_whole(file) as temporary:
        temporary.write_text(json.dumps(asdict(scores)), encoding="utf-8")
    return scores


def _key(audio: bytes, check: Check, identity: str) -> str:
    about = json.dumps([identity, check.transcript, check.texts, check.start, check.end]).encode()
    return hashlib.sha256(hashlib.sha256(audio).digest() + about).hexdigest()


def _read(file: Path) -> TextScores | None:
    """The scores in a file; None if there is none, or it is not complete."""
    try:
        members = json.loads(file.read_text(encoding="utf-8"))
        texts = tuple(
            TextScore(
                text["difference"],
                WordsScore(**text["placed"]),
                None if text["replaced"] is None else WordsScore(**text["replaced"]),
            )
            for text in members["texts"]
        )
        return TextScores(members["model"], members["transcript"], texts)
    except (OSError, ValueError, KeyError, TypeError):
        return None
