"""Time of both models over hours of MP3 files, warmed up, and the slowest stage; intended for GPUs.

    python bench/hours.py [FOLDER_OF_MP3] [--hours 5] [--size large|tiny] [--json]

Clips are repeated up to that duration, each under its own name, and processed from files to journal and CSV as by
`python -m asr decode`, with its settings (DEVICE, PRECISION, BATCH_SECONDS, BATCH_CLIPS). Weights are random, in the
sizes of wav2vec2-large-960h and of the large emotion model, so that the benchmark runs anywhere. ``both`` and ``asr``
are complete runs, the latter without emotion. Each of ``stage_*_seconds`` is a single stage over the same clips: audio
decoding in as many threads as in a run, the forward passes of the models in one thread, and in one thread the CTC
decoding of words with times and alternatives.
``gpu_utilisation`` is the mean utilisation that nvidia-smi reports during ``both``, from 0 to 1, None if not available.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from statistics import mean
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)  # asr.py in this folder would shadow the package asr

import torch  # noqa: E402
import transformers  # noqa: E402
from rich.console import Console  # noqa: E402
from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2ForSequenceClassification  # noqa: E402

from asr.audio.decoding import decode_audio  # noqa: E402
from asr.audio.vad import detect_speech  # noqa: E402
from asr.emotion.classifier import ClassifierEmotionModel  # noqa: E402
from asr.inference.batched_model import PieceOutput  # noqa: E402
from asr.inference.precision import kind_of  # noqa: E402
from asr.pipeline.assembly import limits_for  # noqa: E402
from asr.pipeline.batch import BATCHES_AT_ONCE, Summary, decode  # noqa: E402
from asr.pipeline.pipeline import AUDIO_DECODERS, LocalPipeline  # noqa: E402
from asr.pipeline.progress import DecodingProgress  # noqa: E402
from asr.pipeline.scheduler import Scheduler  # noqa: E402
from asr.settings import AsrSettings  # noqa: E402
from asr.sources.listing import Clip, Listing  # noqa: E402
from asr.speech.ctc import CtcSpeechModel  # noqa: E402
from asr.types import (  # noqa: E402
    SAMPLE_RATE,
    EmotionModel,
    Waveform,
)
from bench.asr import SIZES, acoustics_of, chosen_files, save_random  # noqa: E402
from bench.figures import SAMPLES, NoEmotionModel, run_in_scratch  # noqa: E402
from hearsay.config import read_settings  # noqa: E402
from hearsay.records.clip import ClipRow  # noqa: E402

LONGEST = 60.0
SECONDS_BETWEEN_LOOKS = 0.1


@dataclass(frozen=True, slots=True)
class Hours:
    """Files that are repeated, and the audio of each."""

    files: Sequence[Path]
    sounds: Sequence[Waveform]
    seconds: float

    def repeated(self) -> Iterator[int]:
        """Indices of files, repeated in order, until they have this total duration."""
        left = self.seconds
        for number in cycle(range(len(self.files))):
            if left <= 0:
                return
            left -= len(self.sounds[number]) / SAMPLE_RATE
            yield number

    def clips(self) -> tuple[Clip, ...]:
        return tuple(
            Clip(ClipRow(f"hours/{count:06}.mp3", dataset="hours"), self.files[number].read_bytes)
            for count, number in enumerate(self.repeated())
        )

    def all_sounds(self) -> list[Waveform]:
        return [self.sounds[number] for number in self.repeated()]


def save_emotions(folder: Path, size: str) -> Path:
    """A classifier of the layer-norm family with eight emotions."""
    torch.manual_seed(0)
    labels = ("angry", "disgust", "fear", "happiness", "neutral", "sadness", "surprise", "other")
    family = {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True}
    config = Wav2Vec2Config(**SIZES[size], **family, id2label=dict(enumerate(labels)))
    Wav2Vec2ForSequenceClassification(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(return_attention_mask=True).save_pretrained(folder)
    return folder


def timed(name: str, work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    took = time.perf_counter() - started
    print(f"{name}: {took:.1f} s", file=sys.stderr, flush=True)
    return took


def run(
    clips: Sequence[Clip], speech_model: CtcSpeechModel, emotion_model: EmotionModel, settings: AsrSettings
) -> Summary:
    """The same as in `python -m asr decode`."""
    scheduler = Scheduler(speech_model, emotion_model, limits_for(speech_model, settings))
    pipeline = LocalPipeline(scheduler, LONGEST)
    with tempfile.TemporaryDirectory() as out, DecodingProgress(Console(quiet=True)) as progress:
        summary = decode([Listing(tuple(clips))], pipeline, Path(out), settings.batch_clips, progress)
    pipeline.close()
    if failed := [*summary.failed, *summary.failed_in_part]:
        sys.exit(f"{len(failed)} clips failed, the first one: {failed[0].error}")
    return summary


def decode_all(hours: Hours) -> None:
    with ThreadPoolExecutor(AUDIO_DECODERS * BATCHES_AT_ONCE) as decoders:
        for _ in decoders.map(lambda number: decode_audio(hours.files[number].read_bytes(), LONGEST), hours.repeated()):
            pass


def spell_all(speech_model: CtcSpeechModel, batches: Iterable[list[PieceOutput]]) -> None:
    for batch in batches:
        speech_model._decoder.words(batch)


def stages(hours: Hours, speech_model: CtcSpeechModel, emotion_model: ClassifierEmotionModel) -> dict[str, Any]:
    """Seconds of each single stage."""
    clips = list(map(detect_speech, hours.all_sounds()))
    batches: list[list[PieceOutput]] = []
    found = {
        "decode": timed("decoding alone", lambda: decode_all(hours)),
        "asr": timed("speech model alone", lambda: batches.extend(acoustics_of(speech_model).batches(clips))),
        "spelling": timed("spelling alone", lambda: spell_all(speech_model, batches)),
        "ser": timed("emotion model alone", lambda: deque(acoustics_of(emotion_model).outputs(clips), maxlen=0)),
    }
    slowest = max(found, key=lambda name: found[name])
    return {f"stage_{name}_seconds": took for name, took in found.items()} | {"slowest_stage": slowest}


@contextmanager
def utilisation(found: dict[str, Any]) -> Iterator[None]:
    """Add to ``found`` the utilisation of the GPU and of all cores during the block."""
    program = shutil.which("nvidia-smi")
    every = str(round(1000 * SECONDS_BETWEEN_LOOKS))
    asked = ["--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "-i", "0", "-lms", every]
    looking = subprocess.Popen([program, *asked], stdout=subprocess.PIPE, text=True) if program else None
    started, worked = time.perf_counter(), time.process_time()
    yield
    cores = (time.process_time() - worked) / (time.perf_counter() - started)
    shares: list[float] = []
    if looking:
        looking.terminate()
        shares = [float(line) / 100 for line in looking.communicate()[0].splitlines() if line.strip().isdecimal()]
    found |= {"cpu_utilisation": cores / (os.cpu_count() or 1), "gpu_utilisation": mean(shares) if shares else None}


def versions(settings: AsrSettings, device: str) -> dict[str, Any]:
    return {
        "device": torch.cuda.get_device_name() if device.startswith("cuda") else platform.processor() or "cpu",
        "cores": os.cpu_count(),
        "precision": str(kind_of(settings.precision, device)).removeprefix("torch."),
        "python_version": platform.python_version(),
        "torch_version": torch.__version__,
        "transformers_version": transformers.__version__,
        "cuda_version": torch.version.cuda,
    }


def figures_of(given: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    settings = read_settings(AsrSettings)
    options = settings.device, settings.precision, settings.batch_seconds
    speech_model = CtcSpeechModel(str(save_random(scratch / "asr", given.size)), *options)
    emotion_model = ClassifierEmotionModel(str(save_emotions(scratch / "ser", given.size)), *options)
    files = chosen_files(given.clips, min(600, 3600 * given.hours))
    hours = Hours(files, [decode_audio(file.read_bytes(), LONGEST) for file in files], 3600 * given.hours)
    clips = hours.clips()
    timed("warming up", lambda: run(clips[: len(files)], speech_model, emotion_model, settings))
    found = versions(settings, speech_model.device) | {"clips": len(clips)}
    with utilisation(found):
        found["both_seconds"] = timed(
            "both models, files to rows", lambda: run(clips, speech_model, emotion_model, settings)
        )
    found["asr_seconds"] = timed(
        "speech alone, files to rows", lambda: run(clips, speech_model, NoEmotionModel(), settings)
    )
    found["audio_seconds"] = audio = sum(map(len, hours.all_sounds())) / SAMPLE_RATE
    found |= {f"{name}_times_real_time": audio / found[f"{name}_seconds"] for name in ("both", "asr")}
    return found | stages(hours, speech_model, emotion_model)


def main() -> None:
    transformers.utils.logging.disable_progress_bar()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="?", default=SAMPLES)
    parser.add_argument("--hours", type=float, default=5)
    parser.add_argument("--size", choices=sorted(SIZES), default="large")
    run_in_scratch(parser, figures_of)


if __name__ == "__main__":
    main()
