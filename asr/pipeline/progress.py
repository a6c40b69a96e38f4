"""Progress of decoding: the clips that are done and the pace, in a bar in a terminal, otherwise in occasional lines."""

import time
from collections.abc import Collection
from threading import RLock
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from hearsay.terminal.progress import SECONDS_BETWEEN_LINES, error_console
from hearsay.text.format import clock, share

LONG: Final = 120.0
"""Minimum seconds of speech of a clip whose own progress is shown."""

SHARES: Final = 3
"""Maximum number of clips whose own progress is shown at a time."""

FIRST_CLIPS: Final = 20.0
FIRST_SHARE: Final = 0.05
"""The remaining time is estimated from this many transcribed clips on, or from this share of a run of fewer clips."""


class DecodingProgress:
    """Shows how many clips are done, with the progress inside long ones. A context manager.

    Writes to standard error. Threads may share it.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or error_console()
        self._bar = Progress(
            TextColumn("transcribing"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}"),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task: TaskID | None = None
        self._lock = RLock()
        self._under_way: dict[str, tuple[float, float]] = {}  # seconds done and seconds in all, by clip id
        self._total = self._done = self._transcribed = self._failed = 0
        self._audio_seconds = 0.0
        self._started = self._last_line = time.monotonic()

    def start(self, total: int) -> None:
        """Start to count up to ``total`` clips, from 0."""
        with self._lock:
            self._total = total
            self._done = self._transcribed = self._failed = 0
            self._audio_seconds = 0.0
            self._under_way.clear()
            self._started = self._last_line = time.monotonic()
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task("transcribing", total=total, pace="")

    def advance(self, clips: int, transcribed: int, audio_seconds: float, failed: int = 0) -> None:
        """Count clips that are done, those of them that were processed, their seconds of audio, and the failures."""
        with self._lock:
            self._done += clips
            self._transcribed += transcribed
            self._failed += failed
            self._audio_seconds += audio_seconds
            self._show()

    def within(self, clip_id: str, done_seconds: float, all_seconds: float) -> None:
        """Set how many seconds of a long clip in progress are done."""
        with self._lock:
            self._under_way[clip_id] = done_seconds, max(all_seconds, done_seconds, 1e-6)
            self._show()

    def finish(self, ids: Collection[str]) -> None:
        """End the progress of these clips; `advance` counts them next."""
        with self._lock:
            for clip_id in ids:
                self._under_way.pop(clip_id, None)

    def _show(self) -> None:
        if self._task is not None:
            self._bar.update(self._task, completed=self._done + self._parts(), pace=f"{self._shares()}{self.pace()}")
        if not self._console.is_terminal and time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            self._console.print(f"{self._done} of {self._total} clips · {self._shares()}{self.pace()}")

    def _parts(self) -> float:
        """The sum of the completed shares of the long clips in progress, in clips."""
        return sum(done / whole for done, whole in self._under_way.values())

    def _shares(self) -> str:
        """The completed shares of the long clips in progress, as text; clips that wait for their records have none."""
        shares = [share(done, whole) for done, whole in self._under_way.values() if done < whole and whole >= LONG]
        more = f" and {len(shares) - SHARES} more" if len(shares) > SHARES else ""
        return f"{', '.join(shares[:SHARES])}{more} of a long clip · " if shares else ""

    def notify(self, sentence: str) -> None:
        """Print a sentence above the bar."""
        self._console.print(sentence, markup=False)

    def pace(self) -> str:
        """Clips and audio seconds per second, an estimate of the remaining time, and the number of failures.

        The estimate assumes that all other clips have to be processed. It is left out until enough is transcribed.
        """
        wall = max(time.monotonic() - self._started, 1e-6)
        transcribed = self._transcribed + self._parts()
        seconds = self._audio_seconds + sum(done for done, _ in self._under_way.values())
        clips_left = max(0.0, self._total - self._done - self._parts())
        is_enough = transcribed and transcribed >= min(FIRST_CLIPS, FIRST_SHARE * (transcribed + clips_left))
        left = f" · {clock(clips_left * wall / transcribed)} left" if is_enough else ""
        failed = f" · {self._failed} failed" if self._failed else ""
        return f"{self._transcribed / wall:.1f} clips/s · {seconds / wall:.1f} times real time{left}{failed}"

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
