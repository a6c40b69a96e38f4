"""Shared by several benchmarks: the sample clips, an emotion model that does nothing, and the output of figures."""

import json
from collections.abc import Sequence
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


def print_figures(figures: dict[str, Any], *, as_json: bool) -> None:
    """Print one line of JSON, or a table."""
    if as_json:
        print(json.dumps(figures))
        return
    width = max(map(len, figures))
    for name, figure in figures.items():
        print(f"{name:{width}} {figure:,.3f}" if isinstance(figure, float) else f"{name:{width}} {figure}")
