"""Speed of transcription compared with the transformers pipeline, on the same clips with the same weights.

    python bench/asr.py [FOLDER_OF_MP3] [--size large|tiny] [--seconds 60] [--rounds 2] [--json]

The weights are random, in the size of wav2vec2-large-960h (317 M parameters), so that the benchmark runs anywhere. The
transformers pipeline is warmed up and runs in inference mode with batch sizes 1 and 8; its files are decoded in this
process, which is faster than its own ffmpeg process per file. ``*_model_seconds`` are measured from audio in memory to
transcripts, ``*_end_to_end_seconds`` from MP3 files. Results of Hearsay include word times, confidences and
alternatives; from files, they are clip rows of its pipeline. ``changed_transcripts`` compares transcripts of clips
in one batch with those of single clips, for two tiny, briefly trained models, one of each family.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)  # because this file, asr.py, would shadow the package asr

import librosa  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from transformers import (  # noqa: E402
    AutomaticSpeechRecognitionPipeline,
    AutoTokenizer,
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForCTC,
)

from asr.audio.decoding import decode_audio  # noqa: E402
from asr.audio.vad import detect_speech  # noqa: E402
from asr.inference.batched_model import BatchedModel  # noqa: E402
from asr.inference.batching import batches, padding_ratio  # noqa: E402
from asr.inference.kernels import PackedLinear, can_pack  # noqa: E402
from asr.inference.precision import cpu_flags, kind_of, multiplies_int8  # noqa: E402
from asr.pipeline.pipeline import LocalPipeline  # noqa: E402
from asr.pipeline.scheduler import Scheduler  # noqa: E402
from asr.sources.listing import Clip  # noqa: E402
from asr.speech.ctc import CtcSpeechModel  # noqa: E402
from asr.types import SAMPLE_RATE, Precision, Waveform  # noqa: E402
from bench.figures import SAMPLES, NoEmotionModel, run_in_scratch  # noqa: E402
from hearsay.records.clip import ClipRow  # noqa: E402
from hearsay.text.wer import word_errors  # noqa: E402
from tests.support.checkpoints import save_wav2vec2, sharpen  # noqa: E402
from tests.support.trained import sample_sentences, save_trained  # noqa: E402

GFLOP_A_SECOND = 45
"""Of the large model, per second of audio."""
SIZES: dict[str, dict[str, Any]] = {
    "large": {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096},
    "tiny": {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128},
}
FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")

Work = Callable[[], list[str]]


@dataclass(slots=True)
class Race:
    """Several methods for the same transcripts, run alternately; the best time of each counts."""

    ways: dict[str, Work]
    seconds: dict[str, float] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)

    def run(self, rounds: int) -> None:
        for number in range(rounds):
            for name, work in self.ways.items():
                started = time.perf_counter()
                self.texts[name] = work()
                took = time.perf_counter() - started
                self.seconds[name] = min(took, self.seconds.get(name, took))
                print(f"round {number + 1}: {name}: {took:.1f} s", file=sys.stderr, flush=True)

    def best(self, *names: str) -> float:
        return min(self.seconds[name] for name in names)


def chosen_files(folder: Path, seconds: float) -> list[Path]:
    """A fixed selection of short clips of the folder, with this total duration."""
    files = sorted(folder.rglob("*.mp3"))
    random.Random(0).shuffle(files)
    found, left = [], seconds
    for file in files:
        length = librosa.get_duration(path=file)
        if length < 30 and left > 0:
            found.append(file)
            left -= length
    return found


def save_random(folder: Path, size: str) -> Path:
    save_wav2vec2(folder)
    torch.manual_seed(0)
    model = Wav2Vec2ForCTC(Wav2Vec2Config(**SIZES[size], vocab_size=32, pad_token_id=0))
    sharpen(model, 20)
    model.save_pretrained(folder)
    return folder


def pipeline_of(folder: Path, kind: torch.dtype) -> AutomaticSpeechRecognitionPipeline:
    return AutomaticSpeechRecognitionPipeline(
        model=Wav2Vec2ForCTC.from_pretrained(folder, dtype=kind, attn_implementation="sdpa").eval(),
        feature_extractor=Wav2Vec2FeatureExtractor.from_pretrained(folder),
        tokenizer=AutoTokenizer.from_pretrained(folder),
        device="cuda" if torch.cuda.is_available() else "cpu",
        dtype=kind,
    )


def by_pipeline(pipeline: Any, sounds: Callable[[], Iterator[Waveform]], size: int) -> list[str]:
    given = ({"raw": sound, "sampling_rate": SAMPLE_RATE} for sound in sounds())
    with torch.inference_mode():
        return [" ".join(said["text"].split()) for said in pipeline(given, batch_size=size)]


def by_us(speech_model: CtcSpeechModel, sounds: Sequence[Waveform]) -> list[str]:
    return [transcript.text for transcript in speech_model.transcribe(list(map(detect_speech, sounds)))]


def rows_by_us(speech_model: CtcSpeechModel, files: Sequence[Path]) -> list[str]:
    pipeline = LocalPipeline(Scheduler(speech_model, NoEmotionModel()), 60)
    rows = pipeline.process([Clip(ClipRow(file.name), file.read_bytes) for file in files])
    pipeline.close()
    return [row.generated_text for row in rows]


def loaded_by_librosa(files: Sequence[Path]) -> Iterator[Waveform]:
    return (librosa.load(file, sr=SAMPLE_RATE)[0] for file in files)


def race(folder: Path, files: Sequence[Path], sounds: Sequence[Waveform], kinds: Sequence[str]) -> Race:
    ways: dict[str, Work] = {}
    for kind in kinds:
        pipeline = pipeline_of(folder, getattr(torch, kind))
        speech_model = CtcSpeechModel(str(folder), "auto", precision_of(kind))
        for size in (1, 8):
            name = f"pipeline_{kind}_batch_{size}"
            ways[f"{name}_model"] = partial(by_pipeline, pipeline, lambda: iter(sounds), size)
            ways[f"{name}_end_to_end"] = partial(by_pipeline, pipeline, lambda: loaded_by_librosa(files), size)
        ways[f"ours_{kind}_model"] = partial(by_us, speech_model, sounds)
        ways[f"ours_{kind}_end_to_end"] = partial(rows_by_us, speech_model, files)
        by_us(speech_model, sounds[:2])  # warmed up, as the pipeline is
        by_pipeline(pipeline, lambda: iter(sounds[:2]), 1)
    if has_int8():
        ways["ours_int8_model"] = partial(by_us, CtcSpeechModel(str(folder), "cpu", "int8"), sounds)
    return Race(ways)


def has_int8() -> bool:
    return not torch.cuda.is_available() and multiplies_int8()


def precision_of(kind: str) -> Precision:
    return next(known for known in ("float32", "bfloat16", "float16") if known == kind)


def ceiling(kind: torch.dtype, size: int = 2048) -> float:
    """TFLOP/s of the fastest matrix product on this machine: by torch, or with one matrix packed in advance."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    matrix = torch.randn(size, size, device=device).to(kind)
    products: list[Callable[[], torch.Tensor]] = [lambda: matrix @ matrix]
    if device == "cpu" and can_pack(kind):
        packed = PackedLinear(torch.nn.Linear(size, size, dtype=kind))
        products.append(lambda: packed(matrix))
    best = float("inf")
    with torch.inference_mode():
        for product in products * 8:
            started = time.perf_counter()
            product()[0, 0].item()
            best = min(best, time.perf_counter() - started)
    return 2 * size**3 / best / 1e12


