"""Loading and searching an index from Python."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import hearsay
from hearsay.records.clip import ClipRow
from hearsay.records.journal import Journal

ROWS = (
    ClipRow("s/1.mp3", text="the blacksmith", generated_text="the black smith", accent="england", duration=3.0),
    ClipRow("s/2.mp3", generated_text="a blacksmith and a hammer", accent="us", age="twenties", duration=9.0),
    ClipRow("s/3.mp3", generated_text="a box of <nails>", accent="scotland", duration=5.0, extra={"client_id": "7"}),
)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARSAY_HOME", str(tmp_path))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    with Journal(tmp_path / "clips.jsonl") as journal:
        journal.append(ROWS)
    return tmp_path / "clips.jsonl"


@pytest.fixture
def index(log: Path, tmp_path: Path) -> Iterator[hearsay.Index]:
    hearsay.load(log, index=tmp_path / "index", progress=False)
    with hearsay.open_index(tmp_path / "index") as opened:
        yield opened


def test_a_load_returns_a_summary(log: Path, tmp_path: Path):
    loaded = hearsay.load([log], index=tmp_path / "index", audio=tmp_path, progress=False)
    assert (loaded.clips, loaded.passages, loaded.deleted, loaded.failed) == (3, 3, 0, 0)
    assert loaded.version
    assert "has the audio of 0 of 3 clips" in loaded.notes[0]
    assert "3 clips loaded as 3 passages" in loaded._repr_html_()


def test_a_result_has_total_hits_facets_and_meaning(index: hearsay.Index):
    result = index.search("blacksmith")
    assert (result.total, len(result)) == (1, 1)
    (match,) = result
    assert (match.id, match.text, match.certain, match.explanation) == ("s/2.mp3", ROWS[1].generated_text, True, "")
    assert match.score is not None
    assert match.score > 0
    assert match.probability is None
    assert result.facets["accent"] == {"us": 1}
    assert "blacksmith" in result.meaning
    assert result.seconds == 9.0


def test_a_result_has_possible_matches_apart(index: hearsay.Index):
    """The reference has the word, so it was said."""
    result = index.search("blacksmith")
    (said,) = result.possible
    assert (result.possible_total, said.id, said.probability) == (1, "s/1.mp3", 1)
    assert (said.certain, said.score) == (False, None)
    assert said.explanation == "transcribed “black smith” for “blacksmith”"
    assert said.record.text == "the blacksmith"
    assert "probability=1" in repr(said)
    assert "possible_total=1" in repr(result)
    assert "1 possible match" in result._repr_html_()


def test_the_least_probability_of_possible_matches_can_be_chosen(index: hearsay.Index, tmp_path: Path):
    with Journal(tmp_path / "more.jsonl") as journal:
        journal.append([ClipRow("s/4.mp3", generated_text="the wall was vainted red")])
    index.put(tmp_path / "more.jsonl")
    every = index.search("painted", possible=0)
    assert every.total == index.count("painted") == 0
    assert every.possible_total == len(every.possible) > 0
    first = every.possible[0]
    assert first.id == "s/4.mp3"
    assert first.probability is not None
    assert 0 < first.probability < 1
    assert index.search("painted", possible=first.probability).possible == (first,)
    assert index.search("painted", possible=first.probability + 0.001).possible == ()
    assert index.search("painted", possible=1).possible_total == 0
    assert index.search("painted wall", possible=0, mode="any").total == 1


@pytest.mark.parametrize("least", [-0.1, 1.1, float("nan")])
def test_a_least_probability_out_of_range_is_rejected(index: hearsay.Index, least: float):
    with pytest.raises(hearsay.BadArgument, match="possible must be a probability from 0 to 1"):
        index.search("painted", possible=least)


def test_filters_ranges_sorting_and_paging_work_as_in_the_command(index: hearsay.Index):
    assert [hit.id for hit in index.search(accent=["england", "us"], sort="-duration")] == ["s/2.mp3", "s/1.mp3"]
    assert [hit.id for hit in index.search(accent="England,scotland", sort="duration")] == ["s/1.mp3", "s/3.mp3"]
    assert [hit.id for hit in index.search(age="twenties")] == ["s/2.mp3"]
    assert [hit.id for hit in index.search(duration=(4, 6))] == ["s/3.mp3"]
    assert [hit.id for hit in index.search(duration=(None, 3))] == ["s/1.mp3"]
    second = index.search(sort="duration", size=1, page=2)
    assert ([hit.id for hit in second], second.total) == (["s/3.mp3"], 3)
    assert [hit.id for hit in index.search("blacksmith", mode="exact")] == ["s/2.mp3"]
    assert [hit.id for hit in index.search(same="s/2.mp3")] == ["s/2.mp3"]


def test_an_unknown_filter_value_is_noted(index: hearsay.Index):
    (note,) = index.search(accent=["wales"]).notes
    assert note.startswith("no clip has the accent “Wales”; choose from: ")


def test_a_result_equals_the_json_output_of_the_command(index: hearsay.Index, tmp_path: Path):
    command = ["-m", "indexer", "search", "blacksmith", "--json", "--index", str(tmp_path / "index")]
    printed = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True, env={**os.environ})
    result = index.search("blacksmith")
    assert json.loads(json.dumps(result.to_dict())) == json.loads(printed.stdout)
    assert result.hits[0].to_dict() == result.to_dict()["hits"][0]
    assert result.possible[0].to_dict() == result.to_dict()["possible"][0]


def test_hits_can_be_converted_to_a_data_frame(index: hearsay.Index):
    frame = index.search(sort="duration").to_pandas()
    assert list(frame["id"]) == ["s/1.mp3", "s/3.mp3", "s/2.mp3"]
    assert list(frame["generated_text"])[1] == "a box of <nails>"
    assert list(frame["extra.client_id"])[1] == "7"
    assert "words" not in frame


def test_a_result_without_hits_has_an_empty_data_frame_and_a_message(index: hearsay.Index):
    result = index.search("zeppelin", mode="exact")
    assert (result.total, len(result.to_pandas())) == (0, 0)
    assert "0 passages found" in result._repr_html_()


def test_transcripts_are_escaped_in_html(index: hearsay.Index):
    shown = index.search("nails")._repr_html_()
    assert "<nails>" not in shown
    assert "&lt;nails&gt;" in shown


def test_put_delete_and_rollback(index: hearsay.Index, log: Path, tmp_path: Path):
    with Journal(tmp_path / "more.jsonl") as journal:
        journal.append([ClipRow("s/4.mp3", generated_text="one more"), ClipRow("s/1.mp3", deleted=True)])
    put = index.put(tmp_path / "more.jsonl")
    assert (put.clips, put.deleted) == (1, 1)
    deleted = index.delete(["s/2.mp3", "s/9.mp3"])
    assert (deleted.passages, deleted.missing) == (1, ("s/9.mp3",))
    assert index.count() == 2
    assert index.count("more") == 1
    assert hearsay.load(log, index=tmp_path / "index", progress=False).deleted == 2
    assert index.count() == 1
    assert index.rollback()
    assert index.count() == 2


def test_the_error_for_a_missing_index_shows_how_to_load_it_from_python(tmp_path: Path):
    with (
        hearsay.open_index(tmp_path / "none") as index,
        pytest.raises(hearsay.IndexMissing, match=r"hearsay\.load\(\[FILE\], index='.*none'\)"),
    ):
        index.search("word")


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"mode": "clever"}, "there is no mode clever"),
        ({"duration": (8, 2)}, r"duration must be a pair such as \(2, 8\).*, not \(8, 2\)"),
        ({"wer": (None, None)}, "wer must be a pair"),
        ({"sort": "length"}, "sort by duration"),
        ({"size": 0}, "size must be a whole number of at least 1, not 0"),
        ({"words": "a", "like": "s/1.mp3"}, "search either for words, for passages like another one"),
    ],
)
def test_invalid_search_arguments_are_rejected_with_a_message(
    index: hearsay.Index, asked: dict[str, object], sentence: str
):
    with pytest.raises(hearsay.HearsayError, match=sentence):
        index.search(**asked)  # type: ignore[arg-type]


def test_missing_record_files_are_rejected_with_a_message(tmp_path: Path):
    with pytest.raises(hearsay.WrongRequest, match="there is no file"):
        hearsay.load([tmp_path / "gone.csv"], index=tmp_path / "index")
    with pytest.raises(hearsay.BadArgument, match="no file of records was given"):
        hearsay.load([], index=tmp_path / "index")


def test_an_invalid_index_address_is_rejected():
    with pytest.raises(hearsay.WrongRequest, match="an index is a folder or http"):
        hearsay.open_index("ftp://host/index")


def test_a_password_in_the_address_is_never_shown(tmp_path: Path):
    with hearsay.open_index("http://me:secret@127.0.0.1:9") as index:
        assert "secret" not in repr(index)
        with pytest.raises(hearsay.IndexUnavailable) as problem:
            index.count()
    assert "secret" not in str(problem.value)


def test_the_inbox_of_the_page_is_loaded_only_into_the_configured_index(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("INBOX_DIR", str(tmp_path / "inbox"))
    monkeypatch.setenv("INDEX_URL", str(tmp_path / "own"))
    with Journal(tmp_path / "inbox" / "clips.jsonl") as journal:
        journal.append([ClipRow("inbox/1.mp3", generated_text="added on the page")])
    assert hearsay.load(log, progress=False).clips == 4
    assert hearsay.load(log, inbox=False, progress=False).clips == 3
    assert hearsay.load(log, index=tmp_path / "other", progress=False).clips == 3
