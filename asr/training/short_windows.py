"""Trains Whisper for windows as short as the clip: ``hearsay train-whisper --short-windows``.

Whisper's encoder was trained on windows of 30 s and repeats itself in shorter ones. The training gives it, in a window
that ends soon after the sound, the decoder states that the same weights give with 30 s (knowledge distillation: Hinton
et al., 2015, arXiv 1503.02531). The transcripts are those of the untouched model, so that audio is all it needs.
docs/recognition.md explains why this works, and what was measured.
"""

import json
import math
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import WhisperForConditionalGeneration

from asr.audio.decoding import decode_audio
from asr.audio.mel import HOP
from asr.errors import AsrError, BadSource
from asr.inference.weights import file_digests
from asr.models.cache import placed_whole
from asr.models.low_rank import BASE, SETTINGS, LowRankChange, write_adapted, write_change
from asr.models.weights import Weights
from asr.sources.listing import Clip, Reader
from asr.speech.whisper_decoding import LONGEST_WINDOW, WindowLimits
from asr.training.lora import TrainedChange
from asr.training.teacher import Lesson, TeacherCache, TrainingAudio, read_lesson
from asr.training.whisper_checkpoint import decoded, encoded, whisper_from_ctranslate2
from asr.training.window_report import write_report
from asr.types import SAMPLE_RATE
from hearsay.errors import AudioError, AudioTooLong
from hearsay.records.files import replaced_whole

FRAMES_A_SECOND: Final = SAMPLE_RATE // HOP

LIMITS: Final = WindowLimits(trailing_silence=0.5, longest_run=7.0)
"""The windows that a trained model is used with; docs/recognition.md has the measurements that they were chosen by."""

CHANGE_FILE: Final = "change.safetensors"

Losses = tuple[float, float]
"""Of one step: Kullback–Leibler divergence from the teacher's tokens, and relative squared error of the states."""

