"""``decode --hotwords``: the words of a file are passed to the speech model with every clip, or the run is rejected."""

from collections.abc import Callable
from pathlib import Path

import pytest

from asr import cli
from asr.errors import BadSource, ModelUnavailable
from asr.pipeline import assembly
from asr.pipeline.assembly import Models
from asr.pipeline.hotwords import options_for, read_hotwords
from asr.types import NO_OPTIONS, DecodingOptions, SpeechModel
from hearsay.records.journal import read_journal
from tests.support.models import LengthSpeechModel, LoudnessEmotionModel, OptionsSpeechModel, tone

Decode = Callable[..., int]


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    for number in (1, 2):
        (folder / f"{number}.wav").write_bytes(tone(16_000 * number))
    return folder


@pytest.fixture
def words(tmp_path: Path) -> Path:
    file = tmp_path / "names.txt"
    file.write_text("\ufeffAda Lovelace\r\n\r\n  Müller \nAda Lovelace\n", "utf-8")
    return file


@pytest.fixture
def decode(clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Decode:
    """Runs ``decode`` over the clips with a speech model, and returns its exit status."""

    def run(model: SpeechModel, *arguments: str) -> int:
        monkeypatch.setattr(assembly, "load_models", lambda *_: Models(model, LoudnessEmotionModel(), ()))
        return cli.main(["decode", str(clips), "--out", str(tmp_path / "out"), *arguments])

    return run


def test_every_clip_is_transcribed_with_the_words_of_the_file(decode: Decode, words: Path, tmp_path: Path):
    model = OptionsSpeechModel()
    assert decode(model, "--hotwords", str(words)) == 0
    assert model.read == [DecodingOptions(hotwords=("Ada Lovelace", "Müller"))] * 2
    assert len(read_journal(tmp_path / "out" / "clips.jsonl")) == 2


def test_without_a_file_no_option_is_set(decode: Decode):
    model = OptionsSpeechModel()
    assert decode(model) == 0
    assert model.read == [NO_OPTIONS] * 2


def test_hotwords_for_a_model_without_hotword_support_are_an_error(
    decode: Decode, words: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    model = LengthSpeechModel()
    assert decode(model, "--hotwords", str(words)) == 2
    assert "The speech model length does not support hotwords; omit them, or set ASR_MODEL" in capsys.readouterr().err
    assert (model.transcribed, model.is_closed, (tmp_path / "out").exists()) == (0, True, False)


def test_hotwords_over_the_token_limit_are_an_error():
    many = tuple(f"word{number}" for number in range(13))
    with pytest.raises(ModelUnavailable, match=r"^13 hotwords exceed the limit of options by 3 tokens; remove some"):
        options_for(OptionsSpeechModel(), many)
    assert options_for(OptionsSpeechModel(), many[:10]).hotwords == many[:10]


@pytest.mark.parametrize("is_dry", [False, True])
def test_hotwords_with_an_api_are_an_error(
    decode: Decode, words: Path, capsys: pytest.CaptureFixture[str], *, is_dry: bool
):
    arguments = ["--hotwords", str(words), "--via", "http://127.0.0.1:9", *(["--dry-run"] if is_dry else [])]
    assert decode(OptionsSpeechModel(), *arguments) == 2
    assert "--hotwords and --via cannot be combined" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "the file cannot be read: No such file or directory"),
        (b"", "the file has no words; write one word or name per line"),
        (b" \n\n", "the file has no words"),
        (b"M\xfcller\n", "the file is not UTF-8 text"),
    ],
)
def test_a_file_without_words_is_an_error_that_names_it(
    decode: Decode, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, sentence: str
):
    file = tmp_path / "words.txt"
    if content is not None:
        file.write_bytes(content)
    for more in ((), ("--dry-run",)):
        assert decode(OptionsSpeechModel(), "--hotwords", str(file), *more) == 2
        assert f"--hotwords {file}: {sentence}" in capsys.readouterr().err


def test_a_folder_instead_of_a_hotword_file_is_an_error(tmp_path: Path):
    with pytest.raises(BadSource, match="Is a directory"):
        read_hotwords(tmp_path)
