"""Tables written by hand: how their columns are read, and the line that reports it."""

import json
from io import StringIO
from pathlib import Path

import pytest

from hearsay.errors import BadTable
from hearsay.records.clip import ClipRow
from hearsay.records.columns import account_of, corpus_table
from hearsay.records.schema import OUR_COLUMNS
from hearsay.records.table import Table, parse_csv, read_csv, write_csv


def table_of(text: str) -> Table:
    return parse_csv(StringIO(text, newline=""), "a.csv")


def test_a_space_after_each_comma_is_not_part_of_the_cell():
    table = table_of('filename, text,  age\none.mp3, "hello, you", teens\n')
    assert table.rows() == {"one.mp3": ClipRow("one.mp3", text="hello, you", age="teens")}


@pytest.mark.parametrize("header", ["filename ,\ttext", "\ufefffilename,text\u00a0", '"filename"," text "'])
def test_column_names_are_stripped(header: str):
    assert table_of(f"{header}\na,b\n").rows() == {"a": ClipRow("a", text="b")}


def test_spaces_in_cells_are_kept_if_the_header_has_none():
    assert table_of("filename,text\na, b \n").rows()["a"].text == " b "


def test_unnamed_columns_empty_lines_and_extra_cells_are_ignored():
    table = table_of("filename,text,,\na,hello,,\n,,,\n\nb,you,7,\n")
    assert (table.columns, table.unnamed) == (("filename", "text"), 2)
    assert list(table.rows()) == ["a", "b"]
    assert list(table_of("filename,text\na,hello,,\n").rows()) == ["a"]


def test_duplicate_column_names_are_rejected_even_if_they_differ_in_spaces():
    with pytest.raises(BadTable, match="more than one column text"):
        table_of("filename,text ,text\t\na,b,c\n")


@pytest.mark.parametrize("missing", ["NaN", "nan", "N/A", "n/a", "NA", "<NA>", "null", "None", "#N/A"])
def test_missing_value_markers_are_empty_in_number_and_label_columns(missing: str):
    names = ["up_votes", "duration", "age", "accent", "confidence", "emotion", "words", "deleted", "emotion_scores"]
    table = table_of(f"filename,{','.join(names)}\na{f',{missing}' * len(names)}\n")
    assert table.rows() == {"a": ClipRow("a")}


def test_a_blank_cell_is_empty():
    assert table_of("filename,up_votes,words\na, ,  \n").rows() == {"a": ClipRow("a")}


@pytest.mark.parametrize("marker", ["NaN", "None", "NA", "null"])
def test_missing_value_markers_in_text_columns_are_kept_and_reported(marker: str):
    table = table_of(f"filename,text,up_votes,code\na,{marker},{marker},{marker}\n")
    assert table.rows()["a"] == ClipRow("a", text=marker, extra={"code": marker})
    account = account_of(table, "a.csv", is_corpus=True)
    assert f"read as empty: {marker} in up_votes" in account
    assert f"read as words of the reference: {marker} in text" in account


def test_booleans_are_read_as_spreadsheets_write_them():
    assert table_of("filename,deleted\na,TRUE\n").rows()["a"].deleted


OWN = "filename,text,emotion,dataset,confidence,words,corpus_words\na,hello,angry,RAVDESS,high,2,x\n"


def test_corpus_columns_with_names_of_hearsay_columns_get_a_prefix():
    table = corpus_table(table_of(OWN))
    assert table.rows() == {
        "a": ClipRow(
            "a",
            text="hello",
            extra={
                "corpus_emotion": "angry",
                "corpus_dataset": "RAVDESS",
                "corpus_confidence": "high",
                "corpus_corpus_words": "2",
                "corpus_words": "x",
            },
        )
    }
    assert corpus_table(table) == table


def test_a_corpus_can_use_every_column_name_of_hearsay():
    names = [*OUR_COLUMNS[:-5], "transcripts", "schema_version"]
    own = corpus_table(Table(("filename", *names), {"a": ["a", *"x" * len(names)]}, tuple(range(len(names) + 1))))
    (row,) = own.rows().values()
    assert dict(row.extra) == {f"corpus_{name}": "x" for name in names}
    json.dumps(row.to_record())


def test_a_table_written_by_hearsay_is_recognised_and_its_columns_are_not_duplicated(tmp_path: Path):
    corpus = corpus_table(table_of(OWN))
    decoded = [row.merged_with(ClipRow("a", emotion="calm", asr_model="m")) for row in corpus.rows().values()]
    write_csv(tmp_path / "clips.csv", decoded, corpus)
    written = read_csv(tmp_path / "clips.csv")
    assert written.is_of_hearsay
    assert written.cells["a"]["emotion"] == "calm"
    assert list(corpus_table(written).rows().values()) == [
        row.merged_with(ClipRow("a", duration=None)) for row in corpus.rows().values()
    ]


def test_the_report_shows_how_every_column_is_read():
    text = "filename,text,age,gender,emotion,locale,,up_votes\na,hello,teens,,angry,en,,NaN\n"
    assert account_of(table_of(text), "a.csv", is_corpus=True) == (
        "a.csv: clip: filename; reference: text; metadata: age, up_votes; "
        "kept under another name: emotion as corpus_emotion; other columns (searched as extra.NAME): locale; "
        "empty: gender; skipped: 1 without a name; read as empty: NaN in up_votes"
    )
    assert "kept under another name: emotion as corpus_emotion;" in account_of(table_of(text), "a.csv", is_corpus=False)
    corrected = table_of("filename,generated_text,emotion\na,hello,angry\n")
    assert "Hearsay's own columns: generated_text, emotion" in account_of(corrected, "a.csv", is_corpus=False)


def test_the_report_is_one_line_whatever_the_names_of_columns_contain():
    report = account_of(table_of('filename,"my\nnote","\x1b[31mred",née\na,x,y,z\n'), "a.csv", is_corpus=True)
    assert report.endswith(r"other columns (searched as extra.NAME): 'my\nnote', '\x1b[31mred', née")


def test_corpus_columns_also_get_a_prefix_when_records_are_merged():
    assert table_of(OWN).to_merge().rows() == corpus_table(table_of(OWN)).rows()


@pytest.mark.parametrize("sign", ["generated_text", "asr_model", "ser_model", "audio_digest", "decoded_at"])
def test_a_table_with_a_column_that_only_hearsay_writes_is_read_as_its_own(sign: str):
    table = table_of(f"filename,{sign},emotion,confidence\na,,angry,0.5\n")
    assert table.to_merge().rows() == {"a": ClipRow("a", emotion="angry", confidence=0.5)}


def test_a_table_can_mark_clips_as_deleted():
    assert table_of("filename,deleted,emotion\na,true,angry\n").to_merge().rows() == {
        "a": ClipRow("a", deleted=True, extra={"corpus_emotion": "angry"})
    }


def test_empty_trailing_columns_of_a_spreadsheet_are_ignored(tmp_path: Path):
    row = ClipRow("a", generated_text="X", extra={"": "no name", " text": "from an older log"})
    write_csv(tmp_path / "clips.csv", [row])
    assert read_csv(tmp_path / "clips.csv").rows() == {"a": row}
    lines = (tmp_path / "clips.csv").read_text().splitlines()
    (tmp_path / "clips.csv").write_text("".join(f"{line},,\n" for line in lines))
    assert read_csv(tmp_path / "clips.csv").rows() == {"a": row}
