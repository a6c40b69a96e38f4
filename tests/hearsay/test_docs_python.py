"""Every Python example in the documents, run as one script in a folder with the files that they use."""

import csv
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from asr.api.app import create_app
from asr.settings import AsrSettings
from tests.conftest import PROJECT
from tests.support.serving import listening

API = "http://127.0.0.1:8001"
ACCENTS = {"samples/sample-000000.mp3": "england", "samples/sample-000002.mp3": "england"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with listening(create_app(AsrSettings(asr_model="pocketsphinx", ser_model="classic", workers=1))) as there:
        yield there


@pytest.fixture
def folder(tmp_path: Path, samples: Path) -> Path:
    """A folder with a clip, an interview and a small corpus with its table."""
    shutil.copy(samples / "sample-000000.mp3", tmp_path / "clip.mp3")
    (tmp_path / "hearsay").mkdir()
    (tmp_path / "hearsay" / "samples").symlink_to(samples)  # as in a checkout
    _write_m4a(samples / "sample-000001.mp3", tmp_path / "interview.m4a")
    with (samples / "clips.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[:4]
    (tmp_path / "cv-valid-dev" / "samples").mkdir(parents=True)
    with (tmp_path / "cv-valid-dev.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        for row in rows:
            table.writerow(row | {"accent": ACCENTS.get(row["filename"], row["accent"])})
            shutil.copy(samples.parent / row["filename"], tmp_path / "cv-valid-dev" / row["filename"])
    return tmp_path


def _write_m4a(source: Path, target: Path) -> None:
    with av.open(source) as mp3, av.open(target, "w", format="ipod") as m4a:
        stream = m4a.add_stream("aac", rate=44_100, layout="mono")
        resampler = av.AudioResampler("fltp", "mono", 44_100, frame_size=stream.codec_context.frame_size or 1024)
        for frame in [*mp3.decode(audio=0), None]:
            for piece in resampler.resample(frame):
                m4a.mux(stream.encode(piece))
        m4a.mux(stream.encode(None))


def examples_of(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", (PROJECT / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script with the embedded models configured and without access to a model hub."""
    (folder / "script.py").write_text(code)
    alone = {"ASR_MODEL": "pocketsphinx", "SER_MODEL": "classic", "WORKERS": "1", "HF_HUB_OFFLINE": "1"}
    places = {"PYTHONPATH": str(PROJECT), "HEARSAY_HOME": str(folder), "HF_HOME": str(folder / "hub")}
    command = [sys.executable, "-X", "dev", "script.py"]
    there = os.environ | alone | places
    return subprocess.run(command, cwd=folder, env=there, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("page", "least"), [("docs/python-api.md", 12), ("README.md", 1)])
def test_every_python_example_runs(page: str, least: int, folder: Path, address: str):
    examples = examples_of(page)
    assert len(examples) >= least
    found = run("\n".join(examples).replace(API, address), folder)
    assert found.returncode == 0, found.stderr
    assert "the blacksmith put down his hammer and smiled" in found.stdout
