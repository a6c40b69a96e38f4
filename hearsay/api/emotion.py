"""Tagging emotion from Python: an emotion model that takes one recording or a stream of them."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from hearsay.api.models import LoadedModel, settings_of, warn
from hearsay.errors import HearsayError
from hearsay.extras import needing
from hearsay.results.emotion import Emotion, Tagged
from hearsay.results.recordings import Recording, name_of

if TYPE_CHECKING:
    from asr.types import EmotionOutput


class EmotionTagger(LoadedModel["EmotionOutput", Emotion]):
    """A loaded emotion model, from `load_emotion_model`; threads may share it.

    Close it, or use it in a ``with`` statement, to free its memory sooner than Python does.
    """

    def tag(self, recording: Recording, *, sampling_rate: float | None = None) -> Emotion:
        """The emotion in the voice of one recording; arguments are as in `Transcriber.transcribe`."""
        return self._one(recording, sampling_rate)

    def tag_many(
        self, recordings: Iterable[Recording], *, sampling_rate: float | None = None, progress: bool = False
    ) -> Iterator[Emotion]:
        """The emotions of many recordings, in their order, as they come; see `Transcriber.transcribe_many`."""
        return self._many(recordings, sampling_rate, is_shown=progress)

    def _result(self, recording: Recording, answer: "tuple[float, EmotionOutput] | HearsayError") -> Emotion:
        outcome = answer if isinstance(answer, HearsayError) else _tagged(*answer)
        return Emotion(name_of(recording), self.name, outcome)


def load_emotion_model(
    name: str | None = None,
    *,
    device: str | None = None,
    precision: str | None = None,
    batch_seconds: float | None = None,
    max_clip_seconds: float | None = None,
) -> EmotionTagger:
    """Load an emotion model by any value of ``SER_MODEL``.

    That is ``auto``, ``whisper-emotion``, ``classic``, a Hugging Face name or the folder of a checkpoint; other
    arguments are as in `load_transcriber`.
    """
    with needing("asr", "Emotion tagging"):
        from asr.pipeline.assembly import open_queued_emotion_model

        settings = settings_of(
            ser_model=name,
            device=device,
            precision=precision,
            batch_seconds=batch_seconds,
            max_clip_seconds=max_clip_seconds,
        )
        model = open_queued_emotion_model(settings)
    warn(model.warning)
    return EmotionTagger(model, settings.max_clip_seconds)


def _tagged(seconds: float, emotion: "EmotionOutput") -> Tagged:
    """The emotion with its numbers rounded as in records and in the API, so that all three agree."""
    from asr.pipeline.records import rounded

    probabilities = {label: round(score, 3) for label, score in emotion.scores.items()}
    return Tagged(emotion.label, rounded(emotion.certainty), probabilities, emotion.sentiment, seconds)
