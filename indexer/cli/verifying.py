"""``indexer search --verify``: possible matches checked against their audio, after the result was printed."""

import json
import sys
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.text import Text

from hearsay.config import cache_path
from hearsay.errors import HearsayError
from hearsay.terminal.console import CONTROLS
from hearsay.terminal.progress import progress_bar
from hearsay.text.format import probability
from indexer.cli.commands import note
from indexer.errors import WrongRequest
from indexer.export.collection import audio_finder
from indexer.index import SearchReader
from indexer.matching.checking import CheckedPossibleMatch, Scorer, checked, ranked
from indexer.matching.probability import PossibleMatch, words_of
from indexer.matching.verification import MOST_CHECKED, verification_model
from indexer.query.planner import Plan


def refuse_other_options(arguments: Namespace) -> None:
    """Raise `WrongRequest` if nothing can be checked with these options."""
    if arguments.queries:
        raise WrongRequest("--verify is for one search, without --queries")
    if arguments.open_scorer is None:
        raise WrongRequest("--verify needs a speech model: use it with hearsay search")


def verify(
    console: Console, index: SearchReader, plan: Plan, possible: list[PossibleMatch], arguments: Namespace
) -> None:
    """Check the most probable possible matches, and print what they are worth after the check, or why there is none.

    Progress is shown on standard error.
    """
    sys.stdout.flush()
    open_scorer: Callable[[], Scorer] = arguments.open_scorer
    try:
        scorer = open_scorer()
        found = _checked(index, plan, possible, scorer)
    except HearsayError as problem:
        note(f"possible matches were not checked against their audio: {problem}")
        return
    reasons = {one.reason for one in found}
    if len(reasons) == 1 and not found[0].is_checked:
        note(f"possible matches were not checked against their audio: {reasons.pop()}")
        return
    in_order = ranked(found)
    least = verification_model(scorer.model).threshold(words_of(plan))
    if arguments.json:
        members = [_members(one, least) for one in in_order]
        print(json.dumps({"model": scorer.model, "least": least, "checked": members}, ensure_ascii=False))
    elif in_order:
        console.print(Text(f"── Checked against the audio with {scorer.model} ──", style="dim"))
        for one in in_order:
            _print(console, one, least)


def _checked(
    index: SearchReader, plan: Plan, possible: list[PossibleMatch], scorer: Scorer
) -> list[CheckedPossibleMatch]:
    find = audio_finder(index)
    with progress_bar() as progress:
        task = progress.add_task("checking against the audio", total=min(len(possible), MOST_CHECKED))
        found = []
        for one in checked(possible, words_of(plan), find, scorer, cache_path("checks")):
            progress.advance(task)
            found.append(one)
        return found


def _print(console: Console, one: CheckedPossibleMatch, least: float) -> None:
    passage = one.possible.passage
    line = f"{passage.row.generated_text}  {passage.id}".translate(CONTROLS)
    if not one.is_checked:
        console.print(Text(f"not checked: {line} ({one.reason.translate(CONTROLS)})", style="dim"), soft_wrap=True)
    else:
        is_shown = one.possible.probability >= least
        figure = f"{probability(one.possible.probability)}: "
        console.print(Text(figure + line, style="" if is_shown else "dim"), soft_wrap=True)


def _members(one: CheckedPossibleMatch, least: float) -> dict[str, Any]:
    if not one.is_checked:
        return {"id": one.possible.passage.id, "probability": None, "reason": one.reason}
    likely = one.possible.probability >= least
    return {"id": one.possible.passage.id, "probability": round(one.possible.probability, 4), "is_likely": likely}
