"""CSV tables of clips: read unchanged, rejected with a message, written atomically and joined by id."""

import csv
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hearsay.errors import BadRow, BadTable, ClipsError
from hearsay.records.clip import ClipRow
from hearsay.records.files import replaced_whole
from hearsay.records.schema import OUR_COLUMNS
from hearsay.records.table import EMPTY_TABLE, Table, read_csv, write_csv
from hearsay.records.transcript import Word

OURS = tuple(name for name in OUR_COLUMNS if name not in ("deleted", "transcripts"))
"""Hearsay's own columns of a table without deleted clips and further transcripts."""

HEADER = ",".join(EMPTY_TABLE.columns)
quoted_cells = st.text(st.sampled_from('ab,"\r\n\t; é') | st.characters(codec="utf-8"), max_size=20)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "clips.csv"


def table_of(path: Path, text: str, encoding: str = "utf-8") -> Table:
    path.write_bytes(text.encode(encoding))
    return read_csv(path)


def test_columns_and_cells_are_read_unchanged(path: Path):
    table = table_of(path, "up_votes,filename,locale\n2,cv/a.mp3, en \n,cv/b.mp3,\n")
    assert table.columns == ("up_votes", "filename", "locale")
    assert dict(table.cells["cv/a.mp3"]) == {"up_votes": "2", "filename": "cv/a.mp3", "locale": " en "}
    assert table.rows()["cv/a.mp3"] == ClipRow("cv/a.mp3", up_votes=2, extra={"locale": " en "})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_byte_order_marks_and_both_line_endings_are_accepted(path: Path, encoding: str, line_end: str):
    assert list(table_of(path, f"filename,text{line_end}a,één{line_end}{line_end}", encoding).cells) == ["a"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no filename column; its columns are: none"),
        ("path,text\na,b\n", "no filename column; its columns are: path, text"),
        ("filename,text,text\na,b,c\n", "more than one column text"),
        ("filename , filename,text\na,b,c\n", "more than one column filename .*; rename all but one"),
        ("filename,text,text \na,b,c\n", "more than one column text .*; rename all but one"),
        ("filename,text\na\n", "line 2: 1 cells under a header of 2"),
        ("filename,text\na,b,c\n", "line 2: 3 cells under a header of 2"),
        ("filename,text\n,b\n", "line 2: the filename is empty"),
        ("filename,text\na,b\na,c\n", "line 3: a is also in an earlier line"),
        ('filename,text\na,"b\n', "not valid CSV"),
    ],
)
def test_an_invalid_table_is_rejected_with_its_path_and_the_reason(path: Path, text: str, complaint: str):
    with pytest.raises(BadTable, match=f"^{re.escape(str(path))}.*{complaint}"):
        table_of(path, text)


def test_an_unreadable_table_is_rejected(path: Path):
    with pytest.raises(BadTable, match="cannot be read"):
        read_csv(path)
    with pytest.raises(BadTable, match="cannot be read"):
        read_csv(path.parent)
    with pytest.raises(BadTable, match="not UTF-8"):
        table_of(path, "filename\né\n", "latin-1")


def test_an_invalid_cell_is_reported_with_its_clip(path: Path):
    with pytest.raises(BadRow, match="clip b: duration holds 'long'"):
        table_of(path, "filename,duration\na,1\nb,long\n").rows()


def test_the_words_of_a_long_recording_fit_into_one_cell(path: Path):
    row = ClipRow("a", words=tuple(Word("word", float(at), at + 0.5, 0.9) for at in range(10_000)))
    write_csv(path, [row])
    assert read_csv(path).rows() == {"a": row}


