"""Decoding of one long recording: peak memory of all its processes together, time, and failures.

    python bench/long_recording.py [FOLDER_OF_MP3] [--minutes 20] [--model pocketsphinx|tiny|NAME] [--keep DIR]
                                   [--kill] [--json]

The recording is one MP3 file: the clips of the folder (by default, the sample clips) one after the other, with half a
second of silence in between. ``python -m asr decode`` decodes it as a user would run it. ``tiny`` is a CTC model with
random weights that is created for the run; the emotion model is ``classic``. ``peak_mb`` is the maximum of the resident
memory of the command and all its processes, sampled every 0.2 s; shared memory is counted in each process.
``peak_own_mb`` is the same without file-backed pages, which are mostly the code of libraries. The command writes its
progress to standard error.

With ``--kill`` the recording is decoded a second time, into another folder. This run is killed with SIGKILL as soon as
its log has half of the recording, and started again. ``kept_share`` is the share of the recording that the log had by
then, ``killed_after`` and ``resumed_seconds`` are the seconds of the two runs, ``kept_words`` counts the words that the
log had, and ``same_words`` says whether all of them are unchanged in the final record. ``same_transcript`` compares the
final text, words and segments with those of the first run. Runs of less than a minute write no interim records.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)  # asr.py in this folder would shadow the package asr

import numpy as np  # noqa: E402
import soundfile  # noqa: E402

from asr.audio.decoding import decode_audio  # noqa: E402
from asr.types import SAMPLE_RATE  # noqa: E402
from bench.figures import SAMPLES, print_figures  # noqa: E402
from hearsay.records.clip import ClipRow  # noqa: E402
from hearsay.records.journal import read_journal  # noqa: E402
from hearsay.records.transcript import TRANSCRIBING  # noqa: E402
from tests.support.checkpoints import save_wav2vec2  # noqa: E402

SECONDS_BETWEEN_LOOKS = 0.2
HALF = 0.5
PAUSE = np.zeros(SAMPLE_RATE // 2, np.float32)


def make_recording(path: Path, clips: Path, minutes: float) -> None:
    """Write an MP3 file of this duration, with at most one clip in memory."""
    files = sorted(clips.rglob("*.mp3"))
    left = round(60 * minutes * SAMPLE_RATE)
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1, format="MP3") as recording:
        for file in cycle(files):
            sound = np.concatenate([decode_audio(file.read_bytes(), 3600), PAUSE])[:left]
            recording.write(sound)
            left -= len(sound)
            if not left:
                return


def family(root: int) -> Iterator[int]:
    """The process and all its running descendants."""
    yield root
    for task in Path(f"/proc/{root}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from family(int(child))


def memory_of(process: int) -> tuple[int, int]:
    """Resident bytes of a process, and those that are not file-backed."""
    try:
        _, resident, of_files, *_ = Path(f"/proc/{process}/statm").read_text().split()
    except (OSError, ValueError):
        return 0, 0
    page = os.sysconf("SC_PAGE_SIZE")
    return int(resident) * page, (int(resident) - int(of_files)) * page


def started(folder: Path, out: Path, model: str) -> "subprocess.Popen[bytes]":
    """The command, running in its own session."""
    settings = os.environ | {"ASR_MODEL": model, "SER_MODEL": "classic", "DEVICE": "cpu", "LOG_DIR": str(out / "logs")}
    command = [sys.executable, "-m", "asr", "decode", str(folder), "--out", str(out)]
    return subprocess.Popen(command, cwd=PROJECT, env=settings, stdout=sys.stderr, start_new_session=True)


def decoded(folder: Path, out: Path, model: str) -> tuple[int, tuple[int, int], float]:
    """Exit status, peaks of `memory_of` over all its processes, and seconds of a run of the command."""
    began, peaks = time.perf_counter(), (0, 0)
    with started(folder, out, model) as run:
        while run.poll() is None:
            now = zip(*map(memory_of, set(family(run.pid))), strict=True)
            peaks = tuple(map(max, peaks, map(sum, now)))
            time.sleep(SECONDS_BETWEEN_LOOKS)
    return run.returncode, peaks, time.perf_counter() - began


def killed_halfway(folder: Path, out: Path, model: str) -> tuple[ClipRow, float]:
    """The last record that a run wrote before it was killed, when it had half of the recording, and its seconds."""
    began, log = time.perf_counter(), out / "clips.jsonl"
    with started(folder, out, model) as run:
        while run.poll() is None:
            time.sleep(SECONDS_BETWEEN_LOOKS)
            if log.exists() and (rows := read_journal(log)) and kept_share(next(iter(rows.values()))) >= HALF:
                os.killpg(run.pid, signal.SIGKILL)
                run.wait()
                return next(iter(read_journal(log).values())), time.perf_counter() - began
    raise SystemExit("the run ended before it could be killed; use a longer recording: --minutes")


def kept_share(row: ClipRow) -> float:
    """The share of a recording's time that is not in pieces which are still missing from its record."""
    missing = sum(piece.end - piece.start for piece in row.failed_pieces if piece.task == TRANSCRIBING)
    return 1 - missing / (row.duration or 1.0)


def resumed_figures(folder: Path, out: Path, model: str, whole: ClipRow) -> dict[str, Any]:
    """The figures of a run that was killed halfway and resumed, compared with the record of an uninterrupted one."""
    before, seconds = killed_halfway(folder, out, model)
    status, peaks, took = decoded(folder, out, model)
    (row,) = read_journal(out / "clips.jsonl").values()
    return {
        "killed_after": seconds,
        "kept_share": kept_share(before),
        "kept_words": len(before.words),
        "resumed_status": status,
        "resumed_seconds": took,
        "resumed_peak_mb": peaks[0] / 1e6,
        "same_words": set(before.words) <= set(row.words),
        "same_transcript": (row.generated_text, row.words, row.segments)
        == (whole.generated_text, whole.words, whole.segments),
    }


def figures_of(clips: Path, minutes: float, model: str, scratch: Path, *, kills: bool = False) -> dict[str, Any]:
    name = str(save_wav2vec2(scratch / "tiny")) if model == "tiny" else model
    folder = scratch / "recordings"
    folder.mkdir(exist_ok=True)
    make_recording(folder / "long.mp3", clips, minutes)
    status, peaks, took = decoded(folder, scratch / "out", name)
    (row,) = read_journal(scratch / "out" / "clips.jsonl").values()
    resumed = resumed_figures(folder, scratch / "killed", name, row) if kills else {}
    return {
        "minutes": minutes,
        "model": model,
        "status": status,
        "peak_mb": peaks[0] / 1e6,
        "peak_own_mb": peaks[1] / 1e6,
        "seconds": took,
        "times_real_time": 60 * minutes / took,
        "words": len(row.words),
        "last_word_at": row.words[-1].end if row.words else None,
        "failed_pieces": len(row.failed_pieces),
        "error": row.error or None,
        **resumed,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="?", type=Path, default=SAMPLES, metavar="FOLDER_OF_MP3")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--model", default="pocketsphinx", metavar="pocketsphinx|tiny|NAME")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep recording, records and log there")
    parser.add_argument("--kill", action="store_true", help="also kill a run halfway, and resume it")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.keep:
        given.keep.mkdir(parents=True, exist_ok=True)
        figures = figures_of(given.clips, given.minutes, given.model, given.keep, kills=given.kill)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            figures = figures_of(given.clips, given.minutes, given.model, Path(scratch), kills=given.kill)
    print_figures(figures, as_json=given.json)


if __name__ == "__main__":
    main()
