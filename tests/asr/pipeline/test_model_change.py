"""A log by other models: what will be processed again is reported first, and an upgrade alone never causes it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from asr.cli import main
from asr.errors import ModelChanged
from asr.models import registry as models
from asr.pipeline.identity import Identity
from asr.pipeline.model_change import consequences, models_of
from asr.speech.ctc import CtcSpeechModel
from hearsay.records.clip import ClipRow
from hearsay.records.journal import Journal, read_journal
from hearsay.records.transcript import FailedPiece, ModelTranscript
from tests.support.api_server import READY, FakeApi, reply_to
from tests.support.checkpoints import save_wav2vec2
from tests.support.models import tone


@pytest.mark.parametrize(
    ("now", "made_by", "is_same"),
    [
        (("a",), ("a",), True),
        (("a",), ("b",), False),
        (("a", "1"), ("a",), True),
        (("a",), ("a", "1"), True),
        (("a", "1"), ("a", "1"), True),
        (("a", "1"), ("a", "2"), False),
        (("a", "1"), ("a", "1", "int8"), True),
        (("a", "1", "int8"), ("a", "1", "int8"), True),
        (("a", "1", "int8"), ("a", "1"), False),
        (("a", "1", "int8"), ("a",), True),
        (("a", "1"), ("b", "1"), False),
    ],
)
def test_models_are_the_same_by_name_weights_and_a_precision_that_was_set(
    now: tuple[str, ...], made_by: tuple[str, ...], is_same: bool
):
    assert Identity(*now).is_that_of(Identity(*made_by)) == is_same


class FakePipeline:
    """A pipeline of which only the models are used."""

    def __init__(
        self,
        speech: Identity,
        emotion: Identity = Identity("classic"),
        *,
        by_default: bool = True,
        second: Identity | None = None,
    ) -> None:
        self.speech, self.emotion, self.is_speech_by_default = speech, emotion, by_default
        self.second = second


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Six records: three by ``old``, one by ``older``, one that failed and one that was deleted."""
    log = tmp_path / "clips.jsonl"
    with Journal(log) as journal:
        journal.append(ClipRow(f"old-{n}", asr_model="old", asr_weights="1", ser_model="classic") for n in range(3))
        journal.append(
            [
                ClipRow("older", asr_model="older", ser_model="classic"),
                ClipRow("failed", asr_model="failed", error="no audio"),
                ClipRow("deleted", asr_model="deleted", deleted=True),
            ]
        )
    return log


def messages(log: Path, pipeline: FakePipeline, change: str | None = None) -> list[str]:
    return list(consequences(models_of(log), pipeline, change))  # type: ignore[arg-type]


def test_a_different_default_speech_model_stops_the_run_and_names_both_options(log: Path):
    with pytest.raises(ModelChanged) as stopped:
        messages(log, FakePipeline(Identity("new")))
    message = str(stopped.value)
    assert "4 clips transcribed by old and older" in message
    assert "the default speech model is now new" in message
    assert "--model-change keep to transcribe new clips with old" in message
    assert "--model-change redo" in message


def test_a_partly_failed_clip_counts_towards_the_model_of_its_transcript(tmp_path: Path):
    log = tmp_path / "clips.jsonl"
    failed = (FailedPiece(0.0, 20.0, "the model failed"),)
    with Journal(log) as journal:
        journal.append([ClipRow("part", asr_model="old", generated_text="x", failed_pieces=failed, error="0:00-0:20")])
    assert models_of(log).usual_speech == "old"
    with pytest.raises(ModelChanged, match="1 clip transcribed by old"):
        messages(log, FakePipeline(Identity("new")))


def test_different_weights_of_the_default_model_stop_the_run(log: Path):
    with pytest.raises(ModelChanged, match="old with other weights and older"):
        messages(log, FakePipeline(Identity("old", "2")))


def test_an_explicitly_named_model_is_used_and_reported(log: Path):
    assert messages(log, FakePipeline(Identity("new"), by_default=False)) == [
        "4 clips by old and older will be transcribed again by new"
    ]


