"""Whisper's encoder and decoder in CTranslate2: windows of audio in, hypotheses and alignments out."""

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from asr.audio.mel import HOP, log_mel
from asr.errors import AsrError, ModelUnavailable
from asr.types import SAMPLE_RATE, Waveform

LONGEST_WINDOW: Final = 30
"""Seconds of the window that Whisper was trained on, which is also the maximum."""

BEAMS: Final = 5

_SECONDS_A_FRAME: Final = 0.02  # of the encoder's output: two mel frames
TRAILING_SILENCE: Final = 8.0
"""Seconds of silence in a window after its audio; with less, OpenAI's models start to repeat themselves.

Measured with tiny.en on Common Voice: word error rate 0.112 with 8 s, 0.22 with 5 s. Models that were trained for less
state so (`WindowLimits`).
"""

_MOST_TOKENS: Final = 224  # half of Whisper's text context, as in OpenAI's decoder
_TOKENS_A_SECOND: Final = 8  # more than in the fastest speech, so that a loop ends early
_SPARE_TOKENS: Final = 16


@dataclass(frozen=True, slots=True)
class WindowLimits:
    """The windows that a model was trained for: the defaults are those of OpenAI's models.

    ``trailing_silence`` is the silence after the audio, ``longest_run`` the longest run of stretches of speech in one
    window of a recording that does not fit in one, both in seconds. A model that was trained for other windows states
    these values under the same names in its ``config.json``.
    """

    trailing_silence: float = TRAILING_SILENCE
    longest_run: float = LONGEST_WINDOW - TRAILING_SILENCE


LIMITS: Final = tuple(field.name for field in fields(WindowLimits))


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """The decoder's output for one window, with the probabilities by which it is accepted or rejected.

    ``log_probability`` is the mean per token; ``is_cut`` is true if the token limit was reached before the end.
    ``others`` are the other hypotheses that the beam ended with: their tokens, and their probabilities among all of
    them (0..1).
    """

    tokens: tuple[int, ...]
    log_probability: float
    no_speech: float
    is_cut: bool
    others: tuple[tuple[tuple[int, ...], float], ...] = ()


@dataclass(frozen=True, slots=True)
class Alignment:
    """When each token of a transcript begins, in seconds from the window's start, and one last time when it ends.

    ``probabilities`` are those of the tokens, given the tokens before them.
    """

    times: tuple[float, ...]
    probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class EncodedWindow:
    """The encoder's output for one window, shape (frames, width), and the seconds of audio in it."""

    states: NDArray[Any]
    seconds: float
    length: float


