"""Word error rate and loops of a Whisper model by the silence after a sound, and the report on a training."""

import json
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from asr.audio.decoding import decode_audio
from asr.inference.weights import file_digests
from asr.models.low_rank import LowRankChange
from asr.sources.listing import Clip
from asr.speech.rejection import is_loop
from asr.speech.whisper_decoding import WhisperEngine
from asr.speech.whisper_tokens import WhisperVocabulary
from asr.types import Waveform
from hearsay.records.files import replaced_whole
from hearsay.text.intervals import Estimate, estimates
from hearsay.text.normalize import words
from hearsay.text.scoring import scored_words
from hearsay.text.wer import WordErrors, word_errors

SILENCES: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds of silence after a sound; windows are whole seconds, so that there is up to one more."""

_TOGETHER: Final = 8
_NO_REPEAT: Final = 3


@dataclass(frozen=True, slots=True)
class WindowFigures:
    """What a model wrote of clips with this much silence after each: errors by clip, loops, and seconds of CPU time."""

    silence: float
    errors: list[WordErrors]
    loops: int
    seconds: float

    @property
    def rate(self) -> float:
        """The word error rate over all clips."""
        return sum(own.errors for own in self.errors) / max(1, sum(own.reference_words for own in self.errors))

    def difference(self, other: "WindowFigures") -> Estimate:
        """The word error rate minus that of another model or window over the same clips, with its interval."""
        pairs = [pair for pair in zip(self.errors, other.errors, strict=True) if pair[0].reference_words]
        values = [[(own.errors - others.errors) / own.reference_words] for own, others in pairs]
        (found,) = estimates(values, list(map(str, range(len(pairs)))), [own.reference_words for own, _ in pairs])
        return found


def window_figures(
    folder: Path, sounds: Sequence[Waveform], references: Sequence[str], silence: float, language: str = "en"
) -> WindowFigures:
    """Transcribe clips in int8 by beam search without repeated trigrams, and compare them with their references.

    Loops are transcripts that repeat themselves all the same, or reach the limit of tokens.
    """
    engine = WhisperEngine(folder, "cpu", "int8", 1, silence)
    vocabulary = WhisperVocabulary(folder, is_multilingual=engine.is_multilingual)
    prompt = vocabulary.prompt(vocabulary.start(language))
    alike: defaultdict[int, list[int]] = defaultdict(list)
    for number, sound in enumerate(sounds):
        alike[engine.window_for(len(sound))].append(number)
    errors: dict[int, WordErrors] = {}
    loops, began = 0, time.process_time()
    for window, numbers in alike.items():
        for first in range(0, len(numbers), _TOGETHER):
            own = numbers[first : first + _TOGETHER]
            encoded = engine.encode([sounds[number] for number in own], window)
            for number, hypothesis in zip(own, engine.decode(encoded, prompt, no_repeat=_NO_REPEAT), strict=True):
                text = vocabulary.text(hypothesis.tokens)
                errors[number] = word_errors(*scored_words(references[number], text, language=language))
                loops += hypothesis.is_cut or is_loop(words(text))
    return WindowFigures(silence, [errors[number] for number in range(len(sounds))], loops, time.process_time() - began)


def write_report(
    folder: Path,
    base: Path,
    change: LowRankChange,
    losses: Sequence[tuple[float, float]],
    clips: Sequence[Clip],
    work: Path,
) -> None:
    """Write ``report.md`` and its pictures into the folder of a trained model.

    ``clips`` have references and were not trained on; there may be none. What was measured is kept in ``work``, since
    it takes long.
    """
    lines = ["# Whisper for short windows", "", f"Change of `{change.about['base']}`, {change.numbers:,} numbers.", ""]
    lines += [f"* {name}: `{value}`" for name, value in change.about.items()]
    lines += ["", "## Training", "", "![losses](losses.svg)", ""]
    width = max(1, len(losses) // 50)
    means = np.array(losses)[: len(losses) // width * width].reshape(-1, width, 2).mean(axis=1)
    steps = (np.arange(len(means)) + 1) * width
    curves = {"divergence": (steps, means[:, 0]), "error of states": (steps, means[:, 1])}
    _draw(folder / "losses.svg", curves, "step", "loss", is_log=True)
    if clips:
        lines += _comparison(folder, base, clips, work)
    (folder / "report.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _comparison(folder: Path, base: Path, clips: Sequence[Clip], work: Path) -> list[str]:
    sounds = [decode_audio(clip.read(), 60.0) for clip in clips if clip.read]
    references = [clip.row.text for clip in clips if clip.read]
    before, after = (
        [_kept(work, model, sounds, references, silence) for silence in SILENCES] for model in (base, folder)
    )
    curves = {name: (SILENCES, [own.rate for own in found]) for name, found in (("before", before), ("after", after))}
    _draw(folder / "windows.svg", curves, "seconds of silence after the sound", "word error rate", is_log=False)
    lines = [
        "## Word error rate by window",
        "",
        f"{len(sounds)} clips, int8, beam search of 5 without repeated trigrams.",
        "",
    ]
    lines += [
        "| silence | before | loops | after | loops | after, minus before with 8 s |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    for old, new in zip(before, after, strict=True):
        gap = new.difference(before[-1])
        lines.append(
            f"| {old.silence:g} s | {old.rate:.4f} | {old.loops} | {new.rate:.4f} | {new.loops} "
            f"| {gap.mean:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}] |"
        )
    return [*lines, "", "![word error rate by window](windows.svg)"]


def _kept(
    work: Path, folder: Path, sounds: Sequence[Waveform], references: Sequence[str], silence: float
) -> WindowFigures:
    """The figures of an earlier, interrupted report, or new ones."""
    digest = file_digests({"model.bin": folder / "model.bin"})["model.bin"]
    file = work / "figures" / f"{digest[:16]}-{len(sounds)}-{silence:g}.json"
    if file.exists():
        kept: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return WindowFigures(**kept | {"errors": [WordErrors(**each) for each in kept["errors"]]})
    found = window_figures(folder, sounds, references, silence)
    with replaced_whole(file) as temporary:
        temporary.write_text(json.dumps(asdict(found)), encoding="utf-8")
    return found


def _draw(file: Path, curves: Mapping[str, tuple[Any, Any]], across: str, up: str, *, is_log: bool) -> None:
    from matplotlib.figure import Figure

    figure = Figure((7, 3.5), layout="constrained")
    axes = figure.subplots()
    for name, (places, values) in curves.items():
        axes.plot(places, values, marker="." if len(places) < 20 else "", label=name)
    axes.set(xlabel=across, ylabel=up, yscale="log" if is_log else "linear")
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(file)
