"""CTC speech models (wav2vec2 and similar): a character or blank per frame gives words with times and confidences."""

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from asr.audio.decoding import SAMPLE_RATE
from asr.inference.batched_model import BatchedModel, PieceOutput
from asr.inference.checkpoints import Checkpoint, device_of, loaded
from asr.inference.precision import Precision, named
from asr.speech.alternatives import most_confident
from asr.speech.ctc_alternatives import respellings, word_frames
from asr.speech.ctc_decoding import CtcVocabulary, TokenRun, runs_of, text_of, words_of
from asr.speech.segments import transcript_of
from asr.types import DecodedAudio, SpeechOutput
from hearsay.records.transcript import Alternative, Word

MOST: Final = 3
"""Maximum number of alternatives of one word."""


class CtcSpeechModel:
    """A CTC checkpoint by Hugging Face name or folder; processes the pieces of all clips in common batches."""

    def __init__(
        self, name: str, device: str = "auto", precision: Precision = "float32", batch_seconds: float = 0
    ) -> None:
        self.name = name
        self.device = device_of(device)
        extractor, self._vocabulary, model, self.weights = loaded(name, _load)
        self.precision = named(precision)
        self._batched_model = BatchedModel(name, extractor, model, self.device, precision, batch_seconds)

    @property
    def padding_ratio(self) -> float:
        return self._batched_model.padding.ratio

    def transcribe(self, clips: Sequence[DecodedAudio]) -> list[SpeechOutput]:
        words: list[list[Word]] = [[] for _ in clips]
        for output in self._batched_model.outputs(clips):
            words[output.clip] += self._words(output)
        return [
            transcript_of(clip.stretches, sorted(own, key=attrgetter("start")))
            for clip, own in zip(clips, words, strict=True)
        ]

    def close(self) -> None:
        """Do nothing: the garbage collector releases the model."""

    def _words(self, output: PieceOutput) -> Iterator[Word]:
        probabilities = output.logits.softmax(-1).numpy()
        samples_a_frame = getattr(
            self._batched_model.config,
            "inputs_to_logits_ratio",
            (output.end - output.start) / max(1, len(probabilities)),
        )
        written = list(words_of(runs_of(probabilities, self._vocabulary), self._vocabulary.delimiter))
        for runs, others in zip(written, self._alternatives(probabilities, written), strict=True):
            yield _word(runs, others, output.start, output.end, samples_a_frame)

    def _alternatives(
        self, probabilities: NDArray[np.float32], written: Sequence[Sequence[TokenRun]]
    ) -> list[tuple[Alternative, ...]]:
        nearly = [respellings(word_frames(probabilities, runs, self._vocabulary), self._vocabulary) for runs in written]
        return most_confident([text_of(run.token for run in runs) for runs in written], nearly, MOST)


def _word(
    runs: Sequence[TokenRun], others: tuple[Alternative, ...], start: int, end: int, samples_a_frame: float
) -> Word:
    """A word with times in seconds from the start of the clip; its piece goes from sample ``start`` to ``end``."""
    return Word(
        text_of(run.token for run in runs),
        (start + runs[0].first * samples_a_frame) / SAMPLE_RATE,
        min(start + (runs[-1].last + 1) * samples_a_frame, end) / SAMPLE_RATE,
        sum(run.probability * run.frames for run in runs) / sum(run.frames for run in runs),
        others,
    )


def _load(checkpoint: Checkpoint) -> tuple[Any, CtcVocabulary, Any, str]:
    from transformers import AutoModelForCTC

    model = checkpoint.model(AutoModelForCTC)
    return (
        checkpoint.feature_extractor(),
        _vocabulary(checkpoint.tokenizer(), model.config),
        model,
        checkpoint.weights(),
    )


def _vocabulary(vocabulary: Any, config: Any) -> CtcVocabulary:
    delimiter = getattr(vocabulary, "word_delimiter_token", None) or "|"
    unwritten = set(vocabulary.all_special_tokens) - {delimiter}
    written = [
        "" if token in unwritten else token for token in vocabulary.convert_ids_to_tokens(range(config.vocab_size))
    ]
    if getattr(vocabulary, "do_lower_case", False):
        written = [token.lower() for token in written]
    return CtcVocabulary(tuple(written), delimiter, config.pad_token_id)