def spent(speech_model: CtcSpeechModel, sounds: Sequence[Waveform]) -> dict[str, float]:
    """Seconds of one pass over all clips, by part of the model; the rest is features, heads and decoding."""
    model = acoustics_of(speech_model)._model
    parts = {
        "convolutions": [model.wav2vec2.feature_extractor],
        "positions": [model.wav2vec2.encoder.pos_conv_embed],
        "attention": [layer.attention for layer in model.wav2vec2.encoder.layers],
        "feed_forward": [layer.feed_forward for layer in model.wav2vec2.encoder.layers],
    }
    found = dict.fromkeys(parts, 0.0)
    hooks = [hook for name, modules in parts.items() for each in modules for hook in _timed(each, name, found)]
    started = time.perf_counter()
    by_us(speech_model, sounds)
    whole = time.perf_counter() - started
    for hook in hooks:
        hook.remove()
    return {f"spent_{name}": took / whole for name, took in (found | {"rest": whole - sum(found.values())}).items()}


def acoustics_of(speech_model: CtcSpeechModel) -> BatchedModel:
    return speech_model._batched_model


def _timed(module: torch.nn.Module, name: str, found: dict[str, float]) -> Iterator[Any]:
    def began(*_: object) -> None:
        found[name] -= time.perf_counter()

    def ended(*_: object) -> None:
        found[name] += time.perf_counter()

    yield module.register_forward_pre_hook(began)
    yield module.register_forward_hook(ended)


def changed(ones: Sequence[str], others: Sequence[str]) -> int:
    return sum(one != other for one, other in zip(ones, others, strict=True))


