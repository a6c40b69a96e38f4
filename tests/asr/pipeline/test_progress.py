"""Progress of decoding: a bar in a terminal, periodic lines otherwise."""

import io

import pytest
from rich.console import Console

from asr.pipeline import progress
from asr.pipeline.progress import DecodingProgress


def console(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=120)


def output_of(where: Console) -> str:
    assert isinstance(where.file, io.StringIO)
    return where.file.getvalue()


def test_a_terminal_shows_counts_rates_and_failures():
    where = console(terminal=True)
    with DecodingProgress(where) as bar:
        bar.start(10)
        bar.advance(4, 4, 12.5, failed=1)
    assert "4/10" in output_of(where)
    assert "clips/s" in output_of(where)
    assert "times real time" in output_of(where)
    assert "1 failed" in output_of(where)


def test_a_pipe_receives_complete_lines_without_control_characters(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    where = console(terminal=False)
    with DecodingProgress(where) as bar:
        bar.start(10)
        bar.advance(4, 4, 12.5)
        bar.advance(4, 4, 12.5)
    lines = output_of(where).splitlines()
    assert [line.split(" clips ")[0] for line in lines] == ["4 of 10", "8 of 10"]
    assert "\x1b" not in output_of(where)


def test_a_short_run_in_a_pipe_prints_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 3600.0)
    where = console(terminal=False)
    with DecodingProgress(where) as bar:
        bar.start(1)
        bar.advance(1, 1, 2.0)
    assert output_of(where) == ""


def test_a_second_start_counts_from_zero():
    where = console(terminal=False)
    with DecodingProgress(where) as bar:
        bar.start(10)
        bar.advance(10, 10, 12.5, failed=2)
        bar.start(3)
        assert bar.pace().startswith("0.0 clips/s · 0.0 times real time")
        assert "failed" not in bar.pace()


def test_clips_done_earlier_do_not_count_towards_the_rate(monkeypatch: pytest.MonkeyPatch):
    bar = DecodingProgress(console(terminal=False))
    monkeypatch.setattr(progress.time, "monotonic", lambda: 100.0)
    bar.start(100)
    monkeypatch.setattr(progress.time, "monotonic", lambda: 110.0)
    bar.advance(60, 10, 50.0)
    assert bar.pace() == "1.0 clips/s · 5.0 times real time · 0:40 left"


def test_pieces_of_a_long_clip_advance_the_bar_and_the_remaining_time(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    where = console(terminal=False)
    with DecodingProgress(where) as bar:
        monkeypatch.setattr(progress.time, "monotonic", lambda: 100.0)
        bar.start(1)
        monkeypatch.setattr(progress.time, "monotonic", lambda: 130.0)
        bar.within("talks/two-hours.mp3", 1800.0, 7200.0)
        assert bar.pace() == "0.0 clips/s · 60.0 times real time · 1:30 left"
        assert bar._bar.tasks[0].completed == 0.25
        bar.finish(["talks/two-hours.mp3"])
        bar.advance(1, 1, 7200.0)
        assert bar._bar.tasks[0].completed == 1
    first, last = output_of(where).splitlines()
    assert first == "0 of 1 clips · 25 % of a long clip · 0.0 clips/s · 60.0 times real time · 1:30 left"
    assert last == "1 of 1 clips · 0.0 clips/s · 240.0 times real time · 0:00 left"


def test_progress_inside_a_clip_is_shown_only_for_long_unfinished_clips(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    where = console(terminal=False)
    with DecodingProgress(where) as bar:
        bar.start(500)
        bar.within("clips/40-seconds.mp3", 20.0, 38.0)
        bar.within("clips/40-seconds.mp3", 38.0, 38.0)
        bar.within("talks/an-hour.mp3", 3600.0, 3600.0)
        assert bar._bar.tasks[0].completed == 2, "both are transcribed, but not yet recorded"
    assert "long clip" not in output_of(where)


def test_at_most_a_few_long_clips_are_shown_and_the_rest_are_counted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    where = console(terminal=False)
    with DecodingProgress(where) as bar:
        bar.start(10)
        for number in range(5):
            bar.within(f"talks/{number}.mp3", 360.0 * (number + 1), 3600.0)
    assert "· 10 %, 20 %, 30 % and 2 more of a long clip ·" in output_of(where).splitlines()[-1]


def test_the_remaining_time_is_not_estimated_from_the_first_seconds_of_a_long_clip(monkeypatch: pytest.MonkeyPatch):
    bar = DecodingProgress(console(terminal=False))
    monkeypatch.setattr(progress.time, "monotonic", lambda: 100.0)
    bar.start(63)
    monkeypatch.setattr(progress.time, "monotonic", lambda: 103.0)
    assert bar.pace() == "0.0 clips/s · 0.0 times real time"
    bar.within("samples/interview.mp3", 3.0, 62.0)
    assert bar.pace() == "0.0 clips/s · 1.0 times real time"
    bar.advance(3, 3, 6.0)
    assert bar.pace() == "1.0 clips/s · 3.0 times real time", "3.05 of 63 clips are less than a twentieth"
    bar.advance(1, 1, 3.0)
    assert bar.pace() == "1.3 clips/s · 4.0 times real time · 0:43 left"


def test_the_remaining_time_is_estimated_after_20_clips_of_many_and_a_twentieth_of_one(
    monkeypatch: pytest.MonkeyPatch,
):
    bar = DecodingProgress(console(terminal=False))
    monkeypatch.setattr(progress.time, "monotonic", lambda: 100.0)
    bar.start(1_000_000)
    monkeypatch.setattr(progress.time, "monotonic", lambda: 110.0)
    bar.advance(19, 19, 76.0)
    assert "left" not in bar.pace()
    bar.advance(1, 1, 4.0)
    assert bar.pace() == "2.0 clips/s · 8.0 times real time · 138:53:10 left"

    monkeypatch.setattr(progress.time, "monotonic", lambda: 100.0)
    bar.start(1)
    monkeypatch.setattr(progress.time, "monotonic", lambda: 110.0)
    bar.within("talks/two-hours.mp3", 350.0, 7200.0)
    assert "left" not in bar.pace()
    bar.within("talks/two-hours.mp3", 360.0, 7200.0)
    assert bar.pace() == "0.0 clips/s · 36.0 times real time · 3:10 left"
