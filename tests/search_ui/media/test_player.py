"""The audio of a clip is served from the audio folders by its id, whole or in ranges."""

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from hearsay.records.clip import ClipRow
from indexer.errors import IndexMissing
from indexer.passages import Passage
from search_ui.media.audio import AudioFolder, AudioStore
from search_ui.media.player import audio_route, audio_url

CLIP = "samples/sample-000000.mp3"


def client(*folders: Path) -> TestClient:
    store = AudioStore(tuple(map(AudioFolder, folders)))
    return TestClient(Starlette(routes=[audio_route(lambda: store)]))


def passage(clip: str) -> Passage:
    return Passage(clip, 0.0, 2.0, ClipRow(clip))


def test_a_clip_is_sent_whole_with_its_media_type(samples: Path) -> None:
    answer = client(samples).get(f"/{audio_url(passage(CLIP))}")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "audio/mpeg"
    assert answer.content == (samples / "sample-000000.mp3").read_bytes()


def test_a_range_of_a_clip_is_sent(samples: Path) -> None:
    answer = client(samples).get(f"/audio/{CLIP}", headers={"Range": "bytes=100-199"})

    assert answer.status_code == 206
    assert answer.content == (samples / "sample-000000.mp3").read_bytes()[100:200]


@pytest.mark.parametrize("clip", ["set/a b.mp3", "set/50%.mp3", "set/what?.mp3", "set/#1.mp3", "set/é中.mp3"])
def test_a_clip_with_any_name_is_found_by_its_address(tmp_path: Path, clip: str) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / clip).write_bytes(b"sound")

    assert client(tmp_path).get(f"/{audio_url(passage(clip))}").content == b"sound"


@pytest.mark.parametrize(
    "clip", ["../secret.mp3", "%2e%2e/secret.mp3", "set/../../secret.mp3", "/etc/passwd", "link.mp3"]
)
def test_nothing_outside_the_folder_is_sent(tmp_path: Path, clip: str) -> None:
    (tmp_path / "secret.mp3").write_bytes(b"private audio")
    folder = tmp_path / "audio"
    folder.mkdir()
    (folder / "link.mp3").symlink_to(tmp_path / "secret.mp3")

    answer = client(folder).get(f"/audio/{clip}")

    assert answer.status_code == 404
    assert b"private audio" not in answer.content


def test_folders_are_searched_in_order(tmp_path: Path) -> None:
    corpus, inbox = tmp_path / "corpus", tmp_path / "inbox"
    for folder, names in ((corpus, ["both.mp3"]), (inbox, ["both.mp3", "one.mp3"])):
        folder.mkdir()
        for name in names:
            (folder / name).write_text(f"{folder.name} {name}")

    assert client(corpus, inbox).get("/audio/both.mp3").text == "corpus both.mp3"
    assert client(corpus, inbox).get("/audio/inbox/one.mp3").text == "inbox one.mp3"


def test_a_clip_never_gets_the_audio_of_another_folder_with_the_same_file_name(tmp_path: Path) -> None:
    folder = tmp_path / "cv-valid-dev"
    folder.mkdir()
    (folder / "sample-000000.mp3").write_bytes(b"of dev")

    assert client(folder).get("/audio/cv-valid-test/sample-000000.mp3").status_code == 404
    assert client(folder).get("/audio/cv-valid-dev/sample-000000.mp3").content == b"of dev"


def test_a_folder_can_have_another_name_in_ids(tmp_path: Path) -> None:
    (tmp_path / "one.mp3").write_bytes(b"added")

    assert AudioStore((AudioFolder(tmp_path, "inbox"),)).find("inbox/one.mp3") == (tmp_path / "one.mp3").resolve()
    assert AudioStore((AudioFolder(tmp_path),)).find("inbox/one.mp3") is None


def test_a_file_that_is_not_audio_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text("filename\n")

    assert AudioStore((AudioFolder(tmp_path),)).find("clips.csv") is None
    assert client(tmp_path).get("/audio/clips.csv").status_code == 404


def test_without_a_folder_there_is_no_audio() -> None:
    assert AudioStore().find(CLIP) is None
    assert client().get(f"/audio/{CLIP}").status_code == 404


def test_an_index_that_does_not_respond_is_reported_as_unavailable() -> None:
    def store() -> AudioStore:
        raise IndexMissing("nothing has been loaded")

    answer = TestClient(Starlette(routes=[audio_route(store)])).get(f"/audio/{CLIP}")

    assert answer.status_code == 503
    assert answer.text == "nothing has been loaded"


def test_a_part_of_a_recording_has_the_audio_of_the_whole() -> None:
    assert audio_url(Passage("set/long.mp3#0002", 42.5, 61.0, ClipRow("set/long.mp3"))) == "audio/set/long.mp3"
