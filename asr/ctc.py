"""CTC recognisers (wav2vec2 and kin): one character or blank per frame, so words come with times and confidences."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from asr.audio import SAMPLE_RATE
from asr.checkpoints import Checkpoint, device_of, features, loaded, running
from asr.pauses import pieces
from asr.segments import transcript_of
from asr.transcript import Transcript, Waveform
from clips.row import Word

WORD_START: Final = "▁"
"""How sentencepiece vocabularies mark a token that begins a word."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """What a vocabulary writes: the token of each id, "" for one that is not written, the blank among them."""

    tokens: tuple[str, ...]
    delimiter: str


@dataclass(frozen=True, slots=True)
class Run:
    """A token written over the frames from ``first`` to ``last``, both among them; its mean probability in them."""

    token: str
    first: int
    last: int
    probability: float

    @property
    def frames(self) -> int:
        return self.last + 1 - self.first


class CtcTranscriber:
    """A CTC checkpoint by Hugging Face name or folder; hears one piece of sound per forward pass."""

    def __init__(self, name: str, device: str = "auto") -> None:
        self.name = name
        self.device = device_of(device)
        self._extractor, self._spelling, self._model = loaded(name, _load)
        self._model.to(self.device)

    def transcribe(self, waveforms: Sequence[Waveform]) -> list[Transcript]:
        return [transcript_of(waveform, list(self._words(waveform))) for waveform in waveforms]

    def close(self) -> None:
        """Nothing is held that the garbage collector does not give back."""

    def _words(self, waveform: Waveform) -> Iterator[Word]:
        for start, end in pieces(waveform):
            probabilities = self._probabilities(waveform[start:end])
            samples_a_frame = getattr(self._model.config, "inputs_to_logits_ratio", (end - start) / len(probabilities))
            for runs in words_of(runs_of(probabilities, self._spelling), self._spelling.delimiter):
                yield _word(runs, start, end, samples_a_frame)

    def _probabilities(self, piece: Waveform) -> NDArray[np.float32]:
        """Of each token in each frame, shape (frames, tokens)."""
        with running(self.name):
            logits = self._model(**features(self._extractor, piece, self.device)).logits[0]
            probabilities: NDArray[np.float32] = logits.float().softmax(-1).cpu().numpy()
        return probabilities


def runs_of(probabilities: NDArray[np.float32], spelling: Spelling) -> Iterator[Run]:
    """Greedy CTC decoding (Graves et al. 2006): the likeliest token of each frame, repetitions as one, no blanks."""
    likeliest, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    edges = np.flatnonzero(np.diff(likeliest, prepend=-1, append=-1)).tolist()
    for first, end in pairwise(edges):
        if token := spelling.tokens[likeliest[first]]:
            yield Run(token, first, end - 1, float(sure[first:end].mean()))


def words_of(runs: Iterable[Run], delimiter: str) -> Iterator[list[Run]]:
    """The runs of each word, without the delimiters between them."""
    word: list[Run] = []
    for run in runs:
        if word and (run.token == delimiter or run.token.startswith(WORD_START)):
            yield word
            word = []
        if run.token != delimiter:
            word.append(run)
    if word:
        yield word


def _word(runs: Sequence[Run], start: int, end: int, samples_a_frame: float) -> Word:
    """A word with times from the clip's start; its piece goes from sample ``start`` to ``end``."""
    return Word(
        "".join(run.token for run in runs).removeprefix(WORD_START),
        (start + runs[0].first * samples_a_frame) / SAMPLE_RATE,
        min(start + (runs[-1].last + 1) * samples_a_frame, end) / SAMPLE_RATE,
        sum(run.probability * run.frames for run in runs) / sum(run.frames for run in runs),
    )


def _load(checkpoint: Checkpoint) -> tuple[Any, Spelling, Any]:
    from transformers import AutoModelForCTC

    model = checkpoint.model(AutoModelForCTC)
    return checkpoint.feature_extractor(), _spelling(checkpoint.tokenizer(), model.config.vocab_size), model


def _spelling(vocabulary: Any, size: int) -> Spelling:
    delimiter = getattr(vocabulary, "word_delimiter_token", None) or "|"
    unwritten = set(vocabulary.all_special_tokens) - {delimiter}
    written = ["" if token in unwritten else token for token in vocabulary.convert_ids_to_tokens(range(size))]
    if getattr(vocabulary, "do_lower_case", False):
        written = [token.lower() for token in written]
    return Spelling(tuple(written), delimiter)