def test_rows_are_joined_to_the_corpus_by_id_and_not_by_position(path: Path):
    corpus = table_of(path, f"{HEADER}\nb,spoken b,2,0,teens,,us,\na,spoken a,1,0,,male,,9.5\n")
    rows = corpus.rows()
    decoded = [
        ClipRow("a", duration=3.0, generated_text="SPOKEN A").merged_with(rows["a"]),
        rows["b"].merged_with(ClipRow("b", duration=4.25, generated_text="SPOKEN B")),
    ]
    write_csv(path, decoded, corpus)
    written = read_csv(path)
    assert written.columns == EMPTY_TABLE.columns + OURS
    assert [(clip, cells["text"], cells["generated_text"]) for clip, cells in written.cells.items()] == [
        ("a", "spoken a", "SPOKEN A"),
        ("b", "spoken b", "SPOKEN B"),
    ]


def test_the_deleted_column_is_written_if_a_clip_is_deleted(path: Path):
    write_csv(path, [ClipRow("a"), ClipRow("b", deleted=True)])
    assert [cells["deleted"] for cells in read_csv(path).cells.values()] == ["", "true"]
    assert read_csv(path).rows()["b"].deleted


def test_only_empty_cells_of_the_corpus_are_filled(path: Path):
    corpus = table_of(path, "filename,duration,up_votes\na,9.50,2.0\nb,,\n")
    write_csv(path, [ClipRow("a", duration=3.0, up_votes=2), ClipRow("b", duration=4.25)], corpus)
    cells = read_csv(path).cells
    assert (cells["a"]["duration"], cells["a"]["up_votes"]) == ("9.50", "2.0")
    assert cells["b"]["duration"] == "4.25"


def test_unknown_columns_are_kept_in_their_position(path: Path):
    corpus = table_of(path, "locale,filename\nen,a\n")
    write_csv(path, [ClipRow("a", extra={"locale": "en"}), ClipRow("b", extra={"scene": "7"})], corpus)
    written = read_csv(path)
    assert written.columns == ("locale", "filename", "duration", "scene", *OURS)
    assert written.cells["a"]["locale"] == "en"
    assert written.cells["b"]["scene"] == "7"


def test_a_transcript_from_the_corpus_is_replaced_by_the_new_one(path: Path):
    corpus = table_of(path, "filename,generated_text\na,OLD\n")
    write_csv(path, [ClipRow("a", generated_text="NEW")], corpus)
    assert read_csv(path).cells["a"]["generated_text"] == "NEW"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(quoted_cells.filter(bool), quoted_cells, max_size=4))
def test_any_cell_text_survives_a_round_trip(path: Path, texts: dict[str, str]):
    rows = {clip_id: ClipRow(clip_id, text=text, generated_text=text) for clip_id, text in texts.items()}
    write_csv(path, rows.values())
    assert read_csv(path).rows() == rows


def test_a_failed_write_leaves_only_the_old_table(path: Path):
    write_csv(path, [ClipRow("a")])
    with pytest.raises(UnicodeEncodeError):
        write_csv(path, [ClipRow("b"), ClipRow("c", text="\ud800")])
    assert list(read_csv(path).cells) == ["a"]
    assert list(path.parent.iterdir()) == [path]


def test_a_file_is_replaced_only_if_the_block_succeeds(path: Path):
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), replaced_whole(path) as temporary:  # noqa: PT012
        temporary.write_text("half")
        assert path.read_text() == "old"
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    with replaced_whole(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_a_missing_folder_is_created(tmp_path: Path):
    write_csv(tmp_path / "new" / "folder" / "clips.csv", [])
    with (tmp_path / "new" / "folder" / "clips.csv").open(newline="") as file:
        assert next(csv.reader(file)) == [*EMPTY_TABLE.columns, *OURS]


def test_a_table_that_cannot_be_written_is_reported(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ClipsError, match="cannot be written"):
        write_csv(tmp_path / "file" / "clips.csv", [ClipRow("a")])


def test_lines_of_empty_or_blank_cells_are_ignored(tmp_path: Path):
    path = tmp_path / "clips.csv"
    path.write_text("filename,text\na.mp3,hello\n , \n,\n", encoding="utf-8")
    assert list(read_csv(path).cells) == ["a.mp3"]