_LONGEST_CLIP: Final = 28.0  # seconds
_SOUND_TOKENS: Final = 6  # of a sound without speech; what the teacher writes after these tokens is not useful
_PADDING: Final = -1
_LINE_EVERY: Final = 50  # steps
_STORED_EVERY: Final = 100


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is trained; the defaults are those of the change that is part of Hearsay.

    ``joined`` is the number of recordings joined from several clips, in proportion to the clips, ``sounds`` that of
    synthetic sounds without speech. Of the batches, ``medium`` have windows with up to 8 s of silence and ``whole``
    have 30 s; all others end between 0.2 and 2 s after the sound.
    """

    seed: int = 2026
    steps: int = 1600
    batch: int = 8
    rank: int = 16
    rate: float = 1e-3
    norm_rate: float = 2.5e-4
    warm_up: int = 30
    joined: float = 0.15
    joined_seconds: tuple[float, float] = (10.0, 24.0)
    sounds: float = 0.07
    silence: tuple[float, float] = (0.2, 2.0)
    medium: float = 0.08
    whole: float = 0.01
    random_tokens: int = 1500


def training_items(clips: Sequence[Clip], recipe: Recipe) -> list[TrainingAudio]:
    """The training data: the clips, recordings joined from them, and sounds without speech.

    Clips of more than 28 s, and files that are not audio, are left out, and named on standard error. Raises `BadSource`
    if nothing is left.
    """
    short = [
        (clip.read, seconds) for clip in clips if clip.read and (seconds := _usable_seconds(clip.read, clip.row.id))
    ]
    if not short:
        raise BadSource(f"None of {len(clips)} files is a clip of at most {_LONGEST_CLIP:.0f} s; name another folder.")
    random = np.random.default_rng(recipe.seed)
    items = [TrainingAudio("clip", (read,)) for read, _ in short]
    for _ in range(round(recipe.joined * len(short))):
        most, joined, total = random.uniform(*recipe.joined_seconds), list[Reader](), 0.0
        for at in random.permutation(len(short)):
            read, seconds = short[at]
            if total + seconds > most:
                if joined:
                    break
                continue
            joined.append(read)
            total += seconds
        items.append(TrainingAudio("joined", tuple(joined), int(random.integers(2**31))))
    seeds = random.integers(2**31, size=round(recipe.sounds * len(short)))
    return items + [TrainingAudio("sound", seed=int(seed)) for seed in seeds]


def _usable_seconds(read: Reader, name: str) -> float:
    """The length of a clip; 0 if it is left out."""
    try:
        return len(decode_audio(read(), _LONGEST_CLIP)) / SAMPLE_RATE
    except AudioTooLong:
        problem = f"longer than {_LONGEST_CLIP:.0f} s"
    except AudioError as found:
        problem = str(found)
    print(f"left out: {name}: {problem}", file=sys.stderr, flush=True)
    return 0.0


def _digest_of(clips: Sequence[Clip]) -> str:
    """SHA-256 over the sorted digests of all clips."""
    return sha256("".join(sorted(sha256(clip.read()).hexdigest() for clip in clips if clip.read)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Example:
    """A training item on disk: its length in frames, and how many of its tokens are used."""

    file: Path
    frames: int
    most_tokens: int | None


def train_short_windows(
    weights: Weights,
    clips: Sequence[Clip],
    out: Path,
    work: Path,
    recipe: Recipe,
    measured: Sequence[Clip] = (),
    about_data: str = "",
) -> None:
    """Train on clips, and write a folder with the model, its change of the weights, and a report on ``measured`` clips.

    ``about_data`` says what the clips are. ``work`` keeps what an interrupted training needs to go on; ``out`` appears
    whole. Raises `AsrError` or `BadSource`.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    items = training_items(clips, recipe)
    arrays, losses = ShortWindowTraining(weights.folder, work, recipe).run(items)
    about = {
        BASE: file_digests({"model.bin": weights.folder / "model.bin"})["model.bin"],
        "base": weights.name,
        SETTINGS: json.dumps(asdict(LIMITS)),
        "recipe": json.dumps({"trained_by": "hearsay train-whisper --short-windows"} | asdict(recipe)),
        "data": " ".join(filter(None, (about_data, f"{len(clips)} clips, SHA-256 {_digest_of(clips)}"))),
    }
    change = LowRankChange(arrays, about)
    with placed_whole(out) as unfinished:
        folder = unfinished / "files"
        write_change(change, folder / CHANGE_FILE)
        write_adapted(change, weights.folder, folder)
        write_report(folder, weights.folder, change, losses, measured, work)


