"""Tagging emotion from Python: an emotion model that takes one recording or a stream of them."""

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self

from hearsay.api.models import LoadedModel, groups_of, settings_of, warn
from hearsay.errors import HearsayError
from hearsay.extras import needing
from hearsay.results.emotion import Emotion, Tagged
from hearsay.results.recordings import Recording, name_of
from hearsay.terminal.progress import count_of, followed

if TYPE_CHECKING:
    from concurrent.futures import Future

    import asr.types
    from asr.pipeline.scheduler import Queue
    from asr.types import DecodedAudio


class EmotionTagger:
    """An emotion model that is loaded, from `load_emotion_model`; threads may share it.

    Close it, or use it in a ``with`` statement, to free its memory sooner than Python does.
    """

    def __init__(self, model: "LoadedModel[asr.types.EmotionOutput]", warning: str | None) -> None:
        self._model = model
        self._warning = warning

    @property
    def name(self) -> str:
        """The model's name, as results have it."""
        return self._model.name

    @property
    def device(self) -> str:
        """Where the model runs: for example ``cpu`` or ``cuda``."""
        return self._model.device

    @property
    def warning(self) -> str | None:
        """Why this model is used instead of the requested one; None if it is the requested one."""
        return self._warning

    def tag(self, recording: Recording, *, sampling_rate: float | None = None) -> Emotion:
        """The emotion in the voice of one recording, which is given as to `Transcriber.transcribe`."""
        return self._made(recording, self._model.answer(recording, sampling_rate))

    def tag_many(
        self, recordings: Iterable[Recording], *, sampling_rate: float | None = None, progress: bool = False
    ) -> Iterator[Emotion]:
        """The emotions of many recordings, in their order, as they come; see `Transcriber.transcribe_many`."""
        emotions = self._model.answers(recordings, sampling_rate, self._made)
        return followed(emotions, count_of(recordings)) if progress else emotions

    def close(self) -> None:
        """Free the model's memory; calling it again has no effect."""
        self._model.close()

    def _made(self, recording: Recording, answer: "tuple[float, asr.types.EmotionOutput] | HearsayError") -> Emotion:
        outcome = answer if isinstance(answer, HearsayError) else _tagged(*answer)
        return Emotion(name_of(recording), self.name, outcome)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"EmotionTagger(name={self.name!r}, device={self.device!r})"


def load_emotion_model(
    name: str | None = None,
    *,
    device: str | None = None,
    precision: str | None = None,
    batch_seconds: float | None = None,
    max_clip_seconds: float | None = None,
) -> EmotionTagger:
    """Load an emotion model by any name that ``SER_MODEL`` takes.

    That is ``auto``, ``classic``, a Hugging Face name or the folder of a checkpoint; the rest is as with
    `load_transcriber`.
    """
    with needing("asr", "Emotion tagging"):
        from asr.models.registry import open_emotion_model
        from asr.pipeline.assembly import limits_for

        settings = settings_of(
            ser_model=name,
            device=device,
            precision=precision,
            batch_seconds=batch_seconds,
            max_clip_seconds=max_clip_seconds,
        )
        chosen = open_emotion_model(settings)
        limits = limits_for(chosen.model, settings)
    at_once = groups_of(limits.clips_at_once)
    model = LoadedModel(chosen.model, chosen.model.tag, limits, settings.max_clip_seconds, at_once, _submit)
    warn(chosen.warning)
    return EmotionTagger(model, chosen.warning)


def _submit(queue: "Queue[asr.types.EmotionOutput]", audio: "DecodedAudio") -> "Future[asr.types.EmotionOutput]":
    return queue.submit(audio, is_blocking=True)


def _tagged(seconds: float, emotion: "asr.types.EmotionOutput") -> Tagged:
    """The emotion with its figures rounded as rows and the API have them, so that all three agree."""
    from asr.pipeline.records import rounded

    probabilities = {label: round(score, 3) for label, score in emotion.scores.items()}
    return Tagged(emotion.label, rounded(emotion.certainty), probabilities, emotion.sentiment, seconds)
