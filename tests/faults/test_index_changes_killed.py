"""put, delete and rollback of both engines, killed at random moments: no clip is lost, duplicated or partly changed.

After each kill the same command is run again and completes the change.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest

from indexer.index import Request, SearchWriter
from indexer.ingest.load import deleted_clips
from tests.faults.driver import KILLS, SEED, Hits, Starter, moments
from tests.faults.index_loads import Engine, write_table

CLIPS = 1500
"""The number of clips in one put; every second one is deleted."""


def transcripts(engine: Engine) -> Mapping[str, str]:
    """The transcript of each clip; every clip must be in the index exactly once.

    A node carries out a request whose sender was killed, so the index is read until two readings are the same.
    """
    index = engine.open()
    try:
        now, deadline = _read(index), time.monotonic() + 30
        while now != (now := _read(index)) or len(now[0]) != now[1]:
            assert time.monotonic() < deadline, f"{len(now[0])} clips are read, {now[1]} counted"
        return dict(now[0])
    finally:
        index.close()


def _read(index: SearchWriter) -> tuple[list[tuple[str, str]], int]:
    found = [(passage.id, passage.row.generated_text) for passage in index.walk(Request())]
    assert len(found) == len(dict(found))
    return found, index.count()


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
    """Two tables of the same clips, whose transcripts all differ."""
    old, new = (write_table(tmp_path / f"{word}.csv", CLIPS, 0, word) for word in ("river", "stone"))
    return old, new


@pytest.mark.parametrize("kills", KILLS)
def test_a_killed_put_leaves_each_clip_in_its_old_or_its_new_state(
    kills: int, engine: Engine, loader: Starter, tables: tuple[Path, Path], tmp_path: Path
):
    deletions = {"DELETIONS": str(tmp_path / "deletions.jsonl")}
    words = [["put", table, "--index", engine.url] for table in tables]
    loader.run_well(engine.words(tables[0]), **engine.environment | deletions)
    before, seconds = transcripts(engine), 0.0
    quiet = [before, before]
    for number in (1, 0):
        seconds = loader.run_well(words[number], **engine.environment | deletions).seconds
        quiet[number] = transcripts(engine)
    assert quiet[0] == before
    assert len(before) == CLIPS
    hits, served, mixed, beside = Hits(), 0, 0, engine.beside()
    for part in moments(kills, Random(SEED)):
        ended = loader.kill(words[1 - served], part * seconds, **engine.environment | deletions)
        now, after = transcripts(engine), quiet[1 - served]
        assert now.keys() == after.keys()
        assert all(text in (quiet[served][clip], after[clip]) for clip, text in now.items())
        if ended.was_killed:
            hits.add(has_begun=now != quiet[served], is_done=now == after)
            mixed += now not in quiet
            loader.run_well(words[1 - served], **engine.environment | deletions)
            now = transcripts(engine)
        assert now == after, ended.output
        served = 1 - served
        if hits.total == kills:
            break
    assert engine.beside() == beside
    hits.report("put", clips=CLIPS, mixed=mixed)


@pytest.mark.parametrize("kills", KILLS)
def test_a_killed_delete_removes_only_recorded_clips_and_keeps_the_others(
    kills: int, engine: Engine, loader: Starter, tables: tuple[Path, Path], tmp_path: Path
):
    log = tmp_path / "deletions.jsonl"
    environment = engine.environment | {"DELETIONS": str(log)}
    loader.run_well(engine.words(tables[0]), **environment)
    all_clips = transcripts(engine)
    to_delete = sorted(all_clips)[::2]
    left = {clip: text for clip, text in all_clips.items() if clip not in to_delete}
    delete, put = ["delete", *to_delete, "--index", engine.url], ["put", tables[0], "--index", engine.url]
    seconds = loader.run_well(delete, **environment).seconds
    loader.run_well(put, **environment)
    assert (transcripts(engine), deleted_clips(log)) == (all_clips, set())
    hits, beside = Hits(), engine.beside()
    for part in moments(kills, Random(SEED)):
        ended = loader.kill(delete, part * seconds, **environment)
        now, written = transcripts(engine), deleted_clips(log)
        assert left.items() <= now.items() <= all_clips.items()
        assert all_clips.keys() - now.keys() <= written
        if ended.was_killed:
            hits.add(has_begun=bool(written), is_done=now == left)
            status = 0 if now == all_clips else 1  # 1 reports clips that were already deleted
            assert loader.run(delete, **environment).status == status
        assert (transcripts(engine), deleted_clips(log)) == (left, set(to_delete))
        loader.run_well(put, **environment)
        assert (transcripts(engine), deleted_clips(log)) == (all_clips, set())
        if hits.total == kills:
            break
    loader.run(delete, **environment)
    loader.run_well(engine.words(tables[0]), **environment)
    assert transcripts(engine) == left, "a load restored deleted clips"
    assert engine.beside() == beside
    hits.report("delete", clips=len(to_delete))


@pytest.mark.parametrize("kills", KILLS)
def test_a_killed_rollback_leaves_one_of_the_two_versions_complete(
    kills: int, engine: Engine, loader: Starter, tmp_path: Path
):
    tables = [write_table(tmp_path / f"{word}.csv", 200, 0, word) for word in ("river", "stone")]
    environment = engine.environment | {"DELETIONS": str(tmp_path / "deletions.jsonl")}
    rollback, quiet = ["rollback", "--index", engine.url], []
    for table in tables:
        loader.run_well(engine.words(table), **environment)
        quiet.append(transcripts(engine))
    seconds = loader.run_well(rollback, **environment).seconds
    assert transcripts(engine) == quiet[0]
    hits, beside = Hits(), engine.beside()
    for part in moments(kills, Random(SEED)):
        loader.run_well(engine.words(tables[1]), **environment)
        versions = engine.versions()
        ended = loader.kill(rollback, part * seconds, **environment)
        now = transcripts(engine)
        assert now in quiet
        if ended.was_killed:
            hits.add(has_begun=now == quiet[0] or engine.versions() != versions, is_done=now == quiet[0])
        if now == quiet[1]:
            assert ended.was_killed, ended.output
            again = loader.run(rollback, **environment)
            # A node carries out a request whose sender was killed, perhaps only after the transcripts were read.
            assert again.status == 0 or "no version before" in again.output, again.output
        assert transcripts(engine) == quiet[0]
        if hits.total == kills:
            break
    assert engine.beside() == beside
    hits.report("rollback")
