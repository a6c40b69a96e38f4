"""Loads of the embedded index on a disk that becomes full at a random byte, and concurrent loads on both engines.

A full disk of an Elasticsearch node is tested in `tests/indexer/elastic/test_faults.py`.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from indexer.embedded.writer import EmbeddedWriter
from indexer.passages import Passage
from tests.faults.driver import SEED, Starter, foreign_files_unchanged
from tests.faults.index_loads import Engine, answers
from tests.faults.small_disks import LimitedFiles, SmallDisk, small_disks
from tests.support.contract import ids, rows

pytestmark = pytest.mark.long

FILLS = 5


def size_of(folder: Path, *, of_one_file: bool) -> int:
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return max(sizes) if of_one_file else sum(sizes)


@pytest.mark.parametrize("disk", small_disks)
def test_a_full_disk_is_reported_by_load_and_the_previous_index_is_served(
    disk: type[SmallDisk], loader: Starter, files: tuple[Path, Path], tmp_path: Path
):
    quiet = []
    for number, file in enumerate(files):
        loader.run_well(["load", file, "--index", tmp_path / f"quiet-{number}", "--no-inbox"])
        quiet.append(answers(EmbeddedWriter(tmp_path / f"quiet-{number}")))
    needed = size_of(tmp_path / "quiet-1", of_one_file=disk is LimitedFiles)
    chance, full = Random(SEED), 0
    for number in range(FILLS):
        with disk(tmp_path / f"{number}") as small, foreign_files_unchanged(tmp_path / f"beside-{number}"):
            index = small.folder / "index"
            words = [["load", file, "--index", index, "--no-inbox"] for file in files]
            loader.run_well(words[0])
            ended = loader.run(words[1], limit=small.leave(chance.randrange(1, needed)))
            assert "Traceback" not in ended.output
            assert ended.status in (0, 1), ended.output
            full += ended.status
            assert answers(EmbeddedWriter(index)) == quiet[0 if ended.status else 1], ended.output
            small.leave(None)
            loader.run_well(words[1])
            assert answers(EmbeddedWriter(index)) == quiet[1]
            assert len(list((index / "versions").iterdir())) <= 3
    assert full >= FILLS // 2, "the disk was rarely full"


def test_a_second_load_of_the_same_index_is_rejected_and_the_first_one_completes(
    engine: Engine, loader: Starter, files: tuple[Path, Path]
):
    first = engine.open()
    first.replace(rows("before"))
    refused = []

    def slowly() -> Iterator[Passage]:
        yield from rows("a")
        refused.append(loader.run(engine.words(files[0]), **engine.environment))
        yield from rows("b")

    assert first.replace(slowly()) == 2
    (second,) = refused
    assert second.status == 1
    assert "Traceback" not in second.output
    assert "writing the index" in second.output
    assert ids(first) == ["a", "b"]
    assert len(engine.versions()) == 2
    first.close()
