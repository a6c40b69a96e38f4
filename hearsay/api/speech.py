"""Transcribing from Python: a speech model that takes one recording or a stream of them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

from hearsay.api.models import LoadedModel, groups_of, settings_of, warn
from hearsay.errors import HearsayError
from hearsay.extras import needing
from hearsay.results.recordings import Recording, name_of
from hearsay.results.transcript import Recognised, Transcript
from hearsay.terminal.progress import count_of, followed

if TYPE_CHECKING:
    from concurrent.futures import Future

    import asr.types
    from asr.pipeline.scheduler import Queue
    from asr.types import DecodedAudio, DecodingOptions


class Transcriber:
    """A speech model that is loaded, from `load_transcriber`; threads may share it.

    Close it, or use it in a ``with`` statement, to free its processes and memory sooner than Python does.
    """

    def __init__(self, model: "LoadedModel[asr.types.SpeechOutput]", warning: str | None) -> None:
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

    def transcribe(self, recording: Recording, *, sampling_rate: float | None = None) -> Transcript:
        """The transcript of one recording: a path, the bytes of a file, an open file, or an array of mono samples.

        An array needs its ``sampling_rate``. Raises `HearsayError`, most often one of the `AudioError`s.
        """
        return self._made(recording, self._model.answer(recording, sampling_rate))

    def transcribe_many(
        self, recordings: Iterable[Recording], *, sampling_rate: float | None = None, progress: bool = False
    ) -> Iterator[Transcript]:
        """The transcripts of many recordings, in their order, as they come; only a few are in memory at a time.

        A recording that fails has a `Transcript` with its ``error``, and stops no other. ``sampling_rate`` is that of
        the arrays among them. ``progress`` shows on standard error how far it is.
        """
        transcripts = self._model.answers(recordings, sampling_rate, self._made)
        return followed(transcripts, count_of(recordings)) if progress else transcripts

    def close(self) -> None:
        """End the model's processes and free its memory; calling it again has no effect."""
        self._model.close()

    def _made(self, recording: Recording, answer: "tuple[float, asr.types.SpeechOutput] | HearsayError") -> Transcript:
        outcome = answer if isinstance(answer, HearsayError) else _recognised(*answer)
        return Transcript(name_of(recording), self.name, outcome)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Transcriber(name={self.name!r}, device={self.device!r})"


def load_transcriber(
    name: str | None = None,
    *,
    device: str | None = None,
    precision: str | None = None,
    batch_seconds: float | None = None,
    workers: int | None = None,
    max_clip_seconds: float | None = None,
    language: str | None = None,
    hotwords: Iterable[str] = (),
) -> Transcriber:
    """Load a speech model by any name that ``ASR_MODEL`` takes.

    That is ``auto``, ``whisper-tiny.en-short``, ``whisper-tiny.en``, ``whisper-base``, ``pocketsphinx``, a Hugging Face
    name or the folder of a model. Omitted arguments are taken from the settings (environment, ``config.yml``). If the
    model that ``auto`` prefers is not available, another one is used with a `FallbackWarning`. ``language`` is a code
    such as ``en``, or ``auto``. ``hotwords`` are words and names that are likely to occur (Whisper models only). Raises
    `ModelUnavailable` if a named model is not available or does not support hotwords, and `MissingExtra` if its library
    is not installed.
    """
    with needing("asr", "Transcription"):
        from asr.errors import ModelUnavailable
        from asr.models.registry import open_speech_model
        from asr.pipeline.assembly import limits_for
        from asr.pipeline.hotwords import options_for, unique

        settings = settings_of(
            asr_model=name,
            device=device,
            precision=precision,
            batch_seconds=batch_seconds,
            workers=workers,
            max_clip_seconds=max_clip_seconds,
            asr_language=language,
        )
        words = unique([hotwords] if isinstance(hotwords, str) else hotwords)
        chosen = open_speech_model(settings)
        try:
            options = options_for(chosen.model, words)
        except ModelUnavailable:
            chosen.model.close()
            raise
        limits = limits_for(chosen.model, settings)
    at_once = groups_of(limits.clips_at_once)
    submit = partial(_submit, options)
    model = LoadedModel(chosen.model, chosen.model.transcribe, limits, settings.max_clip_seconds, at_once, submit)
    warn(chosen.warning)
    return Transcriber(model, chosen.warning)


def _submit(
    options: "DecodingOptions", queue: "Queue[asr.types.SpeechOutput]", audio: "DecodedAudio"
) -> "Future[asr.types.SpeechOutput]":
    """The transcript to come, of a long recording piece by piece."""
    from asr.pipeline.long_form import cut
    from asr.pipeline.scheduler import submit_pieces

    audio = replace(audio, options=options)
    return submit_pieces(queue, cut(audio), audio, is_blocking=True).whole


def _recognised(seconds: float, transcript: "asr.types.SpeechOutput") -> Recognised:
    """The transcript with its figures rounded as rows and the API have them, so that all three agree."""
    from asr.pipeline.records import rounded, rounded_segment, rounded_word

    return Recognised(
        transcript.text,
        tuple(map(rounded_word, transcript.words)),
        tuple(map(rounded_segment, transcript.segments)),
        rounded(transcript.confidence),
        seconds,
        transcript.failed,
        transcript.language,
        rounded(transcript.language_probability),
    )
