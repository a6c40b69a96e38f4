"""The types of the library as seen by the type checker of another project."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import PROJECT

CONSUMER = Path(__file__).with_name("consumer.py")
KEPT = PROJECT / ".mypy_cache" / "consumer"

WRONG = """\
import hearsay
hearsay.load_transcriber(7)
hearsay.load_transcriber().transcribe("clip.mp3").texts
hearsay.no_such_name
hearsay.open_index("var/index").search("word", size="ten")
hearsay.word_error_rate(1, 2)
"""


def test_correct_use_passes_strict_type_checking_and_every_incorrect_use_is_an_error(tmp_path: Path):
    (tmp_path / "consumer.py").write_text(CONSUMER.read_text())
    (tmp_path / "wrong.py").write_text(WRONG)
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = True\nfollow_imports = silent\n")
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(KEPT), "consumer.py", "wrong.py"]
    there = os.environ | {"MYPYPATH": str(PROJECT)}
    found = subprocess.run(command, cwd=tmp_path, env=there, capture_output=True, text=True, check=False)
    errors = [line for line in found.stdout.splitlines() if ": error: " in line]
    assert [line for line in errors if not line.startswith("wrong.py:")] == [], found.stdout + found.stderr
    assert sorted({int(line.split(":")[1]) for line in errors}) == [2, 3, 4, 5, 6]
