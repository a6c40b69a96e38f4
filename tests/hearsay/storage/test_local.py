"""A clip id is resolved to audio below the folder, and to nothing outside it."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hearsay.storage.local import find_audio


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret.mp3").write_bytes(b"not yours")
    root = tmp_path / "clips"
    (root / "cv").mkdir(parents=True)
    (root / "cv" / "a.mp3").write_bytes(b"a")
    (root / "b.mp3").write_bytes(b"b")
    return root


@pytest.mark.parametrize("clip_id", ["cv/a.mp3", "clips/cv/a.mp3"])
def test_an_id_is_found_with_or_without_the_name_of_the_folder(folder: Path, clip_id: str):
    assert find_audio(folder, clip_id) == (folder / "cv" / "a.mp3").resolve()


def test_the_name_of_another_folder_is_not_removed(folder: Path):
    assert find_audio(folder, "other/b.mp3") is None
    assert find_audio(folder / "cv", "clips/a.mp3") is None
    assert find_audio(folder, "other/b.mp3", ("other",)) == (folder / "b.mp3").resolve()


def test_a_linked_folder_is_found_by_the_name_of_the_link_or_of_its_target(folder: Path):
    (folder.parent / "linked").symlink_to(folder)
    for clip_id in ("linked/b.mp3", "clips/b.mp3"):
        assert find_audio(folder.parent / "linked", clip_id) == (folder / "b.mp3").resolve()


def test_the_full_id_takes_precedence_over_the_id_without_its_first_folder(folder: Path):
    (folder / "clips").mkdir()
    (folder / "clips" / "b.mp3").write_bytes(b"the other b")
    assert find_audio(folder, "clips/b.mp3") == (folder / "clips" / "b.mp3").resolve()


def test_relative_and_linked_folders_are_accepted(folder: Path, monkeypatch: pytest.MonkeyPatch):
    (folder.parent / "linked").symlink_to(folder)
    monkeypatch.chdir(folder.parent)
    assert find_audio(Path("linked"), "b.mp3") == find_audio(Path("clips"), "b.mp3") == (folder / "b.mp3").resolve()


@pytest.mark.parametrize(
    "clip_id",
    [
        "",
        "/",
        ".",
        "cv",
        "missing.mp3",
        "../secret.mp3",
        "cv/../../secret.mp3",
        "x/../secret.mp3",
        "a\0b.mp3",
        "\0/b.mp3\0",
        "\ud800.mp3",
        pytest.param("x" * 5000, id="long"),
        "cv/a.mp3/b.mp3",
    ],
)
def test_an_id_without_a_clip_in_the_folder_finds_nothing(folder: Path, clip_id: str):
    assert find_audio(folder, clip_id) is None


def test_an_absolute_path_finds_nothing(folder: Path):
    assert find_audio(folder, str(folder.parent / "secret.mp3")) is None
    assert find_audio(folder, f"/{folder.parent / 'secret.mp3'}") is None


def test_a_link_to_outside_the_folder_finds_nothing(folder: Path):
    (folder / "way-out.mp3").symlink_to(folder.parent / "secret.mp3")
    (folder / "parent").symlink_to(folder.parent)
    assert find_audio(folder, "way-out.mp3") is None
    assert find_audio(folder, "parent/secret.mp3") is None


def test_a_link_to_itself_finds_nothing(folder: Path):
    (folder / "loop.mp3").symlink_to("loop.mp3")
    assert find_audio(folder, "loop.mp3") is None


def test_a_named_pipe_is_not_a_clip(folder: Path):
    os.mkfifo(folder / "pipe.mp3")
    assert find_audio(folder, "pipe.mp3") is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["..", ".", "", "cv", "secret.mp3", "a.mp3", "clips", "~"]), max_size=6))
def test_no_relative_path_escapes_the_folder(folder: Path, parts: list[str]):
    found = find_audio(folder, "/".join(parts))
    assert found is None or found.is_relative_to(folder.resolve())
