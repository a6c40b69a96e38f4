"""NaN, infinity and invalid text in a model's output become an error of that clip only."""

from pathlib import Path

import numpy as np
import pytest

from asr.errors import ModelFailed
from asr.pipeline.batch import decode
from asr.pipeline.pipeline import LocalPipeline
from asr.pipeline.progress import DecodingProgress
from asr.pipeline.scheduler import Scheduler
from asr.pipeline.validation import check_model_output
from asr.sources.listing import open_folder
from asr.types import EmotionOutput, SpeechOutput
from hearsay.records.journal import read_journal
from hearsay.records.transcript import Alternative, Segment, Word
from tests.support.models import LengthSpeechModel, LoudnessEmotionModel, tone

NAN = float("nan")


@pytest.mark.parametrize(
    "result",
    [
        EmotionOutput("angry", NAN),
        EmotionOutput("angry", 0.5, {"angry": 0.5, "sad": float("inf")}),
        EmotionOutput("angry", np.float32("nan")),  # type: ignore[arg-type]
        SpeechOutput("a", confidence=float("-inf")),
        SpeechOutput("a", (Word("a", 0.0, NAN),)),
        SpeechOutput("a", (Word("a", 0.0, 1.0, 0.5, (Alternative("b", NAN),)),)),
        SpeechOutput("a", segments=(Segment(NAN, 1.0, "a"),)),
        SpeechOutput("\ud800"),
    ],
    ids=str,
)
def test_an_output_that_cannot_be_stored_is_a_model_failure(result: SpeechOutput | EmotionOutput):
    with pytest.raises(ModelFailed, match=r"the model failed: its output (contains NaN|is not valid Unicode)"):
        check_model_output(result)


def test_a_valid_output_is_accepted():
    check_model_output(SpeechOutput("a", (Word("a", 0.0, 1.0),), (Segment(0.0, 1.0, "a"),), 0.5))
    check_model_output(EmotionOutput("angry", 0.5, {"angry": 0.5}))


class BrokenTagger(LoudnessEmotionModel):
    """Returns a given value for loud clips: NaN, as a broken checkpoint does, or a NumPy number."""

    def __init__(self, loud: float) -> None:
        super().__init__()
        self.loud = loud

    def _emotion(self, peak: float) -> EmotionOutput:
        return EmotionOutput("angry", self.loud, {"angry": self.loud}) if peak > 0.5 else super()._emotion(peak)


@pytest.mark.parametrize(
    ("loud", "error"),
    [(NAN, "its output contains NaN or infinity"), (np.float32(0.5), "the model's result is not usable")],
)
def test_an_invalid_output_is_an_error_of_its_clip_and_the_journal_stays_usable(
    tmp_path: Path, loud: float, error: str
):
    folder, out = tmp_path / "clips", tmp_path / "out"
    folder.mkdir()
    for name, peak in (("loud", 0.9), ("quiet", 0.1)):
        (folder / f"{name}.wav").write_bytes(tone(1600, peak))

    def run(emotion_model: LoudnessEmotionModel) -> list[str]:
        pipeline = LocalPipeline(Scheduler(LengthSpeechModel(), emotion_model), 60)
        with DecodingProgress() as progress:
            summary = decode([open_folder(str(folder), None).list()], pipeline, out, 2, progress)
        return [row.id for row in (*summary.failed, *summary.failed_in_part)]

    assert run(BrokenTagger(loud)) == ["clips/loud.wav"]
    rows = read_journal(out / "clips.jsonl")
    assert error in rows["clips/loud.wav"].error
    assert rows["clips/quiet.wav"].emotion == "uncertain"
    assert run(LoudnessEmotionModel()) == []
    assert read_journal(out / "clips.jsonl")["clips/loud.wav"].emotion == "angry"
