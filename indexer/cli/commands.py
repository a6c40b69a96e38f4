"""The commands that load, change and count; each returns an exit status."""

import shlex
import signal
import sys
from argparse import Namespace
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from hearsay.terminal.progress import load_progress
from hearsay.text.format import counted
from indexer.errors import IndexerError, IndexUnavailable, WrongRequest
from indexer.index import SearchWriter
from indexer.ingest import load as loading
from indexer.ingest import reloading
from indexer.ingest.watching import Watcher
from indexer.provenance import AS_IT_IS, Origin, Reading, SourceFile
from indexer.query.planner import Plan, Planner, planner_of
from indexer.query_tree import Term
from indexer.settings import IndexSettings


def note(text: str) -> None:
    """Print a note on standard error, so that standard output holds nothing but results."""
    print(f"note: {text}", file=sys.stderr)


def plan_of(planner: Planner, words: str, mode: str) -> Plan:
    """The plan of a search, with a note on everything in the query that was not understood."""
    plan = planner.plan(words, mode)
    for text in plan.notes:
        note(text)
    return plan


def load(index: SearchWriter, arguments: Namespace, settings: IndexSettings) -> int:
    """Run ``load``; returns its exit status."""
    has_inbox = not arguments.no_inbox and arguments.index in (None, settings.index_url)  # the index of the page
    inbox = loading.inbox_of(settings.inbox_journal, arguments.files) if has_inbox else []
    for journal in inbox:
        print(f"including the inbox, {journal} (--no-inbox leaves it out)")
    reading = _reading(arguments)
    rows = loading.read_rows([*inbox, *arguments.files], print, lambda file: AS_IT_IS if file in inbox else reading)
    audio = loading.audio_place(arguments.audio) if arguments.audio else None
    if doubt := loading.doubt_about_audio(audio, list(rows)):
        note(doubt)
    without_audio = None if audio else _without_audio(index)
    origin = Origin.of(arguments.files, settings.inbox_journal if has_inbox else None, reading)
    with load_progress(len(rows)) as step:
        loaded = loading.load(index, rows.values(), settings.deletions, audio, step, origin=origin)
    _print_loaded(loaded)
    if without_audio:
        note(without_audio)
    if doubt := loading.doubt_about_transcripts(rows.values()):
        note(doubt)
    return 0


def _reading(arguments: Namespace) -> Reading:
    """How the named tables are read, as typed."""
    return Reading(arguments.dataset or "", tuple(arguments.column))


def _without_audio(index: SearchWriter) -> str:
    """The note on a load without --audio. Call it before the load, while the previous version is current."""
    try:
        before = index.about().audio
    except IndexUnavailable:  # the load would fail too
        raise
    except IndexerError:  # there is no readable previous version
        before = None
    again = f"--audio {shlex.quote(before)}, as for the previous version" if before else "--audio FOLDER"
    return (
        "no --audio was given, so the page can only play clips that were added on it, unless AUDIO_DIR names the "
        f"folder of the others; load again with {again}"
    )


def reload(index: SearchWriter, arguments: Namespace, settings: IndexSettings) -> int:
    """Run ``reload``; returns its exit status."""
    about = index.remembered()
    origin = reloading.origin_of(about, with_changes=arguments.changed)
    beside = reloading.kept(index, origin, without_lost=arguments.drop)
    for file in (*origin.files, *origin.put):
        print(f"from {file.path}")
    rows = reloading.rows_of(origin, print)
    with load_progress(len(rows)) as step:
        loaded = loading.load(index, rows.values(), settings.deletions, about.audio, step, origin=origin, beside=beside)
    _print_loaded(loaded)
    return 0


def _print_loaded(loaded: loading.LoadResult) -> None:
    clips, passages = counted(loaded.clips, "clip"), counted(loaded.passages, "passage")
    print(f"loaded {clips} as {passages} in {loaded.seconds:.1f} s, version {loaded.version}")
    if loaded.failed:
        print(f"{counted(loaded.failed, 'clip')} of them without a transcript, because decoding failed")
    if loaded.failed_in_part:
        print(f"{counted(loaded.failed_in_part, 'clip')} failed in part; the rest of the transcript can be searched")
    if loaded.failed_again:
        clips = counted(loaded.failed_again, "clip")
        print(f"{clips} with an older transcript, because transcribing again failed")
    if loaded.deleted:
        print(f"left out {counted(loaded.deleted, 'deleted clip')}")
    for sentence in loaded.problems:
        print(sentence)


def put(index: SearchWriter, arguments: Namespace, settings: IndexSettings) -> int:
    """Run ``put``; returns its exit status."""
    if arguments.watch:
        return _watch(index, arguments.files or [settings.inbox_journal], settings)
    if not arguments.files:
        raise WrongRequest("put requires files of clip records, or --watch")
    reading = _reading(arguments)
    rows = loading.read_rows(arguments.files, note, lambda _: reading).values()
    files = [SourceFile.of(file, reading) for file in arguments.files]
    came, went = loading.put(index, rows, settings.deletions, note, files)
    print(f"put {counted(came, 'clip')}" + (f", deleted {counted(went, 'clip')}" if went else ""))
    return 0


def _watch(index: SearchWriter, files: Sequence[Path], settings: IndexSettings) -> int:
    """Put a log as it grows, until Ctrl-C or a termination signal; returns 1 if something could not be put."""
    if len(files) != 1 or files[0].suffix not in (".jsonl", ".ndjson"):
        raise WrongRequest("--watch takes one log, a .jsonl file; it does not have to exist yet")
    signals: list[int] = []  # no threading.Event: if the waiting thread sets it itself, it may block forever
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda came, _: signals.append(came))
    say = partial(print, "inbox:", file=sys.stderr, flush=True)
    watcher = Watcher(index, files[0], settings.deletions, say)
    say(f"following {files[0]}: new records are put into the index")
    watcher.watch(lambda: bool(signals))
    return 1 if watcher.trouble else 0


def delete(index: SearchWriter, arguments: Namespace, settings: IndexSettings) -> int:
    """Run ``delete``; returns its exit status."""
    clips = list(dict.fromkeys(arguments.clips))
    missing = [clip for clip in clips if not index.count(Term("clip", clip))]
    passages = loading.delete(index, clips, settings.deletions)
    print(f"deleted {counted(len(clips) - len(missing), 'clip')} ({counted(passages, 'passage')})")
    for clip in missing:
        note(f"{clip} is not in the index; later loads will leave it out")
    return 1 if missing else 0


def rollback(index: SearchWriter, _arguments: Namespace, settings: IndexSettings) -> int:
    """Run ``rollback``; returns its exit status."""
    back = loading.rollback(index, settings.deletions)
    without = f", without {counted(back.deleted, 'passage')} of deleted clips" if back.deleted else ""
    print(f"rolled back to version {back.version}{without}")
    return 0


def count(index: SearchWriter, arguments: Namespace, settings: IndexSettings) -> int:
    """Run ``count``; returns its exit status."""
    print(index.count(plan_of(planner_of(index, settings), " ".join(arguments.words), arguments.mode).query))
    return 0
