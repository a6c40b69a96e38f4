"""Buckets as sources, on a real S3 server."""

import sys
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from asr.cli import main
from asr.errors import BadSource
from asr.pipeline.assembly import open_source
from asr.sources.listing import Listing
from asr.sources.s3 import S3Source
from hearsay.errors import BadTable
from hearsay.records.table import read_csv
from hearsay.storage.s3 import Bucket, connect
from tests.conftest import SAMPLES
from tests.support.buckets import Buckets, gateway
from tests.support.corpora import RELEASE, common_voice, put
from tests.support.models import tone


@pytest.fixture(scope="module")
def buckets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Buckets]:
    with Buckets(gateway(), tmp_path_factory.mktemp("s3")) as buckets:
        yield buckets


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The credentials of the server, isolated from the user's AWS configuration."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", Buckets.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", Buckets.secret_key)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="module")
def corpora(buckets: Buckets) -> str:
    """A bucket with a corpus of three clips under a prefix, and unrelated objects."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", Buckets.access_key)
        patch.setenv("AWS_SECRET_ACCESS_KEY", Buckets.secret_key)
        client = connect(buckets.endpoint)
        client.create_bucket(Bucket="corpora")
        for key in (
            "dev/b.mp3",
            "dev/a ü.wav",
            "dev/deep/c.FLAC",
            "dev/notes.txt",
            "dev/.part/d.wav",
            "development/e.wav",
        ):
            client.put_object(Bucket="corpora", Key=key, Body=key.encode())
        client.put_object(Bucket="corpora", Key="dev.csv", Body=b"filename,text\ndev/b.mp3,second\ndeep/c.FLAC,third\n")
        client.put_object(Bucket="corpora", Key="bad.csv", Body="filename,text\ndev/b.mp3,größer\n".encode("latin-1"))
        client.put_object(Bucket="corpora", Key="text/only.txt", Body=b"no sound")
        client.close()
    return "s3://corpora"


def listed(buckets: Buckets, place: str, csv: str | None = None, *, allow_missing: bool = False) -> Listing:
    return open_source(place, csv, None, allow_missing=allow_missing, s3_endpoint=buckets.endpoint).list()


def ids(listing: Listing) -> list[str]:
    return [clip.row.id for clip in listing.clips]


@pytest.mark.parametrize("place", ["s3://corpora/dev", "s3://corpora/dev/"])
def test_a_prefix_is_a_source_with_its_last_component_as_the_dataset(buckets: Buckets, corpora: str, place: str):
    listing = listed(buckets, place)
    assert ids(listing) == ["dev/a ü.wav", "dev/b.mp3", "dev/deep/c.FLAC"]
    assert {clip.row.dataset for clip in listing.clips} == {"dev"}
    assert [path.name for path in listing.passed_over] == ["notes.txt"]


def test_a_bucket_is_a_source_with_its_name_as_the_dataset(buckets: Buckets, corpora: str):
    assert ids(listed(buckets, corpora)) == [
        *("corpora/dev/a ü.wav", "corpora/dev/b.mp3", "corpora/dev/deep/c.FLAC", "corpora/development/e.wav")
    ]


def test_a_clip_can_be_read_repeatedly_from_several_threads(buckets: Buckets, corpora: str):
    clip = listed(buckets, f"{corpora}/dev").clips[0]
    assert clip.read is not None
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda _: clip.read(), range(24))) == {"dev/a ü.wav".encode()}


def test_listings_of_more_than_one_page_are_complete(buckets: Buckets, corpora: str):
    (buckets.root / "many").mkdir()
    for number in range(1203):  # a page holds 1,000
        (buckets.root / "many" / f"{number:04}.wav").touch()
    assert ids(listed(buckets, "s3://many")) == [f"many/{number:04}.wav" for number in range(1203)]


@pytest.mark.parametrize("where", ["bucket", "here"])
def test_table_rows_match_with_or_without_the_name_of_the_prefix(
    buckets: Buckets, corpora: str, tmp_path: Path, where: str
):
    (tmp_path / "dev.csv").write_text("filename,text\ndev/b.mp3,second\ndeep/c.FLAC,third\n")
    csv = f"{corpora}/dev.csv" if where == "bucket" else str(tmp_path / "dev.csv")
    first, second = listed(buckets, f"{corpora}/dev", csv).clips
    assert (first.row.id, first.row.text, first.row.dataset) == ("dev/b.mp3", "second", "dev")
    assert (second.row.id, second.row.text) == ("deep/c.FLAC", "third")
    assert first.read is not None
    assert first.read() == b"dev/b.mp3"


def test_rows_without_an_object_are_an_error_unless_allowed(buckets: Buckets, corpora: str, tmp_path: Path):
    csv = tmp_path / "dev.csv"
    csv.write_text("filename\ndev/b.mp3\ndev/gone.mp3\n")
    with pytest.raises(BadSource, match=r"1 of 2 rows .* s3://corpora/dev, .*gone\.mp3.*--allow-missing"):
        listed(buckets, f"{corpora}/dev", str(csv))
    clips = listed(buckets, f"{corpora}/dev", str(csv), allow_missing=True).clips
    assert [clip.read is None for clip in clips] == [False, True]


def test_a_row_of_another_prefix_never_matches_an_object_of_this_prefix(buckets: Buckets, corpora: str, tmp_path: Path):
    csv = tmp_path / "all.csv"
    csv.write_text("filename\ndev/b.mp3\ntest/b.mp3\n")
    with pytest.raises(BadSource, match=r"1 of 2 rows .* s3://corpora/dev, for example test/b\.mp3"):
        listed(buckets, f"{corpora}/dev", str(csv))


class OneBucket:
    """A client with these keys; servers that store objects as files cannot hold keys with ``//`` or ``..``."""

    def __init__(self, *keys: str) -> None:
        self.keys = keys

    def get_paginator(self, _: str) -> "OneBucket":
        return self

    def paginate(self, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803
        return [{"Contents": [{"Key": key} for key in self.keys if key.startswith(Prefix)]}]

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        assert Key in self.keys
        return {"Body": BytesIO(Key.encode())}


ODD_KEYS = ("dev/a//b.wav", "dev/a/../c.wav", "dev//d.wav", "dev/./e.wav")


def test_keys_are_not_normalised_as_paths():
    client = OneBucket(*ODD_KEYS, "/dev/f.wav", "dev/.hidden/g.wav")
    clips = S3Source(Bucket(client, "s3://bucket/dev")).list().clips
    assert [clip.read() for clip in clips if clip.read] == [key.encode() for key in ODD_KEYS]
    assert [clip.row.id for clip in clips] == list(ODD_KEYS)
    (clip,) = S3Source(Bucket(client, "s3://bucket//dev")).list().clips
    assert (clip.row.id, clip.read and clip.read()) == ("dev/f.wav", b"/dev/f.wav")


def test_table_rows_match_keys_exactly(tmp_path: Path):
    (tmp_path / "all.csv").write_text("filename\ndev/a//b.wav\na/../c.wav\n")
    clips = S3Source(Bucket(OneBucket(*ODD_KEYS), "s3://bucket/dev"), str(tmp_path / "all.csv")).list().clips
    assert [clip.read() for clip in clips if clip.read] == [b"dev/a//b.wav", b"dev/a/../c.wav"]
    (tmp_path / "all.csv").write_text("filename\na/b.wav\n")
    with pytest.raises(BadSource, match="1 of 1 rows"):
        S3Source(Bucket(OneBucket(*ODD_KEYS), "s3://bucket/dev"), str(tmp_path / "all.csv")).list()


def test_a_name_in_another_unicode_normal_form_is_found(buckets: Buckets, corpora: str, tmp_path: Path):
    composed, decomposed = (unicodedata.normalize(form, "Grüße/é.wav") for form in ("NFC", "NFD"))
    client = connect(buckets.endpoint)
    buckets.put(client, "forms", **{f"set/{decomposed}": b"greetings"})
    client.close()
    (csv := tmp_path / "set.csv").write_text(f"filename,text\n{composed},hello\n", encoding="utf-8")
    (clip,) = listed(buckets, "s3://forms/set", str(csv)).clips
    assert (clip.row.id, clip.read and clip.read()) == (composed, b"greetings")
    assert ids(listed(buckets, "s3://forms/set")) == [f"set/{decomposed}"], "without a table, ids are the keys"


@pytest.fixture(scope="module")
def released(buckets: Buckets, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A bucket with corpora, and a folder with the same files."""
    folder = tmp_path_factory.mktemp("released")
    common_voice(folder, [SAMPLES / f"sample-{number:06}.mp3" for number in range(3)])
    put(folder, "libri/dev-clean/84/121/84-121.trans.txt", "84-121-0000 GO DO YOU\n84-121-0001 BUT IN LESS\n")
    put(folder, "libri/SPEAKERS.TXT", "84 | F | dev-clean | 8.02 | Christie Nowak\n")
    for path in ("84-121-0000.flac", "84-121-0001.flac"):
        put(folder, f"libri/dev-clean/84/121/{path}", path)
    put(folder, "texts/a.wav", "bytes of a")
    put(folder, "texts/a.txt", "hello there")
    put(folder, "texts/b.wav", "bytes of b")
    put(folder, "texts/README.txt", "not a transcript")
    put(folder, "lj/metadata.csv", "LJ-1|Two, 2|two, two\n")
    put(folder, "lj/wavs/LJ-1.wav", "bytes of 1")
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", Buckets.access_key)
        patch.setenv("AWS_SECRET_ACCESS_KEY", Buckets.secret_key)
        client = connect(buckets.endpoint)
        buckets.put(client, "released", **files)
        client.close()
    return "s3://released", folder


@pytest.mark.parametrize("name", [f"{RELEASE}/en", RELEASE, "libri", "texts", "lj"])
@pytest.mark.parametrize("dataset", [None, "mine"])
def test_a_corpus_in_a_bucket_is_read_like_one_in_a_folder(
    buckets: Buckets, released: tuple[str, Path], name: str, dataset: str | None
):
    place, folder = f"{released[0]}/{name}", released[1] / name
    there = open_source(place, None, dataset, allow_missing=False, s3_endpoint=buckets.endpoint).list()
    here = open_source(str(folder), None, dataset, allow_missing=False).list()
    assert [clip.row for clip in there.clips] == [clip.row for clip in here.clips]
    assert [clip.read and clip.read() for clip in there.clips] == [clip.read and clip.read() for clip in here.clips]
    assert there.account == here.account.replace(str(folder), place)
    assert (there.table.cells, there.remarks) == (here.table.cells, here.remarks)
    assert all(clip.stamp() for clip in there.clips)


def test_layouts_and_columns_are_options_for_buckets_too(buckets: Buckets, released: tuple[str, Path]):
    how: dict[str, Any] = {"allow_missing": False, "s3_endpoint": buckets.endpoint}
    place = f"{released[0]}/lj"
    renamed = open_source(place, None, None, columns={"raw_text": "text", "text": "spoken"}, **how).list()
    assert [(clip.row.text, clip.row.extra) for clip in renamed.clips] == [("Two, 2", {"spoken": "two, two"})]
    (plain,) = open_source(place, None, None, layout="folder", **how).list().clips
    assert (plain.row.id, plain.row.text) == ("lj/wavs/LJ-1.wav", "")
    with pytest.raises(BadSource, match=f"{place} has no table of NeMo manifest"):
        open_source(place, None, None, layout="nemo", **how).list()
    with pytest.raises(BadSource, match="there is no layout dance"):
        open_source(place, None, None, layout="dance", **how).list()


def test_one_table_of_a_corpus_in_a_bucket_is_read(buckets: Buckets, released: tuple[str, Path]):
    place = f"{released[0]}/{RELEASE}/en"
    clips = listed(buckets, place, f"{place}/dev.tsv").clips
    assert [(clip.row.id, clip.row.split) for clip in clips] == [(f"{RELEASE}-en/clips/common_voice_en_2.mp3", "dev")]


def test_an_error_in_a_table_of_a_corpus_names_the_object(buckets: Buckets, released: tuple[str, Path]):
    client = connect(buckets.endpoint)
    files = {"set/metadata.csv": b"file_name,text\na.wav,one\n../b.wav,two\n", "set/a.wav": b"a"}
    buckets.put(client, "damaged", **files)
    client.close()
    expected = r"^s3://damaged/set/metadata.csv, line 3: ../b.wav leads outside s3://damaged/set"
    with pytest.raises(BadTable, match=expected):
        listed(buckets, "s3://damaged/set")


def test_an_invalid_table_in_a_bucket_is_named_in_the_error(buckets: Buckets, corpora: str):
    with pytest.raises(BadTable, match=r"s3://corpora/bad\.csv is not UTF-8"):
        listed(buckets, f"{corpora}/dev", f"{corpora}/bad.csv")


def test_a_bucket_is_decoded_like_a_folder_and_a_second_run_decodes_only_new_audio(
    buckets: Buckets, corpora: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    settings = {"ASR_MODEL": "pocketsphinx", "SER_MODEL": "classic", "WORKERS": "1", "LOG_DIR": str(tmp_path / "logs")}
    for name, value in {**settings, "AWS_ENDPOINT_URL": buckets.endpoint}.items():
        monkeypatch.setenv(name, value)
    client: Any = connect(buckets.endpoint)
    buckets.put(client, "sounds", **{"day/good.wav": tone(8000), "day/bad.wav": b"no sound at all, only words" * 50})
    arguments = ["decode", "s3://sounds/day", "--out", str(tmp_path / "out")]
    assert main(arguments) == 1
    cells = read_csv(tmp_path / "out" / "clips.csv").cells
    assert [bool(cells[name]["error"]) for name in ("day/bad.wav", "day/good.wav")] == [True, False]
    client.put_object(Bucket="sounds", Key="day/bad.wav", Body=tone(4000))
    client.close()
    assert main(arguments) == 0
    assert "1 clip transcribed" in capsys.readouterr().out
    with monkeypatch.context() as patch:
        patch.setattr(Bucket, "read", unexpected_read)
        assert main(arguments) == 0
    assert "0 clips transcribed, 2 already done" in capsys.readouterr().out, "their ETags equal those in the log"


def unexpected_read(_: Bucket, path: str) -> bytes:
    raise AssertionError(f"{path} was read")


def test_an_object_has_a_stamp_that_changes_with_its_content(buckets: Buckets, corpora: str):
    client = connect(buckets.endpoint)
    buckets.put(client, "stamps", **{"a.wav": b"one", "b.wav": b"two"})
    a, b = (clip.stamp() for clip in listed(buckets, "s3://stamps").clips)
    client.put_object(Bucket="stamps", Key="b.wav", Body=b"six")
    client.close()
    assert a
    assert [clip.stamp() == b for clip in listed(buckets, "s3://stamps").clips] == [False, False]
    assert listed(buckets, "s3://stamps").clips[0].stamp() == a


def test_objects_of_a_server_without_etags_have_no_stamp():
    (clip,) = S3Source(Bucket(OneBucket("dev/a.wav"), "s3://bucket/dev")).list().clips
    assert clip.stamp() == ""


@pytest.mark.parametrize(
    ("place", "csv", "says"),
    [
        ("s3://corpora/empty", None, r"there are no audio files under s3://corpora/empty"),
        ("s3://corpora/text", None, r"there are no audio files under s3://corpora/text"),
        ("s3://nowhere/dev", None, "s3://nowhere: there is no such bucket"),
        ("s3:///dev", None, "does not name a bucket"),
        ("s3://corpora/dev", "s3://corpora/none.csv", r"s3://corpora/none\.csv: there is no such object"),
    ],
)
def test_missing_buckets_objects_and_audio_are_reported(
    buckets: Buckets, corpora: str, place: str, csv: str | None, says: str
):
    with pytest.raises(BadSource, match=says):
        listed(buckets, place, csv)


def test_an_object_deleted_after_listing_is_reported(buckets: Buckets, corpora: str):
    client: Any = connect(buckets.endpoint)
    client.put_object(Bucket="corpora", Key="brief/a.wav", Body=b"here")
    (clip,) = listed(buckets, "s3://corpora/brief").clips
    client.delete_object(Bucket="corpora", Key="brief/a.wav")
    client.close()
    assert clip.read is not None
    with pytest.raises(OSError, match=r"s3://corpora/brief/a\.wav: there is no such object"):
        clip.read()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("AWS_ACCESS_KEY_ID", "stranger", "access key"),
        ("AWS_SECRET_ACCESS_KEY", "wrong", "the secret key does not belong to"),
        ("AWS_SECRET_ACCESS_KEY", None, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
        (("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), None, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
        ("AWS_PROFILE", "nobody", "nobody"),
    ],
)
def test_denied_access_is_explained(
    buckets: Buckets,
    corpora: str,
    monkeypatch: pytest.MonkeyPatch,
    name: str | tuple[str, ...],
    value: str | None,
    says: str,
):
    for each in (name,) if isinstance(name, str) else name:
        monkeypatch.setenv(each, value) if value else monkeypatch.delenv(each)
    with pytest.raises(BadSource, match=says):
        listed(buckets, f"{corpora}/dev")


def test_an_unreachable_server_is_reported(tmp_path: Path):
    with Buckets(gateway(), tmp_path) as stopped:
        pass
    with pytest.raises(BadSource, match=r"cannot be reached.*AWS_ENDPOINT_URL"):
        listed(stopped, "s3://corpora/dev")


def test_without_boto3_the_error_explains_how_to_install_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "boto3.session", None)
    monkeypatch.setenv("HEARSAY_CALLED", "./run.sh")
    with pytest.raises(BadSource, match=r"needs boto3.*\[s3\].*run\.sh decode s3://… .* install it"):
        open_source("s3://corpora/dev", None, None, allow_missing=False)


def test_an_invalid_endpoint_is_rejected():
    with pytest.raises(BadSource, match="S3: Invalid endpoint"):
        open_source("s3://corpora/dev", None, None, allow_missing=False, s3_endpoint="no address")
