"""Hearsay: transcribe voice recordings, tag the emotion in them, and search both.

Every public name is listed here and imported when it is first used: ``import hearsay`` by itself loads no library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from asr.errors import BadSource, ListenerGone, ModelFailed, ModelUnavailable, PipelineUnavailable
    from hearsay.api.batch import DecodeSummary, decode
    from hearsay.api.emotion import EmotionTagger, load_emotion_model
    from hearsay.api.loading import LoadSummary
    from hearsay.api.models import FallbackWarning
    from hearsay.api.results import CheckedMatch, Hit, SearchResult
    from hearsay.api.scoring import ErrorRate, word_error_rate
    from hearsay.api.search import DeleteSummary, Index, PutSummary, load, open_index
    from hearsay.api.speech import Transcriber, load_transcriber
    from hearsay.client import Client
    from hearsay.errors import (
        ApiBusy,
        ApiError,
        ApiRefused,
        ApiUnreachable,
        AudioError,
        AudioTooLong,
        BadArgument,
        BadRow,
        BadSettings,
        BadTable,
        EmptyAudio,
        HearsayError,
        JournalInUse,
        MissingExtra,
        NoAudio,
        NotAudio,
    )
    from hearsay.http.replies import Health
    from hearsay.records.clip import ClipRow
    from hearsay.records.transcript import Alternative, Segment, Word
    from hearsay.results.emotion import Emotion
    from hearsay.results.recordings import Recording
    from hearsay.results.text_scores import TextScore, TextScores, WordsScore
    from hearsay.results.transcript import Transcript
    from indexer.errors import IndexIncompatible, IndexInUse, IndexMissing, IndexUnavailable, LoadFailed, WrongRequest

    __version__: str

__all__ = [
    "Alternative",
    "ApiBusy",
    "ApiError",
    "ApiRefused",
    "ApiUnreachable",
    "AudioError",
    "AudioTooLong",
    "BadArgument",
    "BadRow",
    "BadSettings",
    "BadSource",
    "BadTable",
    "CheckedMatch",
    "Client",
    "ClipRow",
    "DecodeSummary",
    "DeleteSummary",
    "Emotion",
    "EmotionTagger",
    "EmptyAudio",
    "ErrorRate",
    "FallbackWarning",
    "Health",
    "HearsayError",
    "Hit",
    "Index",
    "IndexInUse",
    "IndexIncompatible",
    "IndexMissing",
    "IndexUnavailable",
    "JournalInUse",
    "ListenerGone",
    "LoadFailed",
    "LoadSummary",
    "MissingExtra",
    "ModelFailed",
    "ModelUnavailable",
    "NoAudio",
    "NotAudio",
    "PipelineUnavailable",
    "PutSummary",
    "Recording",
    "SearchResult",
    "Segment",
    "TextScore",
    "TextScores",
    "Transcriber",
    "Transcript",
    "Word",
    "WordsScore",
    "WrongRequest",
    "__version__",
    "decode",
    "load",
    "load_emotion_model",
    "load_transcriber",
    "open_index",
    "word_error_rate",
]

_NAMES: Final = {
    "asr.errors": "BadSource ListenerGone PipelineUnavailable ModelFailed ModelUnavailable",
    "hearsay.api.batch": "DecodeSummary decode",
    "hearsay.api.loading": "LoadSummary",
    "hearsay.api.models": "FallbackWarning",
    "hearsay.api.results": "CheckedMatch Hit SearchResult",
    "hearsay.api.scoring": "ErrorRate word_error_rate",
    "hearsay.api.search": "DeleteSummary Index PutSummary load open_index",
    "hearsay.api.speech": "Transcriber load_transcriber",
    "hearsay.api.emotion": "EmotionTagger load_emotion_model",
    "hearsay.client": "Client",
    "hearsay.results.emotion": "Emotion",
    "hearsay.errors": "ApiBusy ApiError ApiRefused ApiUnreachable AudioError AudioTooLong BadArgument "
    "BadRow BadSettings BadTable EmptyAudio HearsayError JournalInUse MissingExtra "
    "NoAudio NotAudio",
    "hearsay.http.replies": "Health",
    "hearsay.results.recordings": "Recording",
    "hearsay.records.clip": "ClipRow",
    "hearsay.records.transcript": "Alternative Segment Word",
    "hearsay.results.text_scores": "TextScore TextScores WordsScore",
    "hearsay.results.transcript": "Transcript",
    "indexer.errors": "IndexInUse IndexIncompatible IndexMissing IndexUnavailable LoadFailed WrongRequest",
}
"""The public names by module; the imports above are for type checkers."""

_PLACES: Final = {name: module for module, names in _NAMES.items() for name in names.split()}


if not TYPE_CHECKING:  # an unknown name remains an error to type checkers

    def __getattr__(name: str) -> object:
        if name == "__version__":
            return import_module("hearsay.version").VERSION
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
