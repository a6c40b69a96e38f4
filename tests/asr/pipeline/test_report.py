"""What a run says at its end, and how its lines reach a file."""

import io
from pathlib import Path

from asr.pipeline.batch import Summary
from asr.pipeline.report import show_summary
from asr.sources.listing import Listing, remarks_of
from hearsay.records.clip import ClipRow
from hearsay.terminal.console import console_of


def test_a_line_in_a_file_stays_one_so_that_a_command_in_it_can_be_copied():
    file = io.StringIO()
    sentence = "warning: " + "what was wanted cannot be had; " * 20 + "run ./run.sh setup --models."
    console_of(file).print(sentence)
    assert file.getvalue() == sentence + "\n"


def test_one_clip_is_counted_as_one():
    file = io.StringIO()
    row = ClipRow("set/a", text="yes", generated_text="yes")
    show_summary(Summary((row,), 1, 0, 0, 2.0, 1.0), console_of(file))
    assert "1 clip transcribed" in file.getvalue()
    assert "over 1 clip with a reference" in file.getvalue()
    assert list(remarks_of(Listing((), passed_over=(Path("notes.txt"),)))) == [
        "1 file skipped, not audio by its extension: .txt"
    ]
