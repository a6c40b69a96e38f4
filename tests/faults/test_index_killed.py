"""Loads of both engines, killed at random moments: the served version is the complete old or new load.

`tests/indexer/embedded/test_killed.py` kills every change of the embedded engine before chosen lines,
`test_elastic_killed_load.py` a load after chosen requests, and `test_elastic_faults.py` the nodes during a load.
"""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.faults.driver import KILLS, SEED, Hits, Starter, moments
from tests.faults.index_loads import ROWS, Engine


@pytest.mark.parametrize("kills", KILLS)
def test_a_killed_load_leaves_the_complete_old_or_new_version_without_duplicates(
    kills: int, engine: Engine, loader: Starter, files: tuple[Path, Path]
):
    quiet: list[list[Any]] = []
    for file in files:
        seconds = loader.run_well(engine.words(file), **engine.environment).seconds
        quiet.append(engine.answers())
    assert [one[0][0] for one in quiet] == list(ROWS)
    hits, served, swapped, beside = Hits(), 1, 0, engine.beside()
    for part in moments(kills, Random(SEED)):
        before = engine.versions()
        ended = loader.kill(engine.words(files[1 - served]), part * seconds, **engine.environment)
        current = engine.answers()
        assert current in quiet
        if is_new := current == quiet[1 - served]:
            served, swapped = 1 - served, swapped + ended.was_killed
        else:
            assert ended.was_killed, "the load reported success, but the previous version is served"
        if ended.was_killed:
            hits.add(has_begun=is_new or engine.versions() != before, is_done=is_new)
        if hits.total == kills:
            break
    for number in (0, 1):
        loader.run_well(engine.words(files[number]), **engine.environment)
        assert engine.answers() == quiet[number]
    assert len(engine.versions()) == 3, "files of the killed load are left"
    assert engine.beside() == beside
    hits.report("index", swapped=swapped)
