"""``indexer export``: the clips that a search finds, as files."""

from argparse import Namespace

from hearsay.text.format import counted
from indexer.cli.commands import note, plan_of
from indexer.cli.searching import filters_of, ranges_of
from indexer.export.clip_files import AUDIO
from indexer.export.collection import export as exported
from indexer.index import Request, SearchReader
from indexer.query.filters import sorted_by
from indexer.query.planner import planner_of
from indexer.settings import IndexSettings

EXAMPLES = 3
"""Clips that a note lists."""


def export(index: SearchReader, arguments: Namespace, settings: IndexSettings) -> int:
    """Export the results; returns 1 if the audio or the times of some clips are missing."""
    plan = plan_of(planner_of(index, settings), " ".join(arguments.words), arguments.mode)
    sort = sorted_by(arguments.sort) if arguments.sort is not None else None
    request = Request(plan.query, filters_of(index, arguments), ranges_of(arguments), sort=sort)
    done = exported(index, request, arguments.format, arguments.out, with_audio=arguments.audio)
    print(f"exported {counted(done.clips, 'clip')} to {done.place}")
    if arguments.audio and done.clips:
        print(f"their audio is in {arguments.out / AUDIO}: name that folder for load --audio, and to decode it again")
    if not done.lacking:
        return 0
    some = ", ".join(done.lacking[:EXAMPLES]) + (", …" if len(done.lacking) > EXAMPLES else "")
    what = "times for subtitles" if arguments.format == "srt" and not arguments.audio else "audio where the index says"
    note(f"{counted(len(done.lacking), 'clip')} without {what}: {some}")
    return 1