def exactness(folder: Path, files: Sequence[Path], lowest: str) -> dict[str, int]:
    """Numbers of transcripts of trained models that change in a batch, in half precision and in int8."""
    counted = ("changed_transcripts", "changed_transcripts_half", "changed_by_half", "trained_transcripts")
    found = dict.fromkeys((*counted, "changed_by_int8", "words_changed_by_int8", "trained_words"), 0)
    sounds = [decode_audio(file.read_bytes(), 60) for file in files]
    for norm in ("group", "layer"):
        print(f"training a tiny model with {norm} norm", file=sys.stderr, flush=True)
        name = str(save_trained(folder / norm, norm, sample_sentences(SAMPLES)))
        texts: dict[tuple[str, bool], list[str]] = {}
        for kind in ("float32", lowest):
            speech_model = CtcSpeechModel(name, "auto", precision_of(kind))
            texts[kind, True] = by_us(speech_model, sounds)
            texts[kind, False] = [text for sound in sounds for text in by_us(speech_model, [sound])]
        full = texts["float32", False]
        if has_int8():
            whole = by_us(CtcSpeechModel(name, "cpu", "int8"), sounds)
            found["changed_by_int8"] += changed(full, whole)
            found["words_changed_by_int8"] += sum(
                word_errors(one.split(), other.split()).errors for one, other in zip(full, whole, strict=True)
            )
        found["trained_transcripts"] += len(sounds)
        found["trained_words"] += sum(len(text.split()) for text in full)
        found["changed_transcripts"] += changed(texts["float32", True], full)
        found["changed_transcripts_half"] += changed(texts[lowest, True], texts[lowest, False])
        found["changed_by_half"] += changed(full, texts[lowest, False])
    return found


def figures_of(given: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    files = chosen_files(given.clips, given.seconds)
    sounds = [decode_audio(file.read_bytes(), 60) for file in files]
    audio = sum(map(len, sounds)) / SAMPLE_RATE
    lowest = str(kind_of("auto", "cuda" if torch.cuda.is_available() else "cpu")).removeprefix("torch.")
    folder = save_random(scratch / "random", given.size)
    timed = race(folder, files, sounds, tuple(dict.fromkeys(("float32", lowest))))
    timed.run(given.rounds)
    seconds, top = timed.seconds, {kind: ceiling(getattr(torch, kind)) for kind in {"float32", lowest}}
    work = GFLOP_A_SECOND * audio / 1e3
    reached = {
        kind: work / seconds[f"ours_{kind}_model"] / top[kind] if given.size == "large" else None for kind in top
    }
    model = CtcSpeechModel(str(folder), "auto", precision_of(lowest))
    most = acoustics_of(model)._max_samples
    lengths = list(map(len, sounds))
    return (
        {"cpu_flags": [flag for flag in FLAGS if flag in cpu_flags()], "precision": lowest, "clips": len(files)}
        | {"audio_seconds": audio, "padding_ratio": padding_ratio(lengths, batches(lengths, most))}
        | ratios(timed, lowest)
        | exactness(scratch, files, lowest)
        | {"ceiling_tflops": top[lowest], "ceiling_float32_tflops": top["float32"]}
        | {"share_of_ceiling": reached[lowest], "share_of_ceiling_float32": reached["float32"]}
        | spent(model, sounds)
        | {f"{name}_seconds": took for name, took in seconds.items()}
    )


def ratios(timed: Race, lowest: str) -> dict[str, Any]:
    """Speedup over the fastest pipeline; ``_bf16`` is None if this machine has no half precision."""
    found: dict[str, Any] = {}
    for part, name in (("model", "model_ratio"), ("end_to_end", "end_to_end_ratio")):
        for kind, suffix in (("float32", ""), (lowest, "_bf16")):
            others = timed.best(*(f"pipeline_{kind}_batch_{size}_{part}" for size in (1, 8)))
            found[name + suffix] = others / timed.seconds[f"ours_{lowest}_{part}"]
        found[f"{name}_float32"] = (
            found[name] * timed.seconds[f"ours_{lowest}_{part}"] / timed.seconds[f"ours_float32_{part}"]
        )
        if lowest == "float32":
            found[f"{name}_bf16"] = None
    alone = timed.texts["pipeline_float32_batch_1_model"]
    found["changed_from_pipeline"] = changed(timed.texts["ours_float32_model"], alone)
    found["changed_by_pipelines_batches"] = changed(timed.texts["pipeline_float32_batch_8_model"], alone)
    return found


def main() -> None:
    transformers.utils.logging.disable_progress_bar()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="?", default=SAMPLES)
    parser.add_argument("--size", choices=sorted(SIZES), default="large")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=2)
    run_in_scratch(parser, figures_of)


if __name__ == "__main__":
    main()
