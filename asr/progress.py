"""Progress of a long run: a bar on a terminal, a line now and then anywhere else."""

import time
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

SECONDS_BETWEEN_LINES: Final = 10.0


class Progress:
    """Counts clips and their seconds; use it in a ``with`` statement. Writes to standard error."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._bar = Bar(
            TextColumn("hearing"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task: TaskID | None = None
        self._total = self._done = self._failed = 0
        self._audio_seconds = 0.0
        self._started = self._last_line = time.monotonic()

    def start(self, total: int) -> None:
        """Begin to count towards ``total`` clips."""
        self._total = total
        self._started = self._last_line = time.monotonic()
        self._task = self._bar.add_task("hearing", total=total, rate="")

    def advance(self, clips: int, audio_seconds: float, failed: int = 0) -> None:
        """Count clips that are done, the seconds of sound heard in them, and how many of them failed."""
        self._done += clips
        self._failed += failed
        self._audio_seconds += audio_seconds
        if self._task is not None:
            self._bar.update(self._task, advance=clips, rate=self.rate())
        if not self._console.is_terminal and time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            self._console.print(f"{self._done} of {self._total} clips · {self.rate()} · {self.time_left()}")

    def rate(self) -> str:
        """Clips and audio seconds per second so far, and the failures where there are any."""
        wall = max(time.monotonic() - self._started, 1e-6)
        failed = f" · {self._failed} failed" if self._failed else ""
        return f"{self._done / wall:.1f} clips/s · {self._audio_seconds / wall:.1f} audio-s/s{failed}"

    def time_left(self) -> str:
        """How long the rest takes at the pace so far."""
        wall = time.monotonic() - self._started
        left = (self._total - self._done) * wall / max(self._done, 1)
        return f"{int(left // 60)}:{int(left % 60):02} left"

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
