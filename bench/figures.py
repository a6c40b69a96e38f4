"""Shared by several benchmarks: the sample clips, an emotion model that does nothing, and the output of figures."""

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from asr.types import NO_EMOTION, DecodedAudio, EmotionOutput

SAMPLES = Path(__file__).resolve().parent.parent / "hearsay" / "samples"


class NoEmotionModel:
    """Returns no emotion; used if only speech recognition is measured."""

    name, device, weights, precision, padding_ratio = "none", "cpu", "", "", 1.0

    def tag(self, clips: Sequence[DecodedAudio]) -> list[EmotionOutput]:
        return [NO_EMOTION] * len(clips)

    def close(self) -> None: ...


def run_in_scratch(
    parser: argparse.ArgumentParser, figures_of: Callable[[argparse.Namespace, Path], dict[str, Any]]
) -> None:
    """Print the figures of a benchmark that needs a temporary folder; adds the option ``--json``."""
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hearsay-bench-") as scratch:
        figures = figures_of(given, Path(scratch))
    print_figures(figures, as_json=given.json)


def print_figures(figures: dict[str, Any], *, as_json: bool) -> None:
    """Print one line of JSON, or a table."""
    if as_json:
        print(json.dumps(figures))
        return
    width = max(map(len, figures))
    for name, figure in figures.items():
        print(f"{name:{width}} {figure:,.3f}" if isinstance(figure, float) else f"{name:{width}} {figure}")
