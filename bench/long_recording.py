"""Decoding of one long recording: peak memory of all its processes together, time, and failures.

    python bench/long_recording.py [FOLDER_OF_MP3] [--minutes 20] [--model pocketsphinx|tiny|NAME] [--keep DIR] [--json]

The recording is one MP3 file: the clips of the folder (by default, the sample clips) one after the other, with half a
second of silence in between. ``python -m asr decode`` decodes it as a user would run it. ``tiny`` is a CTC model with
random weights that is created for the run; the emotion model is ``classic``. ``peak_mb`` is the maximum of the resident
memory of the command and all its processes, sampled every 0.2 s; shared memory is counted in each process.
``peak_own_mb`` is the same without file-backed pages, which are mostly the code of libraries.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)  # asr.py in this folder would hide the package asr

import numpy as np  # noqa: E402
import soundfile  # noqa: E402

from asr.audio.decoding import decode_audio  # noqa: E402
from asr.types import SAMPLE_RATE  # noqa: E402
from bench.figures import SAMPLES, print_figures  # noqa: E402
from hearsay.records.journal import read_journal  # noqa: E402
from tests.support.checkpoints import save_wav2vec2  # noqa: E402

SECONDS_BETWEEN_LOOKS = 0.2
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


def decoded(folder: Path, out: Path, model: str) -> tuple[int, tuple[int, int], float]:
    """Exit status, peaks of `memory_of` over all its processes, and seconds of a run of the command."""
    settings = os.environ | {"ASR_MODEL": model, "SER_MODEL": "classic", "DEVICE": "cpu", "LOG_DIR": str(out / "logs")}
    began, peaks = time.perf_counter(), (0, 0)
    command = [sys.executable, "-m", "asr", "decode", str(folder), "--out", str(out)]
    with subprocess.Popen(command, cwd=PROJECT, env=settings, stdout=sys.stderr) as run:
        while run.poll() is None:
            now = zip(*map(memory_of, set(family(run.pid))), strict=True)
            peaks = tuple(map(max, peaks, map(sum, now)))
            time.sleep(SECONDS_BETWEEN_LOOKS)
    return run.returncode, peaks, time.perf_counter() - began


def figures_of(clips: Path, minutes: float, model: str, scratch: Path) -> dict[str, Any]:
    name = str(save_wav2vec2(scratch / "tiny")) if model == "tiny" else model
    folder = scratch / "recordings"
    folder.mkdir(exist_ok=True)
    make_recording(folder / "long.mp3", clips, minutes)
    status, peaks, took = decoded(folder, scratch / "out", name)
    (row,) = read_journal(scratch / "out" / "clips.jsonl").values()
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
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="?", type=Path, default=SAMPLES, metavar="FOLDER_OF_MP3")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--model", default="pocketsphinx", metavar="pocketsphinx|tiny|NAME")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep recording, records and log there")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.keep:
        given.keep.mkdir(parents=True, exist_ok=True)
        print_figures(figures_of(given.clips, given.minutes, given.model, given.keep), as_json=given.json)
        return
    with tempfile.TemporaryDirectory() as scratch:
        print_figures(figures_of(given.clips, given.minutes, given.model, Path(scratch)), as_json=given.json)


if __name__ == "__main__":
    main()
