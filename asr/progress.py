"""Progress of a long run: a bar on a terminal, a line now and then anywhere else."""

import sys
import time
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn
from rich.progress import Progress as Bar

SECONDS_BETWEEN_LINES: Final = 10.0


class Progress:
    """Counts clips and their seconds; use it in a ``with`` statement. Writes to standard error."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, force_terminal=None if sys.stderr.isatty() else False)
        self._bar = Bar(
            TextColumn("hearing"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}"),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task: TaskID | None = None
        self._total = self._done = self._heard = self._failed = 0
        self._audio_seconds = 0.0
        self._started = self._last_line = time.monotonic()

    def start(self, total: int) -> None:
        """Begin to count towards ``total`` clips; what was counted before is over."""
        self._total = total
        self._done = self._heard = self._failed = 0
        self._audio_seconds = 0.0
        self._started = self._last_line = time.monotonic()
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task("hearing", total=total, pace="")

    def advance(self, clips: int, heard: int, audio_seconds: float, failed: int = 0) -> None:
        """Count clips that are done, those of them that had to be heard, their seconds of sound, and the failures."""
        self._done += clips
        self._heard += heard
        self._failed += failed
        self._audio_seconds += audio_seconds
        if self._task is not None:
            self._bar.update(self._task, advance=clips, pace=self.pace())
        if not self._console.is_terminal and time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            self._console.print(f"{self._done} of {self._total} clips · {self.pace()}")

    def say(self, sentence: str) -> None:
        """Print a sentence above the bar."""
        self._console.print(sentence, markup=False)

    def pace(self) -> str:
        """Clips and audio seconds per second, the time left if all the rest must be heard, and the failures."""
        wall = max(time.monotonic() - self._started, 1e-6)
        left = int((self._total - self._done) * wall / max(self._heard, 1))
        failed = f" · {self._failed} failed" if self._failed else ""
        return (
            f"{self._heard / wall:.1f} clips/s · {self._audio_seconds / wall:.1f} audio-s/s"
            f" · {left // 60}:{left % 60:02} left{failed}"
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
