"""Numbers as people read them: counts with their nouns, durations, percentages, sizes."""

import math


def counted(number: int, noun: str, ending: str = "s") -> str:
    """``1 clip``, ``1,860 clips``; ``ending`` is that of the plural."""
    return f"{number:,} {noun}{'' if number == 1 else ending}"


def clock(seconds: float, decimals: int = 0) -> str:
    """A time in a recording: ``1:05`` for whole seconds that have passed, else rounded: ``0:31.2``, ``1:02:03.4``."""
    units = 10**decimals
    whole, fraction = divmod(round(seconds * units) if decimals else int(seconds), units)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
    return f"{text}.{fraction:0{decimals}}" if decimals else text


def duration(seconds: float) -> str:
    """The duration of one recording: ``4.2 s``, from a minute on ``2:08``."""
    return clock(seconds) if seconds >= 60 else f"{seconds:.1f} s"


def total_duration(seconds: float) -> str:
    """The duration of many recordings together: ``42 s``, ``2.6 min``, ``5.0 h``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:,.1f} h"


def percent(rate: float | None) -> str:
    """A rate in per cent with one decimal: ``10.5 %``; a dash if there is none."""
    return "–" if rate is None else f"{100 * rate:.1f} %"


def percent_range(low: float, high: float) -> str:
    """An interval of rates in per cent with one decimal: ``8.7–10.1 %``."""
    return f"{100 * low:.1f}–{percent(high)}"


def probability(value: float) -> str:
    """A probability or confidence from 0 to 1: ``0.98``, truncated to two decimals, so that only certainty is 1.00."""
    return f"{math.floor(value * 100 + 1e-9) / 100:.2f}"


def share(part: float, whole: float) -> str:
    """A part of a whole in per cent: ``25 %``; what is there is never 0 %."""
    value = 100 * part / whole if whole else 0.0
    return "under 1 %" if 0 < value < 0.5 else f"{value:.0f} %"


def file_size(size: int) -> str:
    """Bytes in decimal units: ``812 bytes``, ``34 kB``, ``1.2 MB``."""
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1000:.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"
