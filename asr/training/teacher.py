"""Outputs of the unmodified Whisper model for the training audio in windows of 30 s, computed once and kept on disk.

No references are needed: the transcripts are the model's own. The last states of its decoder are stored with them.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import WhisperForConditionalGeneration

from asr.audio.decoding import decode_audio
from asr.audio.mel import HOP, log_mel
from asr.inference.weights import file_digests
from asr.sources.listing import Reader
from asr.speech.rejection import is_loop
from asr.speech.whisper_decoding import LONGEST_WINDOW, EncodedWindow, WhisperEngine
from asr.speech.whisper_tokens import WhisperVocabulary
from asr.training.non_speech import sound_without_speech
from asr.training.whisper_checkpoint import decoded, whisper_from_ctranslate2
from asr.types import SAMPLE_RATE, Waveform
from hearsay.records.files import replaced_whole
from hearsay.text.normalize import words

LIKELY: Final = 0.001
"""A token to which the teacher gives a higher probability anywhere is compared at every position."""

_VERSION: Final = "1"
_TOGETHER: Final = 8
_NO_REPEAT: Final = 3
_PAUSES: Final = (0.1, 0.6)  # seconds between joined clips


@dataclass(frozen=True, slots=True)
class TrainingAudio:
    """Training audio: a clip, several clips joined with pauses, or a synthetic sound without speech."""

    kind: Literal["clip", "joined", "sound"]
    sources: tuple[Reader, ...] = ()
    seed: int = 0

    def waveform(self) -> Waveform:
        random = np.random.default_rng(self.seed)
        if self.kind == "sound":
            return sound_without_speech(random)
        parts: list[Waveform] = []
        for read in self.sources:
            pause = np.zeros(int(random.uniform(*_PAUSES) * SAMPLE_RATE) if parts else 0, np.float32)
            parts += [pause, decode_audio(read(), LONGEST_WINDOW)]
        return np.concatenate(parts)

    def key(self, teacher: str) -> str:
        """The name of the file with the teacher's output: it depends on the audio and the teacher's weights."""
        contents = [sha256(read()).hexdigest() for read in self.sources]
        return sha256("\0".join([_VERSION, teacher, self.kind, str(self.seed), *contents]).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """The output of the teacher for an item.

    ``features`` is the log-mel spectrogram of the sound alone, shape (bands, frames), ``silence`` the value of frames
    after it. ``tokens`` are the prompt and the transcript with its end, ``states`` the decoder's last states for each
    but the last, shape (tokens - 1, width).
    """

    features: NDArray[np.float32]
    silence: float
    tokens: NDArray[np.int64]
    states: NDArray[np.float32]

    def window(self, frames: int) -> NDArray[np.float32]:
        """The log-mel spectrogram of a window with this number of frames."""
        found = np.full((len(self.features), frames), self.silence, np.float32)
        found[:, : self.features.shape[1]] = self.features[:, :frames]
        return found


class TeacherCache:
    """The teacher's outputs in a folder, one file per item, written atomically: an interrupted run can be continued."""

    def __init__(self, folder: Path, model: Path) -> None:
        self._folder, self._model = folder, model
        self._teacher = file_digests({"model.bin": model / "model.bin"})["model.bin"]

    def complete(self, items: Sequence[TrainingAudio]) -> list[Path]:
        """The files with the outputs for all items; missing ones are computed, and the progress is printed."""
        self._folder.mkdir(parents=True, exist_ok=True)
        files = [self._folder / f"{item.key(self._teacher)}.npz" for item in items]
        missing = [(item, file) for item, file in zip(items, files, strict=True) if not file.exists()]
        began = time.monotonic()
        for first in range(0, len(missing), _TOGETHER):
            group = missing[first : first + _TOGETHER]
            for (_, file), answer in zip(group, self._answers([item.waveform() for item, _ in group]), strict=True):
                with replaced_whole(file) as temporary, temporary.open("wb") as opened:
                    np.savez(opened, allow_pickle=False, **answer)
            done = first + len(group)
            if done == len(missing) or done % (32 * _TOGETHER) == 0:
                rate = (time.monotonic() - began) / done
                left = (len(missing) - done) * rate / 60
                print(f"teacher: {done} of {len(missing)} recordings, {left:.0f} min left", file=sys.stderr, flush=True)
        return files

    def _answers(self, waveforms: Sequence[Waveform]) -> Iterator[dict[str, NDArray[np.generic]]]:
        windows = self._engine.encode(waveforms, LONGEST_WINDOW)
        start = self._vocabulary.start("en")
        prompt = self._vocabulary.prompt(start)
        hypotheses = self._engine.decode(windows, prompt, no_repeat=_NO_REPEAT)
        for waveform, window, hypothesis in zip(waveforms, windows, hypotheses, strict=True):
            end = [] if hypothesis.is_cut else [self._vocabulary.end]
            tokens = np.array([*prompt, *hypothesis.tokens, *end])
            states, likely = self._states(window, tokens[:-1])
            features = log_mel(waveform, len(waveform) // HOP + 4)  # ends with a frame of silence
            yield {
                "features": features.astype(np.float16),
                "silence": features[0, -1],
                "tokens": tokens,
                "states": states.astype(np.float16),
                "likely": likely,
                "is_loop": np.array(is_loop(words(self._vocabulary.text(hypothesis.tokens)))),
            }

    def _states(
        self, window: EncodedWindow, tokens: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The decoder's last states, and the tokens that are likely after one of them."""
        with torch.inference_mode():
            states = decoded(self._whisper, torch.from_numpy(window.states)[None], torch.from_numpy(tokens)[None])[0]
            probabilities = self._whisper.proj_out(states).softmax(-1)
            return states.numpy(), (probabilities > LIKELY).any(0).nonzero()[:, 0].numpy()

    @cached_property
    def _engine(self) -> WhisperEngine:
        return WhisperEngine(self._model, "cpu", "float32", 1)

    @cached_property
    def _vocabulary(self) -> WhisperVocabulary:
        return WhisperVocabulary(self._model, is_multilingual=self._engine.is_multilingual)

    @cached_property
    def _whisper(self) -> WhisperForConditionalGeneration:
        return whisper_from_ctranslate2(self._model)


def read_lesson(file: Path, most_tokens: int | None = None) -> Lesson:
    """The teacher's output in a file, truncated to this number of tokens."""
    with np.load(file) as held:
        tokens = held["tokens"][:most_tokens]
        states = held["states"][: len(tokens) - 1].astype(np.float32)
        return Lesson(held["features"].astype(np.float32), float(held["silence"]), tokens, states)