class ShortWindowTraining:
    """A training that can be interrupted and continued: its state is in ``work``, with the outputs of the teacher.

    The same audio, recipe and seed give the same steps, whether or not there was an interruption.
    """

    def __init__(self, model: Path, work: Path, recipe: Recipe) -> None:
        self._recipe, self._model, self._checkpoint = recipe, model, work / "checkpoint.pt"
        self._teacher = TeacherCache(work / "teacher", model)

    def run(self, items: Sequence[TrainingAudio]) -> tuple[dict[str, NDArray[np.float16]], list[Losses]]:
        """Train all steps; returns the change of the weights and the losses of every step."""
        examples, likely = _examples(items, self._teacher.complete(items))
        student = whisper_from_ctranslate2(self._model)
        change = TrainedChange(student, self._recipe.rank, self._recipe.seed)
        _halve(student)
        optimizer = torch.optim.AdamW(
            [
                {"params": change.matrices(), "lr": self._recipe.rate},
                {"params": change.vectors(), "lr": self._recipe.norm_rate},
            ],
            weight_decay=0.0,
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self._share_of_rate)
        losses = self._resumed(items, change, optimizer, schedule)
        embedding = self._embedding(student, likely)
        began, first = time.monotonic(), len(losses)
        for step, batch in enumerate(self._batches(examples, first), first):
            divergence, error = self._losses(
                student, embedding, batch, np.random.default_rng((self._recipe.seed, 1, step))
            )
            optimizer.zero_grad()
            torch.autograd.backward(divergence + error)
            nn.utils.clip_grad_norm_([*change.matrices(), *change.vectors()], 1.0)
            optimizer.step()
            schedule.step()
            losses.append((divergence.item(), error.item()))
            done = step + 1
            if done % _LINE_EVERY == 0 or done == self._recipe.steps:
                _print_progress(losses, self._recipe.steps, (time.monotonic() - began) / (done - first))
            if done % _STORED_EVERY == 0 or done == self._recipe.steps:
                self._store(items, change, optimizer, schedule, losses)
        return change.arrays(), losses

    def _share_of_rate(self, step: int) -> float:
        """The factor of the learning rate: a short linear rise, then half a cosine down to a hundredth."""
        if step < self._recipe.warm_up:
            return (step + 1) / self._recipe.warm_up
        share = min(1.0, (step - self._recipe.warm_up) / max(1, self._recipe.steps - self._recipe.warm_up))
        return 0.01 + 0.99 * (1 + math.cos(math.pi * share)) / 2

    def _batches(self, examples: Sequence[_Example], start: int) -> Iterator[list[_Example]]:
        """Batches of examples of similar length from a step on, in an order that depends only on the seed."""
        step, size = 0, self._recipe.batch
        for epoch in range(self._recipe.steps):
            random = np.random.default_rng((self._recipe.seed, 0, epoch))
            lengths = np.array([example.frames for example in examples]) * random.uniform(0.9, 1.1, len(examples))
            order = np.argsort(lengths)
            batches = [order[at : at + size] for at in range(0, len(order), size)]
            for at in random.permutation(len(batches)):
                if step >= self._recipe.steps:
                    return
                if step >= start:
                    yield [examples[each] for each in batches[at]]
                step += 1

    def _losses(
        self,
        student: WhisperForConditionalGeneration,
        embedding: Tensor,
        batch: Sequence[_Example],
        random: np.random.Generator,
    ) -> tuple[Tensor, Tensor]:
        """Divergence from the teacher's distribution, and relative squared error of the decoder's last state."""
        lessons = [read_lesson(example.file, example.most_tokens) for example in batch]
        frames = self._frames(max(example.frames for example in batch), random)
        features = torch.from_numpy(np.stack([lesson.window(frames) for lesson in lessons]))
        tokens, wanted, is_real = _padded(lessons)
        with torch.autocast("cpu", torch.bfloat16):
            states = decoded(student, encoded(student, features), tokens)[is_real].float()
            wanted = wanted[is_real]
            logits = nn.functional.linear(states, embedding).float()
            targets = nn.functional.linear(wanted, embedding).float()
        divergence = nn.functional.kl_div(
            logits.log_softmax(-1), targets.log_softmax(-1), reduction="batchmean", log_target=True
        )
        return divergence, ((states - wanted).square().sum(-1) / wanted.square().sum(-1)).mean()

    def _frames(self, sound: int, random: np.random.Generator) -> int:
        """The number of frames of the window for a recording with this number of frames."""
        recipe, kind = self._recipe, random.random()
        if kind < recipe.whole:
            return LONGEST_WINDOW * FRAMES_A_SECOND
        silence = random.uniform(recipe.silence[1], 8.0) if kind < recipe.whole + recipe.medium else 0.0
        frames = sound + round((silence or random.uniform(*recipe.silence)) * FRAMES_A_SECOND)
        return min(LONGEST_WINDOW * FRAMES_A_SECOND, frames + frames % 2)

    def _embedding(self, student: nn.Module, likely: NDArray[np.int64]) -> Tensor:
        """Embeddings of all tokens that the teacher considers anywhere, and of random others: (tokens, width)."""
        weight = student.get_parameter("model.decoder.embed_tokens.weight")
        random = np.random.default_rng((self._recipe.seed, 2))
        others = random.choice(len(weight), min(len(weight), self._recipe.random_tokens), replace=False)
        return weight[torch.from_numpy(np.union1d(likely, others))].detach()

    def _description(self, items: Sequence[TrainingAudio]) -> str:
        """The parameters and data that determine all steps of a training."""
        return repr((asdict(self._recipe), [item.key("") for item in items]))

    def _store(
        self, items: Sequence[TrainingAudio], change: TrainedChange, optimizer: Any, schedule: Any, losses: list[Losses]
    ) -> None:
        kept = {
            "of": self._description(items),
            "change": change.state(),
            "optimizer": optimizer.state_dict(),
            "schedule": schedule.state_dict(),
            "losses": losses,
        }
        with replaced_whole(self._checkpoint) as temporary:
            torch.save(kept, temporary)

    def _resumed(
        self, items: Sequence[TrainingAudio], change: TrainedChange, optimizer: Any, schedule: Any
    ) -> list[Losses]:
        """The losses so far of an interrupted run, which is continued.

        Raises `AsrError` if it was one with other audio or by another recipe.
        """
        if not self._checkpoint.exists():
            return []
        kept = torch.load(self._checkpoint, weights_only=True)
        if kept["of"] != self._description(items):
            raise AsrError(
                f"{self._checkpoint} is of a training with other audio or other options; continue that one, or remove "
                "the file to start over."
            )
        change.load(kept["change"])
        optimizer.load_state_dict(kept["optimizer"])
        schedule.load_state_dict(kept["schedule"])
        print(f"continuing after step {len(kept['losses'])}", file=sys.stderr, flush=True)
        return [tuple(each) for each in kept["losses"]]


