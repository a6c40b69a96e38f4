"""A long recording with killed runs: the next run continues inside it, and gives the same transcript."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from bench.long_recording import make_recording
from hearsay.records.clip import ClipRow
from hearsay.records.journal import read_journal
from tests.faults.conftest import PREPARED
from tests.faults.driver import KILLS, SEED, Hits, Starter, moments
from tests.support.checkpoints import save_wav2vec2

MINUTES = 4.0

EAGER = "\nfrom asr.pipeline import interim\ninterim.SECONDS_BETWEEN = 0.0"
"""Write an interim record for each twentieth of the recording, however little time it takes."""


@pytest.fixture(scope="module")
def long_decoder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    """Starts ``decode`` with a CTC checkpoint, one piece per pass, and interim records as often as possible."""
    folder = tmp_path_factory.mktemp("long-decoder")
    settings = {
        "ASR_MODEL": str(save_wav2vec2(folder / "ctc")),
        "SER_MODEL": "classic",
        "LOG_DIR": str(folder / "logs"),
        "BATCH_SECONDS": "0.1",
    }
    with Starter("asr.cli", folder, PREPARED + EAGER, **settings) as starter:
        yield starter


@pytest.fixture(scope="module")
def recordings(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one recording, made of the sample clips."""
    folder = tmp_path_factory.mktemp("recordings") / "talks"
    folder.mkdir()
    make_recording(folder / "long.mp3", samples, MINUTES)
    return folder


def record_in(out: Path) -> ClipRow | None:
    log = out / "clips.jsonl"
    return next(iter(read_journal(log).values()), None) if log.exists() else None


def without_times(row: ClipRow | None) -> dict[str, object]:
    assert row
    return {name: value for name, value in row.to_json().items() if name != "decoded_at"}


@pytest.mark.parametrize("kills", KILLS)
def test_a_recording_of_killed_runs_has_the_transcript_of_an_uninterrupted_run(
    kills: int, long_decoder: Starter, recordings: Path, tmp_path: Path
):
    quiet, hits, inside, rounds = tmp_path / "quiet", Hits(), 0, 0
    seconds = long_decoder.run_well(["decode", recordings, "--out", quiet]).seconds
    uninterrupted = record_in(quiet)
    parts = moments(kills, Random(SEED))
    while hits.total < kills:
        rounds += 1
        words: list[object] = ["decode", recordings, "--out", tmp_path / f"out-{rounds}"]
        out, missing = tmp_path / f"out-{rounds}", None
        while hits.total < kills and long_decoder.kill(words, next(parts) * seconds).was_killed:
            row = record_in(out)
            hits.add(has_begun=row is not None, is_done=row is not None and not row.failed_pieces)
            if row is None or not row.failed_pieces:
                continue
            inside += 1
            pieces = {(piece.start, piece.end) for piece in row.failed_pieces}
            assert missing is None or pieces <= missing, "a piece that was transcribed is missing in a later record"
            missing = pieces
        long_decoder.run_well(words)
        assert without_times(record_in(out)) == without_times(uninterrupted)
    hits.report("long recording", rounds=rounds, inside=inside)
