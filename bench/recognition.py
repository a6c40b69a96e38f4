"""Whisper compared with faster-whisper: the same clips and weights in one run, two threads each, MP3 to transcripts.

    python bench/recognition.py [TABLE] [--model whisper-tiny.en-short] [--against whisper-tiny.en] [--clips N]
                                [--word-times] [--others] [--windows] [--invariance N] [--json]

TABLE is a CSV file with the columns ``filename``, a path below its folder, and ``text``, the reference; the default are
the sample clips. The systems alternate every hundred clips. Hearsay's pipeline writes clip records, always with word
times and confidences. faster-whisper is called as documented: file by file, with its defaults (beam size 5), and with
word times if ``--word-times`` is set. ``--others`` adds its batched pipeline and its greedy mode, ``--against`` another
model in Hearsay's pipeline, whose weights faster-whisper then has, too.

Word error rates are computed after OpenAI's English normaliser; differences have 95 % intervals by paired bootstrap
over clips. ``*_loops`` are transcripts that repeat themselves. ``--windows`` adds the word error rates and loops of
both models by the seconds of silence after a clip, by beam search without repeated trigrams and without other rules.
``*_share`` are the shares of Hearsay's parts in its time over all threads; ``encode`` excludes the mel features.
``distance_to_limit`` is the ratio of Hearsay's time to the time of the model's multiply-adds at the rate of torch's
int8 matrix products on two threads of this machine (null without torch). ``peak_mb`` is the peak memory of the process,
which holds all systems. ``--invariance N`` adds the figures of `bench/invariance.py` over N clips.
"""

import argparse
import csv
import resource
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)  # asr.py in this folder would shadow the package asr

from whisper_normalizer.english import EnglishTextNormalizer  # noqa: E402

from asr.audio.decoding import decode_audio  # noqa: E402
from asr.models.registry import open_speech_model  # noqa: E402
from asr.models.weights import resolve_weights  # noqa: E402
from asr.pipeline import pipeline as pipeline_module  # noqa: E402
from asr.pipeline.assembly import Models, scheduler_for  # noqa: E402
from asr.pipeline.pipeline import LocalPipeline  # noqa: E402
from asr.settings import AsrSettings  # noqa: E402
from asr.sources.listing import Clip  # noqa: E402
from asr.speech import whisper_decoding  # noqa: E402
from asr.speech.rejection import is_loop  # noqa: E402
from asr.training.window_report import SILENCES, window_figures  # noqa: E402
from bench.figures import SAMPLES, NoEmotionModel, print_figures  # noqa: E402
from bench.invariance import invariance_of  # noqa: E402
from hearsay.records.clip import ClipRow  # noqa: E402
from hearsay.text.intervals import estimates  # noqa: E402
from hearsay.text.normalize import words  # noqa: E402
from hearsay.text.wer import WordErrors, word_errors  # noqa: E402

THREADS = 2
TURN = 100
"""Clips that one system transcribes before the next system continues."""


@dataclass(frozen=True, slots=True)
class Size:
    """A Whisper model: its width, its layers (equal in encoder and decoder), and its vocabulary."""

    width: int
    layers: int
    vocabulary: int


TINY = Size(384, 4, 51_864)
SIZES = {"whisper-tiny.en": TINY, "whisper-tiny.en-short": TINY, "whisper-base": Size(512, 6, 51_865)}

System = Callable[[Sequence[Path]], list[str]]


class Ours:
    """Hearsay's pipeline; ``spent`` are the seconds of its parts, over all threads."""

    def __init__(self, settings: AsrSettings) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)
        self.windows: list[int] = []
        self.tokens = 0
        self.seconds = 0.0
        self._lock = threading.Lock()
        self._is_active = False  # module functions are measured for all systems of this kind
        self._model: Any = open_speech_model(settings).model
        scheduler = scheduler_for(Models(self._model, NoEmotionModel(), ()), settings)
        self._pipeline = LocalPipeline(scheduler, settings.max_clip_seconds)
        engine = self._model._engine
        engine.encode = self._measured(engine.encode, "encode")
        engine.decode = self._measured(engine.decode, "decode")
        engine.align = self._measured(engine.align, "align")
        whisper_decoding.log_mel = self._measured(whisper_decoding.log_mel, "features")
        for part in ("decode_audio", "detect_speech"):
            setattr(pipeline_module, part, self._measured(getattr(pipeline_module, part), part))

    def __call__(self, files: Sequence[Path]) -> list[str]:
        self._is_active = True
        rows = self._pipeline.process([Clip(ClipRow(file.name), file.read_bytes) for file in files])
        self._is_active = False
        if failed := [row.error for row in rows if row.error]:
            raise SystemExit(f"{len(failed)} clips failed; the first: {failed[0]}")
        self.seconds += sum(row.duration or 0.0 for row in rows)
        return [row.generated_text for row in rows]

    def reset(self) -> None:
        """Discard the figures of the warm-up."""
        self.spent.clear()
        self.windows.clear()
        self.tokens, self.seconds = 0, 0.0

    def close(self) -> None:
        self._pipeline.close()

    def _measured(self, work: Callable[..., Any], part: str) -> Callable[..., Any]:
        """The same function, with its time, windows and tokens counted."""

        def measured(*given: Any, **options: Any) -> Any:
            began = time.perf_counter()
            found = work(*given, **options)
            if not self._is_active:
                return found
            with self._lock:
                self.spent[part] += time.perf_counter() - began
                if part == "encode":
                    self.windows += [window.length for window in found]
                if part == "decode":
                    self.tokens += sum(len(hypothesis.tokens) for hypothesis in found)
            return found

        return measured


