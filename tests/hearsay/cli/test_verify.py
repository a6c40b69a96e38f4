"""``hearsay search --verify``: possible matches checked against their audio with Whisper's published weights."""

import json
from pathlib import Path

import pytest

import hearsay
from hearsay.cli.command import main
from hearsay.config import user_cache
from indexer.cli.command_line import main as indexer_main
from tests.support.weights import published_weights

SENTENCES = {
    "sample-000000.mp3": "The blacksmith put down his hamper and smiled.",
    "sample-000010.mp3": "My grandmother kept her hamper in a piano.",
}


@pytest.fixture
def index(tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An index of two sample clips, both with the word hamper; in the first one hammer was said."""
    published_weights("whisper-tiny.en-short")
    home = tmp_path / "home"
    monkeypatch.setenv("HEARSAY_HOME", str(home))
    home.mkdir()
    (home / "models").symlink_to(user_cache() / "hearsay" / "test-weights" / "models")
    table = tmp_path / "clips.jsonl"
    lines = [{"filename": name, "generated_text": text, "duration": 3.0} for name, text in SENTENCES.items()]
    table.write_text("".join(json.dumps(line) + "\n" for line in lines))
    place = str(tmp_path / "index")
    assert main(["load", str(table), "--index", place, "--audio", str(samples)]) == 0
    return place


def verified(index: str, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[list[str], str]:
    capsys.readouterr()
    assert main(["search", "hammer", "--index", index, "--verify", *options]) == 0
    printed = capsys.readouterr()
    return printed.out.splitlines(), printed.err


def test_the_audio_decides_between_two_clips_with_the_same_word(
    index: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    lines, _ = verified(index, capsys, "--json")
    before, after = map(json.loads, lines)
    assert {one["id"] for one in before["possible"]} <= set(SENTENCES)
    said, other = after["checked"]
    assert (said["id"], other["id"]) == ("sample-000000.mp3", "sample-000010.mp3")
    assert said["probability"] > 0.7 > 0.05 > other["probability"]
    assert (said["is_likely"], other["is_likely"]) == (True, False)
    assert after["model"] == "whisper-tiny.en-short"


def test_python_has_the_outcome_beside_the_result(index: str):
    with hearsay.open_index(index) as opened:
        assert opened.search("hammer").checked == ()
        said, other = opened.search("hammer", verify=True).checked
    assert (said.hit.id, other.hit.id) == ("sample-000000.mp3", "sample-000010.mp3")
    assert said.probability is not None
    assert other.probability is not None
    assert said.probability > 0.7 > 0.05 > other.probability
    assert (said.is_likely, other.is_likely, said.reason) == (True, False, "")
    assert said.hit.probability == said.probability


def test_python_has_a_reason_for_what_cannot_be_checked(index: str, tmp_path: Path):
    assert main(["load", str(tmp_path / "clips.jsonl"), "--index", index, "--audio", str(tmp_path / "home")]) == 0
    with hearsay.open_index(index) as opened:
        checked = opened.search("hammer", verify=True).checked
    assert [(one.probability, one.is_likely) for one in checked] == [(None, False)] * 2
    assert all("audio is not where the index says" in one.reason for one in checked)


def test_the_speech_model_of_the_settings_checks_if_there_are_weights_for_it(
    index: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ASR_MODEL", "whisper-tiny.en")
    assert json.loads(verified(index, capsys, "--json")[0][1])["model"] == "whisper-tiny.en"
    monkeypatch.setenv("ASR_MODEL", "pocketsphinx")
    assert json.loads(verified(index, capsys, "--json")[0][1])["model"] == "whisper-tiny.en-short"


def test_the_result_comes_first_and_what_was_scored_is_not_scored_again(
    index: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    lines, _ = verified(index, capsys)
    heading = next(number for number, line in enumerate(lines) if "Checked against the audio" in line)
    assert any("passages found" in line for line in lines[:heading])
    assert "The blacksmith put down his hamper" in lines[heading + 1]
    (tmp_path / "home" / "models").unlink()  # without its weights, the model cannot be loaded
    assert verified(index, capsys)[0] == lines


def test_without_the_model_or_the_audio_one_sentence_says_so(
    index: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "home" / "models").unlink()
    monkeypatch.setenv("MODEL_SOURCES", "cache")
    lines, notes = verified(index, capsys)
    assert not any("Checked" in line for line in lines)
    assert notes.count("were not checked against their audio") == 1
    assert "whisper-tiny.en" in notes
    table = tmp_path / "clips.jsonl"
    assert main(["load", str(table), "--index", index]) == 0
    assert "the index does not record where the audio is" in verified(index, capsys)[1]
    empty = tmp_path / "empty"
    empty.mkdir()
    assert main(["load", str(table), "--index", index, "--audio", str(empty)]) == 0
    assert "its audio is not where the index says" in verified(index, capsys)[1]


def test_options_that_exclude_a_check_are_refused(index: str, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"id": "1", "query": "hammer"}\n')
    assert main(["search", "--queries", str(queries), "--index", index, "--verify"]) == 2
    assert "without --queries" in capsys.readouterr().err
    assert indexer_main(["search", "hammer", "--index", index, "--verify"]) == 2
    assert "use it with hearsay search" in capsys.readouterr().err
