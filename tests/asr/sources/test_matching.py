"""Matching of table rows to files: no row gets a wrong file, and ambiguous matches are reported."""

import shutil
import unicodedata
from pathlib import Path

import pytest

from asr.cli import main
from asr.errors import BadSource
from asr.pipeline.assembly import open_source
from asr.sources.listing import Listing
from hearsay.records.table import read_csv


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two splits of one corpus with equal file names, as in Common Voice."""
    for split in ("cv-valid-dev", "cv-valid-test"):
        (tmp_path / split).mkdir()
        (tmp_path / split / "sample-000000.mp3").write_bytes(split.encode())
    return tmp_path


def listed(
    folder: Path, *ids: str, dataset: str | None = None, allow_missing: bool = False, table: str = "all.csv"
) -> Listing:
    path = folder.parent / table
    path.write_text("\n".join(["filename", *ids, ""]), encoding="utf-8")
    return open_source(str(folder), str(path), dataset, allow_missing=allow_missing).list()


def sounds(listing: Listing) -> list[bytes | None]:
    return [clip.read() if clip.read else None for clip in listing.clips]


DEV, TEST = "cv-valid-dev/sample-000000.mp3", "cv-valid-test/sample-000000.mp3"


def test_a_row_of_another_split_never_matches_audio_of_this_split(corpus: Path):
    with pytest.raises(
        BadSource, match=r"1 of 2 rows of .*all\.csv have no file under .*dev, for example cv-valid-test"
    ):
        listed(corpus / "cv-valid-dev", DEV, TEST)
    assert sounds(listed(corpus / "cv-valid-dev", DEV, TEST, allow_missing=True)) == [b"cv-valid-dev", None]
    assert sounds(listed(corpus, DEV, TEST)) == [b"cv-valid-dev", b"cv-valid-test"]


def test_decode_reports_rows_without_a_file_and_writes_nothing(
    corpus: Path, samples: Path, capsys: pytest.CaptureFixture[str]
):
    shutil.copy(samples / "sample-000000.mp3", corpus / DEV)
    (corpus / "all.csv").write_text(f"filename\n{DEV}\n{TEST}\n")
    out = corpus / "out"
    arguments = ["decode", str(corpus / "cv-valid-dev"), "--csv", str(corpus / "all.csv"), "--out", str(out)]
    assert main(arguments) == 2
    assert "1 of 2 rows" in capsys.readouterr().err
    assert not out.exists()


def test_a_renamed_folder_is_an_error_that_suggests_the_dataset_option(corpus: Path):
    renamed = (corpus / "cv-valid-dev").rename(corpus / "renamed")
    with pytest.raises(BadSource, match=r"which is not cv-valid-dev\. .* add --dataset cv-valid-dev"):
        listed(renamed, DEV)
    assert sounds(listed(renamed, DEV, dataset="cv-valid-dev")) == [b"cv-valid-dev"]


def test_an_explicit_dataset_name_still_matches_rows_with_the_folder_name(corpus: Path):
    assert sounds(listed(corpus / "cv-valid-dev", DEV, dataset="common-voice")) == [b"cv-valid-dev"]


def test_a_name_in_another_unicode_normal_form_is_found(corpus: Path):
    there, requested = (unicodedata.normalize(form, "Grüße/é.mp3") for form in ("NFD", "NFC"))
    (corpus / there).parent.mkdir()
    (corpus / there).write_bytes(b"greetings")
    assert sounds(listed(corpus, requested)) == [b"greetings"]


def test_a_name_that_differs_only_in_case_is_reported_and_not_matched(corpus: Path):
    (corpus / "Loud.MP3").write_bytes(b"loud")
    with pytest.raises(BadSource, match=r"'loud\.mp3' has no file under .*, but 'Loud\.MP3' differs .* case"):
        listed(corpus, "loud.mp3")
    listing = listed(corpus, "loud.mp3", DEV, allow_missing=True)
    assert sounds(listing) == [None, b"cv-valid-dev"]
    assert "'Loud.MP3'" in listing.remarks[0]


def test_two_rows_for_the_same_file_are_an_error(corpus: Path):
    with pytest.raises(BadSource, match=r"several rows in .*: cv-valid-dev/sample-000000\.mp3, sample-000000\.mp3"):
        listed(corpus / "cv-valid-dev", DEV, "sample-000000.mp3")


def test_two_rows_that_differ_only_in_normal_form_are_an_error(corpus: Path):
    composed, decomposed = (unicodedata.normalize(form, "é.mp3") for form in ("NFC", "NFD"))
    (corpus / composed).write_bytes(b"e")
    with pytest.raises(BadSource, match="has several rows in"):
        listed(corpus, composed, decomposed)


def test_transcripts_in_the_csv_belong_to_the_matched_files(
    corpus: Path, samples: Path, monkeypatch: pytest.MonkeyPatch
):
    for name, number in ((DEV, 0), (TEST, 2)):
        shutil.copy(samples / f"sample-{number:06}.mp3", corpus / name)
    (corpus / "all.csv").write_text(f"filename\n{DEV}\n{TEST}\n")
    settings = {"ASR_MODEL": "pocketsphinx", "SER_MODEL": "classic", "WORKERS": "1", "LOG_DIR": str(corpus / "logs")}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert main(["decode", str(corpus), "--csv", str(corpus / "all.csv"), "--out", str(corpus / "out")]) == 0
    cells = read_csv(corpus / "out" / "clips.csv").cells
    assert "blacksmith" in cells[DEV]["generated_text"]
    assert "blacksmith" not in cells[TEST]["generated_text"]
