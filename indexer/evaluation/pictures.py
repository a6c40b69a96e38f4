"""Two curves of possible matches as a picture: precision against recall, and calibration."""

from collections.abc import Mapping
from pathlib import Path

from hearsay.extras import needing
from indexer.errors import WrongRequest
from indexer.evaluation.possible import PossibleFigures


def draw(found: Mapping[str, PossibleFigures], file: Path) -> None:
    """Draw the curves for each number of words; the suffix of the file is its format, such as .svg or .png.

    On the left the share of possible matches shown that are right, against the share of queries for lost words whose
    clip is among the first ten results, by threshold; on the right the share that is right against the probability.
    Raises `WrongRequest` if the file cannot be written, and `MissingExtra` without matplotlib.
    """
    with needing("train", "A picture"):
        from matplotlib.figure import Figure
    figure = Figure((9, 4), layout="constrained")
    precision, calibration = figure.subplots(1, 2)
    for words, figures in found.items():
        known = [point for point in figures.curve if point.precision is not None and point.recall is not None]
        recalls, precisions = [point.recall or 0.0 for point in known], [point.precision or 0.0 for point in known]
        label = f"{words} word{'' if words == 'one' else 's'}"
        precision.plot(recalls, precisions, marker=".", label=label)
        calibration.plot(
            [mean for mean, _, _ in figures.bins], [share for _, share, _ in figures.bins], marker=".", label=label
        )
    calibration.plot([0, 1], [0, 1], color="grey", linestyle=":")
    precision.set(xlabel="success@10 of lost words", ylabel="right among shown", xlim=(0, 1), ylim=(0, 1))
    calibration.set(xlabel="probability", ylabel="share that is right", xlim=(0, 1), ylim=(0, 1))
    for axes in (precision, calibration):
        axes.legend()
        axes.grid(alpha=0.3)
    try:
        figure.savefig(file)
    except (OSError, ValueError) as problem:
        raise WrongRequest(f"{file} cannot be written: {problem}; name a file such as curves.svg") from problem
