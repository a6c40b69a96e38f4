"""Audio in a bucket is played by signed links, drawn and exported, with a real S3 server."""

import io
import os
import sys
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qs, quote, urlsplit
from urllib.request import Request, urlopen

import pytest
import streamlit as st
from httpx import Response
from playwright.sync_api import Page, expect
from starlette.applications import Starlette
from starlette.testclient import TestClient

from hearsay.errors import StorageError
from hearsay.storage.s3 import Bucket, connect
from indexer.cli.command_line import main
from search_ui.connection import audio_store, the_index, the_settings
from search_ui.export.routes import ExportSource, export_routes
from search_ui.media.audio import AudioStore
from search_ui.media.player import LINK_SECONDS, audio_route
from search_ui.media.spectrogram_route import spectrogram_route
from search_ui.search.request import request_of
from tests.support.browser import go_to
from tests.support.buckets import Buckets, gateway
from tests.support.pages import served_page

CLIP, AUDIO = "samples/sample-000000.mp3", "sample-000000.mp3"

NAMES = tuple(unicodedata.normalize(form, "Grüße/é.mp3") for form in ("NFC", "NFD"))
"""One name in both Unicode normal forms; the key in the bucket has the second."""


@pytest.fixture(scope="module")
def place(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A bucket with samples below a prefix, and a private object beside it; AWS_ENDPOINT_URL is its server."""
    with pytest.MonkeyPatch.context() as patch, Buckets(gateway(), tmp_path_factory.mktemp("s3")) as buckets:
        for name in [name for name in os.environ if name.startswith("AWS_")]:  # the environment may contain keys
            patch.delenv(name)
        patch.setenv("AWS_ACCESS_KEY_ID", Buckets.access_key)
        patch.setenv("AWS_SECRET_ACCESS_KEY", Buckets.secret_key)
        patch.setenv("AWS_CONFIG_FILE", "/nowhere")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_ENDPOINT_URL", buckets.endpoint)
        audio = (samples / AUDIO).read_bytes()
        inside = {f"samples/{AUDIO}": audio, "samples/set/a b?#%.mp3": audio, "samples/set/notes.txt": b"notes"}
        inside[f"samples/{NAMES[1]}"] = audio
        buckets.put(connect(buckets.endpoint), "sounds", **inside, **{"secret.mp3": b"secret"})
        yield "s3://sounds/samples/"


@pytest.fixture
def bucket(place: str) -> Bucket:
    return Bucket(connect(None, is_interactive=True), place)


def client(bucket: Bucket) -> TestClient:
    store = AudioStore(bucket=bucket)
    routes = [audio_route(lambda: store), spectrogram_route(lambda: store)]
    return TestClient(Starlette(routes=routes), follow_redirects=False)


def test_a_clip_is_served_by_a_signed_link_that_supports_ranges(bucket: Bucket, samples: Path) -> None:
    answer = client(bucket).get(f"/audio/{CLIP}")
    link = answer.headers["Location"]

    assert answer.status_code == 307
    assert parse_qs(urlsplit(link).query)["X-Amz-Expires"] == [str(LINK_SECONDS)]
    assert "not-a-secret" not in link
    with urlopen(Request(link, headers={"Range": "bytes=100-199"})) as part:
        assert part.status == 206
        assert part.read() == (samples / AUDIO).read_bytes()[100:200]


def test_a_link_is_valid_for_its_object_only(bucket: Bucket) -> None:
    link = client(bucket).get(f"/audio/{CLIP}").headers["Location"]

    with pytest.raises(HTTPError, match="403") as refused:
        urlopen(link.replace(f"samples/{AUDIO}", "secret.mp3"))
    refused.value.close()


def test_an_id_is_looked_up_with_and_without_the_prefixs_own_name(bucket: Bucket) -> None:
    found = [bucket.find(clip) for clip in (AUDIO, CLIP, "set/a b?#%.mp3", "samples/set/a b?#%.mp3")]

    assert [one.key if one else None for one in found] == [
        f"samples/{AUDIO}",
        f"samples/{AUDIO}",
        "samples/set/a b?#%.mp3",
        "samples/set/a b?#%.mp3",
    ]
    assert bucket.find(f"other/{AUDIO}") is None


def test_a_key_with_special_characters_is_served(bucket: Bucket, samples: Path) -> None:
    link = client(bucket).get("/audio/set/a%20b%3F%23%25.mp3").headers["Location"]

    with urlopen(link) as answer:
        assert answer.read() == (samples / AUDIO).read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_either_unicode_normal_form_is_served(name: str, bucket: Bucket, samples: Path) -> None:
    link = client(bucket).get(f"/audio/samples/{quote(name)}").headers["Location"]

    with urlopen(link) as answer:
        assert answer.read() == (samples / AUDIO).read_bytes()


@pytest.mark.parametrize("clip", ["../secret.mp3", "x/../../secret.mp3", "/secret.mp3", "secret.mp3", "./secret.mp3"])
def test_nothing_outside_the_prefix_is_found(bucket: Bucket, clip: str) -> None:
    assert bucket.find(clip) is None


def test_missing_objects_and_other_file_types_are_not_found(bucket: Bucket) -> None:
    assert bucket.find("set/notes.txt") is None
    assert client(bucket).get("/audio/set/none.mp3").status_code == 404
    assert client(bucket).get("/picture/set/none.mp3").status_code == 404


def test_a_clip_in_a_bucket_has_a_spectrogram(bucket: Bucket) -> None:
    first = client(bucket).get(f"/picture/{CLIP}?start=0.5&end=1.5")
    again = client(bucket).get(f"/picture/{CLIP}?start=0.5&end=1.5", headers={"If-None-Match": first.headers["ETag"]})

    assert first.headers["Hearsay-Stretch"] == "0.500 1.500"
    assert again.status_code == 304


def test_invalid_keys_and_an_unreachable_server_are_reported(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    answer = client(Bucket(connect(None), place)).get(f"/audio/{CLIP}")
    assert answer.status_code == 503
    assert "s3:GetObject" in answer.text

    with pytest.raises(StorageError, match="AWS_ENDPOINT_URL"):
        Bucket(connect("http://127.0.0.1:1"), place).find(CLIP)


def test_missing_credentials_are_reported_before_any_request(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")

    with pytest.raises(StorageError, match="no credentials for S3; set AWS_ACCESS_KEY_ID"):
        connect(None)


def test_a_missing_library_is_reported_with_the_command_that_installs_it(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "boto3.session", None)
    monkeypatch.setenv("HEARSAY_CALLED", "./run.sh")

    with pytest.raises(
        StorageError,
        match=r"not installed here; run pip install .*\[s3\].*\./run\.sh .*load --audio s3://… install it",
    ):
        connect(None)


@pytest.fixture
def index(place: str, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The records of the samples in an index that was loaded with the bucket as --audio."""
    monkeypatch.setenv("DELETIONS", str(tmp_path / "deletions.jsonl"))
    assert main(["load", str(samples / "clips.csv"), "--audio", place, "--index", str(tmp_path / "index")]) == 0
    return str(tmp_path / "index")


def exported_zip(index: str, monkeypatch: pytest.MonkeyPatch) -> Response:
    """The ZIP archive of a search in this index."""
    monkeypatch.setenv("INDEX_URL", index)
    st.cache_resource.clear()
    routes = export_routes(ExportSource(the_settings, the_index, audio_store, request_of))
    answer = TestClient(Starlette(routes=routes)).get("/export/clips.zip?q=text:blacksmith")
    st.cache_resource.clear()
    return answer


def test_a_zip_has_the_audio_of_the_bucket_and_lists_what_it_lacks(
    index: str, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(io.BytesIO(exported_zip(index, monkeypatch).content)) as archive:
        assert archive.testzip() is None
        assert archive.read(f"audio/{CLIP}") == (samples / AUDIO).read_bytes()
        assert archive.getinfo(f"audio/{CLIP}").date_time[0] > 1980
        assert archive.read("manifest.jsonl").count(b"\n") == 1
        assert len(archive.read("missing-audio.txt").splitlines()) > 2


def test_a_zip_whose_bucket_is_unreachable_is_an_error(index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    answer = exported_zip(index, monkeypatch)
    assert answer.status_code == 503
    assert "check AWS_ENDPOINT_URL" in answer.text


def test_a_deleted_object_has_no_pieces(bucket: Bucket) -> None:
    found = bucket.find(CLIP)
    assert found
    assert b"".join(found.chunks(1000) or ()) == b"".join(found.chunks(1 << 20) or ()) == found.read()
    assert replace(found, key="samples/gone.mp3").chunks(1000) is None


@pytest.mark.browser
def test_a_clip_in_the_bucket_that_load_named_plays_on_the_page(tab: Page, index: str, tmp_path: Path) -> None:
    with served_page({"INDEX_URL": index}, tmp_path / "page.log") as address:
        go_to(tab, f"{address}/?q=text:blacksmith")
        hit = tab.locator(".hit").filter(has_text=CLIP)
        hit.get_by_role("button", name="Play").click()
        tab.wait_for_function("[...document.querySelectorAll('audio')].some(audio => audio.currentTime > 0)")
        other = tab.locator(".hit").filter(has_not_text=CLIP).first.get_by_role("button", name="Play")
        other.click()
        expect(other).to_have_text("cannot play")
        expect(other).to_be_disabled()
        leave(tab)


@pytest.mark.browser
def test_a_page_without_credentials_reports_it_and_still_searches(
    tab: Page, index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with served_page({"INDEX_URL": index}, tmp_path / "page.log") as address:
        go_to(tab, address)
        expect(tab.get_by_text("there are no credentials for S3")).to_be_visible()
        expect(tab.locator(".hit")).to_have_count(10)
        leave(tab)


def leave(tab: Page) -> None:
    """Leave the page before its server ends, so that no request fails."""
    tab.wait_for_load_state("networkidle")
    tab.goto("about:blank")