def _print_progress(losses: Sequence[Losses], steps: int, seconds_a_step: float) -> None:
    means = np.mean(losses[-_LINE_EVERY:], axis=0)
    print(
        f"step {len(losses)} of {steps}: divergence {means[0]:.4f}, error of states {means[1]:.4f}, "
        f"{(steps - len(losses)) * seconds_a_step / 60:.0f} min left",
        file=sys.stderr,
        flush=True,
    )


def _examples(items: Sequence[TrainingAudio], files: Sequence[Path]) -> tuple[list[_Example], NDArray[np.int64]]:
    """The items without those in which the teacher repeats itself, and all tokens that it considers likely."""
    examples, likely = [], np.zeros(0, np.int64)
    for item, file in zip(items, files, strict=True):
        with np.load(file) as held:
            if held["is_loop"] and item.kind != "sound":
                continue
            likely = np.union1d(likely, held["likely"])
            most = _SOUND_TOKENS if item.kind == "sound" else None
            examples.append(_Example(file, held["features"].shape[1], most))
    return examples, likely


def _padded(lessons: Sequence[Lesson]) -> tuple[Tensor, Tensor, Tensor]:
    """Tokens, the states after each, and a mask of those that exist: (lessons, tokens), the states by width."""
    longest, width = max(len(lesson.states) for lesson in lessons), lessons[0].states.shape[1]
    tokens = torch.zeros((len(lessons), longest), dtype=torch.int64)
    states, is_real = (
        torch.zeros((len(lessons), longest, width)),
        torch.zeros((len(lessons), longest), dtype=torch.bool),
    )
    for at, lesson in enumerate(lessons):
        count = len(lesson.states)
        tokens[at, :count] = torch.from_numpy(lesson.tokens[:count])
        states[at, :count], is_real[at, :count] = torch.from_numpy(lesson.states), True
    return tokens, states, is_real


def _halve(model: nn.Module) -> None:
    """Convert frozen matrices to bfloat16; trained parameters stay in float32."""
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv1d):
            module.to(torch.bfloat16)
