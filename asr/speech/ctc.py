"""CTC speech models (wav2vec2, Parakeet): one token or blank per frame, so words come with times and confidences."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from asr.inference.batched_model import BatchedModel
from asr.inference.checkpoints import Checkpoint, device_of, loaded
from asr.speech.ctc_decoding import CtcVocabulary
from asr.speech.ctc_words import CtcDecoder
from asr.speech.segments import transcript_of
from asr.types import DecodedAudio, Precision, SpeechOutput, named
from hearsay.records.transcript import Word


class CtcSpeechModel:
    """A CTC checkpoint by Hugging Face name or folder; processes the pieces of all clips in common batches."""

    def __init__(
        self, name: str, device: str = "auto", precision: Precision = "float32", batch_seconds: float = 0
    ) -> None:
        self.name = name
        self.device = device_of(device)
        extractor, vocabulary, model, self.weights = loaded(name, _load)
        self.precision = named(precision)
        self._batched_model = BatchedModel(name, extractor, model, self.device, precision, batch_seconds)
        self._decoder = CtcDecoder(vocabulary, self._batched_model.samples_a_frame)

    @property
    def padding_ratio(self) -> float:
        return self._batched_model.padding.ratio

    def transcribe(self, clips: Sequence[DecodedAudio]) -> list[SpeechOutput]:
        words: list[list[Word]] = [[] for _ in clips]
        for batch in self._batched_model.batches(clips):
            for output, found in zip(batch, self._decoder.words(batch), strict=True):
                words[output.clip] += found
        return [
            transcript_of(clip.stretches, sorted(own, key=attrgetter("start")))
            for clip, own in zip(clips, words, strict=True)
        ]

    def close(self) -> None:
        """Do nothing: the garbage collector releases the model."""


def _load(checkpoint: Checkpoint) -> tuple[Any, CtcVocabulary, Any, str]:
    from transformers import AutoModelForCTC

    model = checkpoint.model(AutoModelForCTC)
    vocabulary = checkpoint.tokenizer()
    is_phonemic = hasattr(vocabulary, "phone_delimiter_token")
    delimiter = getattr(vocabulary, "word_delimiter_token", None) or "|"
    unwritten = set(vocabulary.all_special_tokens) - {delimiter}
    written = [
        "" if token is None or token in unwritten else token
        for token in vocabulary.convert_ids_to_tokens(range(model.config.vocab_size))
    ]
    if getattr(vocabulary, "do_lower_case", False):
        written = [token.lower() for token in written]
    # The blank is the padding token, as in the CTC loss of transformers.
    is_stated = checkpoint.states("pad_token_id") or vocabulary.pad_token_id is None
    blank = model.config.pad_token_id if is_stated else vocabulary.pad_token_id
    return (
        checkpoint.feature_extractor(),
        CtcVocabulary(tuple(written), delimiter, blank, is_phonemic),
        model,
        checkpoint.weights(),
    )
