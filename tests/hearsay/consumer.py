"""Code of a project with strict type checking that uses the library. Type checkers read this file; it is never run."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

import hearsay


def subtitles(paths: list[Path]) -> Iterator[str]:
    with hearsay.load_transcriber("auto", device="cpu") as transcriber:
        for transcript in transcriber.transcribe_many(paths, progress=True):
            if transcript.error is None:
                yield transcript.to_srt()


def first_word(recording: hearsay.Recording) -> tuple[str, float, float]:
    transcript: hearsay.Transcript = hearsay.load_transcriber().transcribe(recording)
    word: hearsay.Word = transcript.words[0]
    return word.text, word.start, word.end


def of_samples(samples: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> dict[str, object]:
    return hearsay.load_transcriber("pocketsphinx", workers=1).transcribe(samples, sampling_rate=16_000).to_dict()


def voice(data: bytes) -> tuple[str, float | None, Mapping[str, float], str]:
    emotion: hearsay.Emotion = hearsay.load_emotion_model().tag(data)
    return emotion.label, emotion.probability, emotion.probabilities, emotion.sentiment


def indexed(folder: Path) -> list[str]:
    summary: hearsay.DecodeSummary = hearsay.decode(folder, out="var/cv", table="cv-valid-dev.csv", limit=10)
    loaded: hearsay.LoadSummary = hearsay.load([summary.csv], index="var/index")
    with hearsay.open_index("var/index") as index:
        result: hearsay.SearchResult = index.search(
            "blacksmith hammer", mode="forgiving", accent=["england"], duration=(None, 8.0), size=20, possible=0.5
        )
        probabilities: list[float] = [one.probability or 0.0 for one in result.possible]
        counts: Mapping[str, int] = result.facets["accent"]
        frame = result.to_pandas()
        return [f"{hit.id} {hit.score} {hit.explanation} {hit.record.accent}" for hit in result.hits] + [
            f"{loaded.clips} {result.total} {counts} {len(frame)} {result.possible_total} {probabilities}"
        ]


def error_rate(references: list[str], hypotheses: list[str]) -> float | None:
    rate: hearsay.ErrorRate = hearsay.word_error_rate(references, hypotheses)
    low, high = rate.interval or (0.0, 1.0)
    return rate.rate if low <= high else None


def elsewhere() -> str:
    client = hearsay.Client("http://gpu:8001", api_key=None)
    try:
        return client.transcribe("clip.mp3").text
    except hearsay.ApiUnreachable as problem:
        return f"{hearsay.__version__}: {problem}"
    except hearsay.HearsayError:
        raise
