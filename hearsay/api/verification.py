"""Scoring of texts with a speech model on this machine, for the check of possible matches against the audio."""

from functools import cached_property
from typing import TYPE_CHECKING, Final

from hearsay.api.models import settings_of
from hearsay.extras import needing
from hearsay.results.text_scores import TextScores

if TYPE_CHECKING:
    from asr.speech.scoring import TextScorer
    from indexer.matching.verification import Check

_SAMPLE_RATE: Final = 16_000


class LocalScorer:
    """Scores texts with the speech model that ``ASR_MODEL`` names, if there are weights for it, else with the first
    model that has some.

    The model is loaded when the first text is scored. Raises `ModelUnavailable` then, and `MissingExtra` at once, if
    it or its library is not available.
    """

    def __init__(self) -> None:
        with needing("asr", "The check against the audio"):
            from asr.models.published import published
            from indexer.matching.verification import verification_models

            self._settings = settings_of()
            known = verification_models()
            self.model = self._settings.asr_model if self._settings.asr_model in known else next(iter(known))
            found = published(self.model)
        self.identity = f"{self.model} {found.digest if found else ''} {self._settings.precision}"

    def score(self, audio: bytes, check: "Check") -> TextScores:
        """The scores of a check against an audio file; raises `AudioError`, `ModelUnavailable` and `CannotScore`."""
        from asr.audio.decoding import decode_audio
        from asr.audio.vad import detect_speech
        from asr.types import seconds

        waveform = decode_audio(audio, self._settings.max_clip_seconds)
        end = seconds(waveform) if check.end is None else check.end
        part = waveform[round(check.start * _SAMPLE_RATE) : round(end * _SAMPLE_RATE)]
        return self._scorer.score(detect_speech(part), check.transcript, check.texts)

    @cached_property
    def _scorer(self) -> "TextScorer":
        from asr.errors import CannotScore
        from asr.models.registry import open_speech_model
        from asr.speech.scoring import can_score

        model = open_speech_model(self._settings.model_copy(update={"asr_model": self.model, "workers": 1})).model
        if not can_score(model):
            raise CannotScore(f"{self.model} cannot score texts")
        return model.scorer()