def test_redo_and_keep_report_their_effect(log: Path):
    assert messages(log, FakePipeline(Identity("new")), "redo") == [
        "4 clips by old and older will be transcribed again by new"
    ]
    assert messages(log, FakePipeline(Identity("old", "1"), by_default=False), "keep") == [
        "the transcripts of 1 clip by older are kept; old transcribes new clips"
    ]


def test_keep_over_an_api_requires_the_api_to_use_the_models_of_the_log(log: Path):
    with pytest.raises(ModelChanged, match="start the API with ASR_MODEL=old"):
        messages(log, FakePipeline(Identity("new")), "keep")


def test_an_explicit_precision_transcribes_again(log: Path):
    log.unlink()
    with Journal(log) as journal:
        journal.append([ClipRow("a", asr_model="old", asr_weights="1")])
    assert messages(log, FakePipeline(Identity("old", "1", "int8"))) == [
        "1 clip by old with another precision will be transcribed again by old in int8"
    ]


def test_a_different_emotion_model_is_reported_and_does_not_stop_the_run(log: Path):
    log.unlink()
    with Journal(log) as journal:
        journal.append([ClipRow("a", asr_model="old", ser_model="classic", ser_weights="1")])
    assert messages(log, FakePipeline(Identity("old"), Identity("classic", "2"))) == [
        "1 clip by classic with other weights will be tagged again by classic; their transcripts are kept"
    ]


def test_without_a_log_nothing_is_reported(tmp_path: Path):
    assert messages(tmp_path / "none.jsonl", FakePipeline(Identity("new"))) == []


Run = Callable[..., int]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "a.wav").write_bytes(tone(16000))
    return tmp_path / "clips"


