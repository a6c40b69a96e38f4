"""Transcribing from Python: a speech model that takes one recording or a stream of them."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from hearsay.api.models import LoadedModel, settings_of, warn
from hearsay.errors import HearsayError
from hearsay.extras import needing
from hearsay.results.recordings import Recording, name_of
from hearsay.results.transcript import Recognised, Transcript

if TYPE_CHECKING:
    from asr.types import SpeechOutput


class Transcriber(LoadedModel["SpeechOutput", Transcript]):
    """A loaded speech model, from `load_transcriber`; threads may share it.

    Close it, or use it in a ``with`` statement, to free its processes and memory sooner than Python does.
    """

    def transcribe(self, recording: Recording, *, sampling_rate: float | None = None) -> Transcript:
        """The transcript of one recording: a path, the bytes of a file, an open file, or an array of mono samples.

        An array needs its ``sampling_rate``. Raises `HearsayError`, most often one of the `AudioError`s.
        """
        return self._one(recording, sampling_rate)

    def transcribe_many(
        self, recordings: Iterable[Recording], *, sampling_rate: float | None = None, progress: bool = False
    ) -> Iterator[Transcript]:
        """The transcripts of many recordings, in their order, as they come; only a few are in memory at a time.

        A recording that fails has a `Transcript` with its ``error``, and does not affect the others. ``sampling_rate``
        is that of the arrays among them. ``progress`` shows the progress on standard error.
        """
        return self._many(recordings, sampling_rate, is_shown=progress)

    def _result(self, recording: Recording, answer: "tuple[float, SpeechOutput] | HearsayError") -> Transcript:
        outcome = answer if isinstance(answer, HearsayError) else _recognised(*answer)
        return Transcript(name_of(recording), self.name, outcome)


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
    """Load a speech model by any value of ``ASR_MODEL``.

    That is ``auto``, ``whisper-tiny.en-short``, ``whisper-tiny.en``, ``whisper-base``, ``pocketsphinx``, a Hugging Face
    name or the folder of a model. Omitted arguments are taken from the settings (environment, ``config.yml``). If the
    model that ``auto`` prefers is not available, another one is used with a `FallbackWarning`. ``language`` is a code
    such as ``en``, or ``auto``. ``hotwords`` are words and names that are likely to occur (Whisper models only). Raises
    `ModelUnavailable` if a named model is not available or does not support hotwords, and `MissingExtra` if its library
    is not installed.
    """
    with needing("asr", "Transcription"):
        from asr.pipeline.assembly import open_queued_speech_model
        from asr.pipeline.hotwords import unique

        settings = settings_of(
            asr_model=name,
            device=device,
            precision=precision,
            batch_seconds=batch_seconds,
            workers=workers,
            max_clip_seconds=max_clip_seconds,
            asr_language=language,
        )
        model = open_queued_speech_model(settings, unique([hotwords] if isinstance(hotwords, str) else hotwords))
    warn(model.warning)
    return Transcriber(model, settings.max_clip_seconds)


def _recognised(seconds: float, transcript: "SpeechOutput") -> Recognised:
    """The transcript with its numbers rounded as in records and in the API, so that all three agree."""
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