class WhisperEngine:
    """A model folder in CTranslate2's format, loaded; threads may share it, each computing on one core.

    ``silence`` overrides the seconds of trailing silence that the model states.
    """

    def __init__(
        self, folder: Path, device: str, compute_type: str, workers: int, silence: float | None = None
    ) -> None:
        from ctranslate2.models import Whisper

        kind, _, index = device.partition(":")
        try:
            self._model = Whisper(
                str(folder),
                device=kind,
                device_index=int(index or 0),
                compute_type=compute_type,
                inter_threads=workers,
                intra_threads=1,
            )
        except (RuntimeError, ValueError) as problem:
            raise ModelUnavailable(f"{folder}: the model cannot be loaded ({problem}).") from problem
        self.limits = window_limits(folder)
        if silence is not None:
            self.limits = replace(self.limits, trailing_silence=silence)
        self._is_on_cpu = kind == "cpu"
        self._bands: int = self._model.n_mels
        self.is_multilingual: bool = self._model.is_multilingual

    def window_for(self, samples: int) -> int:
        """The window of a piece, in whole seconds: its length plus trailing silence, at most `LONGEST_WINDOW`."""
        return min(LONGEST_WINDOW, math.ceil(samples / SAMPLE_RATE + self.limits.trailing_silence))

    def most_tokens(self, window: float) -> int:
        """The maximum number of tokens of a transcript; like everything else, it depends on the window alone."""
        if window >= LONGEST_WINDOW:
            return _MOST_TOKENS
        return math.ceil(_TOKENS_A_SECOND * max(0.0, window - self.limits.trailing_silence)) + _SPARE_TOKENS

    def encode(self, sounds: Sequence[Waveform], window: float) -> list[EncodedWindow]:
        """The encoder's output for audio of up to ``window`` seconds, each padded with silence to that length.

        On a CPU one after the other, which is exact by construction and faster than a batch, as the activations of one
        window fit into the cache.
        """
        frames = 2 * round(window / _SECONDS_A_FRAME)
        features = [log_mel(sound, frames, self._bands) for sound in sounds]
        size = 1 if self._is_on_cpu else len(sounds)
        with _failures_named():
            outputs = [
                np.asarray(self._model.encode(_stacked(features[first : first + size]), to_cpu=True))
                for first in range(0, len(sounds), size)
            ]
        states = [own for output in outputs for own in output]
        return [EncodedWindow(own, len(sound) / SAMPLE_RATE, window) for own, sound in zip(states, sounds, strict=True)]

    def languages(self, windows: Sequence[EncodedWindow]) -> list[tuple[str, float]]:
        """The most probable language of each window and its probability, 0..1."""
        with _failures_named():
            found = self._model.detect_language(_stacked([window.states for window in windows]))
        return [(ranked[0][0].strip("<|>"), float(ranked[0][1])) for ranked in found]

    def decode(
        self, windows: Sequence[EncodedWindow], prompt: Sequence[int], *, no_repeat: int = 0, temperature: float = 0.0
    ) -> list[Hypothesis]:
        """The most probable transcript of each of several windows of one length, after the prompt.

        Decoded by beam search, or sampled if ``temperature`` is above 0. With ``no_repeat``, no run of this many tokens
        occurs twice.
        """
        beam = {"beam_size": BEAMS, "num_hypotheses": BEAMS}  # the best one is the same as if it alone were returned
        search = beam if not temperature else {"beam_size": 1, "sampling_topk": 0}
        most = self.most_tokens(windows[0].length)
        with _failures_named():
            results = self._model.generate(
                _stacked([window.states for window in windows]),
                [list(prompt)] * len(windows),
                max_length=2 * most,  # the library halves it
                no_repeat_ngram_size=no_repeat,
                sampling_temperature=temperature or 1.0,
                return_scores=True,
                return_no_speech_prob=True,
                **search,
            )
        return [
            Hypothesis(
                tuple(own.sequences_ids[0]),
                own.scores[0],
                own.no_speech_prob,
                len(own.sequences_ids[0]) >= most,
                _others(own.sequences_ids, own.scores),
            )
            for own in results
        ]

    def align(self, window: EncodedWindow, start: Sequence[int], tokens: Sequence[int]) -> Alignment:
        """When the tokens of a window's transcript were spoken, by the decoder's cross-attention.

        One window at a time takes as long as a batch, and is exact.
        """
        frames = max(2, math.ceil(window.seconds * SAMPLE_RATE / HOP))  # mel frames, two for each frame of the encoder
        with _failures_named():
            (found,) = self._model.align(_stacked([window.states]), list(start), [list(tokens)], frames)
        return Alignment(_first_times(found.alignments), tuple(found.text_token_probs))


def _others(hypotheses: Sequence[Sequence[int]], scores: Sequence[float]) -> tuple[tuple[tuple[int, ...], float], ...]:
    """All hypotheses but the first, with their probabilities: a softmax of the log probabilities of all.

    ``scores`` are mean log probabilities per token, of which the token of the end is one.
    """
    totals = np.array([score * (len(tokens) + 1) for tokens, score in zip(hypotheses, scores, strict=True)])
    odds = np.exp(totals - totals.max())
    shares = (odds / odds.sum()).tolist()
    return tuple((tuple(tokens), share) for tokens, share in zip(hypotheses[1:], shares[1:], strict=True))


def window_limits(folder: Path) -> WindowLimits:
    """The limits of the model of a folder."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return WindowLimits(**{name: float(value) for name, value in config.items() if name in LIMITS})
    except (OSError, ValueError, AttributeError, TypeError) as problem:
        raise ModelUnavailable(f"{folder / 'config.json'} cannot be read: {problem}.") from problem


def _first_times(path: Sequence[tuple[int, int]]) -> tuple[float, ...]:
    """The time of each token's first frame on the alignment path, including the end-of-text token."""
    times: list[float] = []
    for token, frame in path:
        if token == len(times):
            times.append(frame * _SECONDS_A_FRAME)
    return tuple(times)


def _stacked(arrays: Sequence[NDArray[Any]]) -> Any:
    from ctranslate2 import StorageView

    return StorageView.from_array(np.stack(arrays))


@contextmanager
def _failures_named() -> Iterator[None]:
    """Inside, the library's errors become `AsrError`s."""
    try:
        yield
    except RuntimeError as problem:
        raise AsrError(f"Whisper failed: {problem}") from problem