@pytest.fixture
def run(tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``decode`` of the corpus into ``out``, by the classic emotion model."""
    monkeypatch.setenv("LOG_DIR", str(tmp_path / "logs"))
    monkeypatch.setenv("SER_MODEL", "classic")

    def run(*options: str, model: str = "auto") -> int:
        monkeypatch.setenv("ASR_MODEL", model)
        return main(["decode", str(corpus), "--out", str(tmp_path / "out"), *options])

    return run


def test_a_retrained_checkpoint_of_the_same_name_transcribes_again(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = save_wav2vec2(tmp_path / "m", seed=1)
    assert run(model=str(folder)) == 0
    (first,) = read_journal(tmp_path / "out" / "clips.jsonl").values()
    shutil.rmtree(folder)
    save_wav2vec2(folder, seed=2)
    assert run(model=str(folder)) == 0
    shown = capsys.readouterr()
    assert f"1 clip by {folder} with other weights will be transcribed again by {folder}" in shown.err
    (second,) = read_journal(tmp_path / "out" / "clips.jsonl").values()
    assert first.asr_weights != second.asr_weights
    assert first.generated_text != second.generated_text
    assert (first.ser_weights, len(first.ser_weights)) == (second.ser_weights, 64)
    assert run(model=str(folder)) == 0
    assert "0 clips transcribed, 1 already done" in capsys.readouterr().out


def test_decode_stops_if_auto_selects_another_model_and_follows_the_model_change_option(
    run: Run, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    old, new = (str(save_wav2vec2(tmp_path / name, seed=seed)) for name, seed in (("old", 1), ("new", 2)))
    monkeypatch.setattr(models, "speech_candidates", lambda _: [new])
    log = tmp_path / "out" / "clips.jsonl"
    assert run(model=old) == 0
    before = log.read_bytes()

    assert run() == 2
    stopped = capsys.readouterr().err
    assert f"--model-change keep to transcribe new clips with {old}" in stopped
    assert "--model-change redo" in stopped
    assert log.read_bytes() == before

    (corpus / "b.wav").write_bytes(tone(17000))
    assert run("--model-change", "keep") == 0
    assert [row.asr_model for row in read_journal(log).values()] == [old, old]
    assert log.read_bytes().startswith(before)

    assert run("--model-change", "redo") == 0
    assert "2 clips by " in capsys.readouterr().err
    assert [row.asr_model for row in read_journal(log).values()] == [new, new]
    assert run() == 0


@pytest.fixture
def fake_api(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    with FakeApi() as fake_api:
        yield fake_api


def test_digests_reported_by_an_api_decide_what_is_transcribed_again(run: Run, fake_api: FakeApi, tmp_path: Path):
    def has(weights: str) -> None:
        fake_api.health = [(200, {}, READY.model_copy(update={"asr_weights": weights}).model_dump())]

    def replies(weights: str) -> None:
        fake_api.replies = [(200, {}, {**reply_to(b"x" * 9), "asr_weights": weights})]

    assert run("--via", fake_api.address) == 0  # an older API, which reports no digest
    has("one")
    assert run("--via", fake_api.address) == 0
    assert len(fake_api.received) == 1
    (tmp_path / "out" / "clips.jsonl").unlink()
    replies("one")
    assert run("--via", fake_api.address) == 0
    assert run("--via", fake_api.address) == 0
    assert len(fake_api.received) == 2
    has("two")
    replies("two")
    assert run("--via", fake_api.address) == 0
    assert len(fake_api.received) == 3
    (row,) = read_journal(tmp_path / "out" / "clips.jsonl").values()
    assert (row.asr_model, row.asr_weights) == ("length", "two")


def test_an_api_that_chose_its_model_by_default_stops_the_run(
    run: Run, fake_api: FakeApi, capsys: pytest.CaptureFixture[str]
):
    assert run("--via", fake_api.address) == 0
    fake_api.health = [(200, {}, READY.model_copy(update={"asr_model": "wide", "asr_by_default": True}).model_dump())]
    assert run("--via", fake_api.address) == 2
    assert "--model-change keep to transcribe new clips with length" in capsys.readouterr().err
    assert len(fake_api.received) == 1


def test_a_different_emotion_model_of_an_api_only_tags_again(run: Run, fake_api: FakeApi, tmp_path: Path):
    assert run("--via", fake_api.address) == 0
    (before,) = read_journal(tmp_path / "out" / "clips.jsonl").values()
    fake_api.health = [(200, {}, READY.model_copy(update={"ser_model": "calm"}).model_dump())]
    spoken = {name: value for name, value in reply_to(b"").items() if name in {"emotion_score", "emotion_scores"}}
    fake_api.replies = [(200, {}, {**spoken, "emotion": "sad", "sentiment": "negative", "ser_model": "calm"})]
    assert run("--via", fake_api.address) == 0
    (after,) = read_journal(tmp_path / "out" / "clips.jsonl").values()
    assert (after.generated_text, after.words, after.asr_model) == (
        before.generated_text,
        before.words,
        before.asr_model,
    )
    assert (before.emotion, after.emotion, after.ser_model) == ("angry", "sad", "calm")


def test_models_that_come_with_hearsay_have_a_digest():
    from asr.emotion.linear import LinearEmotionModel
    from asr.speech.pocketsphinx import weights_of_the_wheel

    assert len(LinearEmotionModel().weights) == len(weights_of_the_wheel()) == 64


def test_the_identity_of_a_checkpoint_includes_only_an_explicit_precision(tmp_path: Path):
    folder = str(save_wav2vec2(tmp_path / "m"))
    assert Identity.of(CtcSpeechModel(folder, "cpu", "auto")).precision == ""
    assert Identity.of(CtcSpeechModel(folder, "cpu", "float32")).precision == "float32"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (None, "2 clips by tiny with other weights will be transcribed again by tiny, the second model"),
        ("keep", "the second transcripts of 2 clips by tiny with other weights are kept"),
    ],
)
def test_new_weights_of_the_second_model_are_reported(tmp_path: Path, change: str | None, message: str):
    log = tmp_path / "clips.jsonl"
    transcripts = (ModelTranscript("tiny", "yes", weights="1"), ModelTranscript("base", "yes", weights="9"))
    with Journal(log) as journal:
        journal.append(ClipRow(f"{n}", asr_model="new", ser_model="classic", transcripts=transcripts) for n in range(2))
    pipeline = FakePipeline(Identity("new"), second=Identity("tiny", "2"))
    assert messages(log, pipeline, change) == [message]
    assert messages(log, FakePipeline(Identity("new"), second=Identity("tiny", "1")), change) == []
