"""The benchmark of transcripts alone and in batches, on the first sample clips."""

from asr.types import SpeechOutput
from bench.figures import SAMPLES
from bench.invariance import invariance_of, moves
from hearsay.records.transcript import Word
from tests.support.weights import published_weights


def test_transcripts_of_the_first_samples_do_not_depend_on_their_batch():
    weights = published_weights("whisper-tiny.en")
    found = invariance_of(SAMPLES / "clips.csv", "whisper-tiny.en", weights, 6)
    assert found["invariance_clips"] == 6
    for precision in ("int8", "float32"):
        assert (found[f"{precision}_changed"], found[f"{precision}_words_moved"]) == (0, 0)
        assert found[f"{precision}_largest_move"] == 0


def test_the_larger_of_the_start_and_end_shifts_counts():
    alone, together = (SpeechOutput("a", (Word("a", start, end),)) for start, end in ((1.0, 1.5), (1.02, 1.56)))
    assert [round(move, 2) for move in moves(alone, together)] == [0.06]
