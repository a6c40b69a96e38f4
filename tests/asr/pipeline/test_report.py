"""The summary at the end of a run, and lines written to a file."""

import io
from pathlib import Path

from asr.pipeline.batch import Summary
from asr.pipeline.report import show_summary
from asr.sources.listing import Listing, remarks_of
from hearsay.records.clip import ClipRow
from hearsay.records.transcript import ModelTranscript
from hearsay.terminal.console import console_of


def test_lines_written_to_a_file_are_not_wrapped():
    file = io.StringIO()
    sentence = "warning: " + "the model is not available; " * 20 + "run ./run.sh setup --models."
    console_of(file).print(sentence)
    assert file.getvalue() == sentence + "\n"


def test_a_single_clip_is_reported_in_the_singular():
    file = io.StringIO()
    row = ClipRow("set/a", text="yes", generated_text="yes")
    show_summary(Summary((row,), 1, 0, 0, 2.0, 1.0), console_of(file))
    assert "1 clip transcribed" in file.getvalue()
    assert "over 1 clip with a reference" in file.getvalue()
    assert list(remarks_of(Listing((), passed_over=(Path("notes.txt"),)))) == [
        "1 file skipped, not audio by its extension: .txt"
    ]


def test_names_and_transcripts_are_shown_as_they_are():
    """Brackets are not interpreted as markup, and control characters are not printed."""
    file = io.StringIO()
    rows = (
        ClipRow("set/takes [/2023].mp3", generated_text="[music] yes"),
        ClipRow("set/[interview] anna\x1b[31m.mp3", generated_text="[/b]", error="[red]"),
    )
    show_summary(Summary(rows, 2, 0, 0, 2.0, 1.0), console_of(file))
    shown = file.getvalue()
    for text in ("set/takes [/2023].mp3", "[music] yes", "[interview] anna", "[/b]"):
        assert text in shown
    assert "\x1b" not in shown


def test_second_transcripts_are_counted_and_their_failures_named():
    transcripts = (ModelTranscript("tiny", "yes"), ModelTranscript("tiny", error="out of memory"))
    rows = tuple(ClipRow(f"{n}.wav", transcripts=(one,)) for n, one in enumerate(transcripts))
    summary = Summary(rows, 0, 0, 0, 0.0, 1.0, second="tiny", seconded=1, second_seconds=3.0)
    show_summary(summary, console_of(file := io.StringIO()))
    assert "1 second transcript by tiny (0:03 of audio in 0:01, 3.0 times real time), 1 failed" in file.getvalue()
    assert "second transcript failed: 1.wav: out of memory" in file.getvalue()