def faster_whisper_systems(folder: Path, *, word_times: bool, others: bool) -> dict[str, System]:
    """faster-whisper's modes of transcription, by name."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=THREADS)
    batched = BatchedInferencePipeline(model)

    def called(transcribe: Callable[..., Any], **options: Any) -> System:
        def texts(files: Sequence[Path]) -> list[str]:
            found = (transcribe(str(file), language="en", word_timestamps=word_times, **options)[0] for file in files)
            return ["".join(segment.text for segment in segments) for segments in found]

        return texts

    systems = {"faster_whisper": called(model.transcribe)}
    if others:
        systems["faster_whisper_batched"] = called(batched.transcribe, batch_size=8)
        systems["faster_whisper_greedy"] = called(model.transcribe, beam_size=1, best_of=1)
    return systems


@dataclass(slots=True)
class Taken:
    """The seconds that a system took, of the clock and of CPU time; other programs of the machine change these less."""

    clock: float = 0.0
    cpu: float = 0.0


def race(systems: dict[str, System], files: Sequence[Path]) -> tuple[dict[str, Taken], dict[str, list[str]]]:
    """Times and transcripts of each system; the systems are warmed up and alternate."""
    for work in systems.values():
        work(files[:4])
        if isinstance(work, Ours):
            work.reset()
    seconds, texts = {name: Taken() for name in systems}, {name: list[str]() for name in systems}
    for first in range(0, len(files), TURN):
        turn = files[first : first + TURN]
        for name, work in systems.items():
            began, cpu = time.perf_counter(), time.process_time()
            texts[name] += work(turn)
            seconds[name].clock += time.perf_counter() - began
            seconds[name].cpu += time.process_time() - cpu
        done = ", ".join(f"{name} {taken.clock:.1f} s" for name, taken in seconds.items())
        print(f"{min(first + TURN, len(files))} of {len(files)} clips: {done}", file=sys.stderr, flush=True)
    return seconds, texts


def errors_of(references: Sequence[str], texts: Sequence[str]) -> list[WordErrors]:
    normalized = EnglishTextNormalizer()
    pairs = zip(references, texts, strict=True)
    return [word_errors(normalized(reference).split(), normalized(text).split()) for reference, text in pairs]


def rates(errors: dict[str, list[WordErrors]]) -> dict[str, float]:
    """Word error rates, and the paired differences to faster-whisper and another model with their 95 % intervals."""
    found = {f"{name}_wer": rate_of(own) for name, own in errors.items()}
    for name, key in (("faster_whisper", "wer_difference"), ("against", "wer_difference_to_against")):
        if name in errors:
            found |= difference(errors["ours"], errors[name], key)
    return found


def difference(ours: Sequence[WordErrors], theirs: Sequence[WordErrors], key: str) -> dict[str, float]:
    scored = [pair for pair in zip(ours, theirs, strict=True) if pair[0].reference_words]
    differences = [[(own.errors - other.errors) / own.reference_words] for own, other in scored]
    weights = [own.reference_words for own, _ in scored]
    (found,) = estimates(differences, list(map(str, range(len(scored)))), weights)
    return {key: found.mean, f"{key}_low": found.low, f"{key}_high": found.high}


def by_window(models: Sequence[str], rows: Sequence[dict[str, str]], files: Sequence[Path]) -> dict[str, float]:
    """Word error rate and loops of models by the seconds of silence after a clip."""
    sounds = [decode_audio(file.read_bytes(), 600) for file in files]
    found: dict[str, float] = {}
    for model in models:
        folder = resolve_weights(model, AsrSettings()).folder
        for silence in SILENCES:
            own = window_figures(folder, sounds, [row["text"] for row in rows], silence)
            found |= {f"{model}_{silence:g}s_wer": own.rate, f"{model}_{silence:g}s_loops": own.loops}
    return found


def rate_of(errors: Sequence[WordErrors]) -> float:
    return sum(each.errors for each in errors) / sum(each.reference_words for each in errors)


def int8_rate(size: int = 2048) -> float | None:
    """Multiply-adds per second in int8 matrix products on two threads; None without torch."""
    try:
        import torch
    except ModuleNotFoundError:
        return None
    torch.set_num_threads(THREADS)
    left, right = (torch.randint(-127, 127, (size, size), dtype=torch.int8) for _ in range(2))
    best = 1e9
    for _ in range(5):
        began = time.perf_counter()
        torch._int_mm(left, right)
        best = min(best, time.perf_counter() - began)
    return size**3 / best


def multiply_adds(windows: Sequence[int], tokens: int, size: Size) -> float:
    """Of the encoder over windows (in seconds), and of the decoder's beams over all tokens.

    A layer multiplies its input by 4 matrices of width² in attention and by the equivalent of 8 in its feed-forward
    network, and a decoder layer by 2 more in cross-attention, whose keys and values are computed once per window.
    Attention multiplies by the frames twice.
    """
    width, layers = size.width, size.layers
    total = 0.0
    for window in windows:
        frames = 50 * window
        total += 2 * frames * 3 * 80 * width + frames * 3 * width**2  # the convolutions
        total += layers * (12 * frames * width**2 + 2 * frames**2 * width)
        total += layers * 2 * frames * width**2
    frames = 50 * sum(windows) / len(windows)
    return total + whisper_decoding.BEAMS * tokens * (
        layers * (14 * width**2 + 2 * frames * width) + width * size.vocabulary
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path, nargs="?", default=SAMPLES / "clips.csv")
    parser.add_argument("--model", default="whisper-tiny.en-short")
    parser.add_argument("--against", metavar="MODEL")
    parser.add_argument("--clips", type=int, default=1000)
    parser.add_argument("--word-times", action="store_true")
    parser.add_argument("--others", action="store_true")
    parser.add_argument("--windows", action="store_true")
    parser.add_argument("--invariance", type=int, default=0, metavar="N")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with given.table.open(newline="", encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["text"]][: given.clips]
    files = [given.table.parent / row["filename"] for row in rows]
    files = [file if file.exists() else given.table.parent / file.name for file in files]
    settings = AsrSettings(asr_model=given.model, workers=THREADS, device="cpu")
    weights = resolve_weights(given.model, settings)
    theirs = resolve_weights(given.against or given.model, settings)
    ours = Ours(settings)
    systems: dict[str, System] = {"ours": ours}
    if given.against:
        systems["against"] = Ours(settings.model_copy(update={"asr_model": given.against}))
    systems |= faster_whisper_systems(theirs.folder, word_times=given.word_times, others=given.others)
    seconds, texts = race(systems, files)
    for system in systems.values():
        if isinstance(system, Ours):
            system.close()
    figures = figures_of(ours, given.model, rows, seconds, texts)
    if given.windows:
        figures |= by_window([given.model, *filter(None, [given.against])], rows, files)
    if given.invariance:
        figures |= invariance_of(given.table, given.model, weights, given.invariance)
    print_figures(figures, as_json=given.json)


def figures_of(
    ours: Ours, model: str, rows: Sequence[dict[str, str]], seconds: dict[str, Taken], texts: dict[str, list[str]]
) -> dict[str, Any]:
    errors = {name: errors_of([row["text"] for row in rows], own) for name, own in texts.items()}
    spent = ours.spent | {"encode": ours.spent["encode"] - ours.spent["features"]}
    total = sum(spent.values())
    own, others = seconds["ours"], {name: taken for name, taken in seconds.items() if name != "ours"}
    rate, size = int8_rate(), SIZES.get(model)
    limit = multiply_adds(ours.windows, ours.tokens, size) / rate if rate and size else None
    return {
        "clips": len(rows),
        "audio_seconds": ours.seconds,
        **{f"{name}_seconds": taken.clock for name, taken in seconds.items()},
        **{f"{name}_cpu_seconds": taken.cpu for name, taken in seconds.items()},
        "times_real_time": ours.seconds / own.clock,
        **{f"ratio_to_{name}": taken.clock / own.clock for name, taken in others.items()},
        **{f"cpu_ratio_to_{name}": taken.cpu / own.cpu for name, taken in others.items()},
        **rates(errors),
        **{f"{name}_loops": sum(is_loop(words(text)) for text in own) for name, own in texts.items()},
        **{f"{part}_share": taken / total for part, taken in spent.items()},
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "int8_multiply_adds_per_second": rate,
        "distance_to_limit": own.clock / limit if limit else None,
    }


if __name__ == "__main__":
    main()
