"""What each word on the command line does; every one returns an exit status."""

import shlex
import signal
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hearsay.text.format import counted
from indexer.errors import IndexerError, IndexUnavailable, WrongRequest
from indexer.index import SearchWriter
from indexer.ingest import load as loading
from indexer.ingest import reloading
from indexer.ingest.watching import Watcher
from indexer.provenance import Origin, SourceFile
from indexer.query.planner import Plan, Planner, planner_of
from indexer.query_tree import Term
from indexer.settings import IndexSettings


def note(text: str) -> None:
    """A sentence beside the answer, on standard error."""
    print(f"note: {text}", file=sys.stderr)


def plan_of(planner: Planner, words: str, mode: str) -> Plan:
    """How to search for what was typed, with a note on each thing in it that was not understood."""
    plan = planner.plan(words, mode)
    for text in plan.notes:
        note(text)
    return plan


def load(index: SearchWriter, asked: Namespace, settings: IndexSettings) -> int:
    rows = loading.read_rows([*_inbox(asked, settings), *asked.files], print)
    audio = loading.audio_place(asked.audio) if asked.audio else None
    if doubt := loading.doubt_about_audio(audio, list(rows)):
        note(doubt)
    without_audio = None if audio else _without_audio(index)
    origin = Origin.of(asked.files, settings.inbox_journal if _has_inbox(asked, settings) else None)
    with stepping(len(rows)) as step:
        loaded = loading.load(index, rows.values(), settings.deletions, audio, step, origin=origin)
    _print_loaded(loaded)
    if without_audio:
        note(without_audio)
    if doubt := loading.doubt_about_transcripts(rows.values()):
        note(doubt)
    return 0


def _without_audio(index: SearchWriter) -> str:
    """What the page plays of a load that names no audio; ask before it, while the version before is the current one."""
    try:
        before = index.about().audio
    except IndexUnavailable:  # nor could it be loaded
        raise
    except IndexerError:  # there is none that can be read
        before = None
    again = f"--audio {shlex.quote(before)}, as the version before" if before else "--audio FOLDER"
    return (
        "no --audio was named, so the page plays none of these clips but those that were added on it, unless AUDIO_DIR "
        f"names their folder; load again with {again}"
    )


def _inbox(asked: Namespace, settings: IndexSettings) -> list[Path]:
    """The inbox's journal, which belongs into the index that the page asks, and is named there."""
    if not _has_inbox(asked, settings):
        return []
    inbox = loading.inbox_of(settings.inbox_journal, asked.files)
    for journal in inbox:
        print(f"with the inbox, {journal}, too (--no-inbox leaves it out)")
    return inbox


def _has_inbox(asked: Namespace, settings: IndexSettings) -> bool:
    return not asked.no_inbox and asked.index in (None, settings.index_url)


def reload(index: SearchWriter, asked: Namespace, settings: IndexSettings) -> int:
    about = index.remembered()
    origin = reloading.origin_of(about, with_changes=asked.changed)
    beside = reloading.kept(index, origin, without_lost=asked.drop)
    for file in (*origin.files, *origin.put):
        print(f"from {file.path}")
    rows = reloading.rows_of(origin, print)
    with stepping(len(rows)) as step:
        loaded = loading.load(index, rows.values(), settings.deletions, about.audio, step, origin=origin, beside=beside)
    _print_loaded(loaded)
    return 0


@contextmanager
def stepping(total: int, *, is_shown: bool = True) -> Iterator[loading.Step]:
    """A bar that a load moves on, clip by clip, until it writes what it has read."""
    with progress_bar(is_shown=is_shown) as progress:
        task = progress.add_task("reading", total=total)

        def step() -> None:
            progress.advance(task)
            if progress.finished:
                progress.update(task, description="writing", total=None)

        yield step


def progress_bar(*, is_shown: bool = True) -> Progress:
    """A bar on standard error, where somebody watches it, which FORCE_COLOR does not say."""
    console = Console(stderr=True, force_jupyter=False, force_terminal=None if sys.stderr.isatty() else False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not (is_shown and console.is_terminal))


def _print_loaded(loaded: loading.Loaded) -> None:
    clips, passages = counted(loaded.clips, "clip"), counted(loaded.passages, "passage")
    print(f"loaded {clips} as {passages} in {loaded.seconds:.1f} s, version {loaded.version}")
    if loaded.failed:
        print(f"{counted(loaded.failed, 'clip')} of them without a transcript, since decoding failed")
    if loaded.failed_in_part:
        print(f"{counted(loaded.failed_in_part, 'clip')} failed in part; what there is of the transcript is searchable")
    if loaded.failed_again:
        clips = counted(loaded.failed_again, "clip")
        print(f"{clips} with an older transcript, since transcribing again failed")
    if loaded.deleted:
        print(f"left out {counted(loaded.deleted, 'deleted clip')}")
    for sentence in loaded.flaws:
        print(sentence)


def put(index: SearchWriter, asked: Namespace, settings: IndexSettings) -> int:
    if asked.watch:
        return _watch(index, asked.files or [settings.inbox_journal], settings)
    if not asked.files:
        raise WrongRequest("put takes files of clip rows, or --watch")
    rows, files = loading.read_rows(asked.files, note).values(), [SourceFile.of(file) for file in asked.files]
    came, went = loading.put(index, rows, settings.deletions, note, files)
    print(f"put {counted(came, 'clip')}" + (f", deleted {counted(went, 'clip')}" if went else ""))
    return 0


def _watch(index: SearchWriter, files: Sequence[Path], settings: IndexSettings) -> int:
    """Put a journal as it grows, until Ctrl-C or a termination signal; 1 where the index lacks some of it then."""
    if len(files) != 1 or files[0].suffix not in (".jsonl", ".ndjson"):
        raise WrongRequest("--watch takes one journal, a .jsonl file; it need not be there yet")
    signals: list[int] = []  # no threading.Event: set while this very thread waits for it, it may wait for ever
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda came, _: signals.append(came))
    say = partial(print, "inbox:", file=sys.stderr, flush=True)
    watcher = Watcher(index, files[0], settings.deletions, say)
    say(f"what comes into {files[0]} is put into the index")
    watcher.watch(lambda: bool(signals))
    return 1 if watcher.trouble else 0


def delete(index: SearchWriter, asked: Namespace, settings: IndexSettings) -> int:
    clips = list(dict.fromkeys(asked.clips))
    missing = [clip for clip in clips if not index.count(Term("clip", clip))]
    passages = loading.delete(index, clips, settings.deletions)
    print(f"deleted {counted(len(clips) - len(missing), 'clip')} ({counted(passages, 'passage')})")
    for clip in missing:
        note(f"{clip} was not in the index; later loads will leave it out")
    return 1 if missing else 0


def rollback(index: SearchWriter, _asked: Namespace, settings: IndexSettings) -> int:
    back = loading.rollback(index, settings.deletions)
    without = f", without {counted(back.deleted, 'passage')} of deleted clips" if back.deleted else ""
    print(f"back at version {back.version}{without}")
    return 0


def count(index: SearchWriter, asked: Namespace, settings: IndexSettings) -> int:
    print(index.count(plan_of(planner_of(index, settings), " ".join(asked.words), asked.mode).query))
    return 0
