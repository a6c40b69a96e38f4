"""The command line, for users and for other programs."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from hearsay.records.clip import ClipRow
from hearsay.records.journal import Journal
from hearsay.terminal.console import console_of
from indexer.cli.command_line import main
from indexer.cli.terminal import print_result
from indexer.embedded.writer import EmbeddedWriter
from indexer.index import Request, Result
from indexer.passages import passages_of
from indexer.query.planner import Planner
from tests.conftest import PROJECT
from tests.support.elastic_nodes import Node, settings

CORPUS = """\
filename,text,age,gender,accent,duration
cv/1.mp3,the boy runs,twenties,male,us,2.0
cv/2.mp3,the boys run,fourties,female,england,5.5
cv/3.mp3,a girl,,,,9.0
cv/4.mp3,never transcribed,,,,
"""
TRANSCRIPTS = """\
filename,generated_text,emotion,sentiment,error,confidence,asr_model
cv/1.mp3,THE BOY RUNS,happiness,positive,,0.95,one/large
cv/2.mp3,THE BOYS RAN,uncertain,uncertain,,0.5,one/large
cv/3.mp3,A GIRL,,,,,
cv/4.mp3,,,,no sound in it,,
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The corpus and its transcripts, as two CSV files, with index and deletions in a temporary folder."""
    monkeypatch.setenv("INDEX_URL", str(tmp_path / "index"))
    monkeypatch.setenv("DELETIONS", str(tmp_path / "deletions.jsonl"))
    monkeypatch.setenv("PHONETIC_TABLES", str(tmp_path / "sound-tables.json"))
    named = {"corpus.csv": CORPUS, "recognised.csv": TRANSCRIPTS}
    for name, text in named.items():
        (tmp_path / name).write_text(text)
    return [str(tmp_path / name) for name in named]


@pytest.fixture
def loaded(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["load", *files]) == 0
    capsys.readouterr()


def search_json(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main(["search", *words, "--json"]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


@pytest.mark.parametrize("wanted", ["", "1"])
def test_load_prints_the_number_of_clips_and_passages(
    files: list[str], wanted: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("FORCE_COLOR", wanted)
    assert main(["load", *files, "--audio", "s3://bucket/clips"]) == 0
    output = capsys.readouterr()
    assert "loaded 4 clips as 4 passages in" in output.out
    assert "1 clip of them without a transcript" in output.out
    assert output.err == "", "no progress bar where nobody watches"


def test_load_warns_if_the_audio_folder_lacks_many_clips(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for folder, found in ((tmp_path / "cv", 1), (tmp_path / "other", 0)):
        folder.mkdir()
        (folder / "1.mp3").touch()
        assert main(["load", *files, "--audio", str(folder)]) == 0
        assert f"has the audio of {found} of 4 clips" in capsys.readouterr().err
    assert main(["load", *files, "--audio", str(tmp_path / "nothing")]) == 2


def test_load_without_audio_reports_what_the_page_can_play_and_the_previous_audio_folder(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["load", *files]) == 0
    assert "the page can only play clips that were added on it" in (first := capsys.readouterr().err)
    assert "load again with --audio FOLDER\n" in first
    (audio := tmp_path / "my clips").mkdir()
    assert main(["load", *files, "--audio", str(audio)]) == 0
    assert "can only play" not in capsys.readouterr().err
    assert main(["load", *files]) == 0
    assert f"load again with --audio '{audio}', as for the previous version" in capsys.readouterr().err


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("wanted", ["", "1"])
def test_search_prints_a_table_with_the_total_and_the_facet_counts(
    wanted: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("FORCE_COLOR", wanted)
    assert main(["search", "boy", "--size", "1"]) == 0
    out = capsys.readouterr().out
    assert "THE BOY RUNS" in out
    assert "happiness" in out
    assert "twenties, male, United States" in out
    assert "2 passages found, 8 s in all, page 1 of 2" in out
    assert "age: twenties 1 · forties 1" in out
    assert "sentiment: positive 1 · uncertain 1" in out
    assert "\x1b" not in out


@pytest.mark.usefixtures("loaded")
def test_a_page_past_the_last_one_reports_the_number_of_pages(capsys: pytest.CaptureFixture[str]):
    for size, sentence in (("1", "but there are only 2 pages"), ("5", "but there is only 1 page")):
        assert main(["search", "boy", "--size", size, "--page", "99"]) == 0
        assert f"2 passages found, 8 s in all, {sentence}\n" in capsys.readouterr().out
    assert main(["search", "!?", "--page", "99"]) == 0
    assert "only" not in capsys.readouterr().out


@pytest.mark.usefixtures("loaded")
def test_json_output_has_total_hits_and_facets_in_order(capsys: pytest.CaptureFixture[str]):
    answer = search_json(capsys, "boy")
    assert list(answer) == ["meaning", "notes", "total", "seconds", "hits", "facets"]
    assert (answer["meaning"], answer["notes"]) == ("clips where “boy” was said, even if misrecognised", [])
    first = answer["hits"][0]
    assert (first["id"], first["generated_text"], first["text"]) == ("cv/1.mp3", "THE BOY RUNS", "the boy runs")
    assert first["score"] > answer["hits"][1]["score"] > 0
    assert [hit["certain"] for hit in answer["hits"]] == [True, False]
    assert [hit["evidence"] for hit in answer["hits"]] == [
        [{"word": "boy", "match": "word", "matched": ["boy"], "probability": 1.0, "how": "heard", "heard_as": ["boy"]}],
        [
            {
                "word": "boy",
                "match": "other form",
                "matched": ["boys"],
                "probability": 1.0,
                "how": "other form",
                "heard_as": ["boys"],
            }
        ],
    ]
    assert answer["seconds"] == 7.5
    assert answer["facets"]["age"] == {"twenties": 1, "fourties": 1}
    assert list(search_json(capsys)["facets"]["age"]) == ["twenties", "fourties", "unknown"]


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--age", "forties"], ["cv/2.mp3"]),
        (["--age", "fourties,twenties"], ["cv/1.mp3", "cv/2.mp3"]),
        (["--age", "forties", "--age", "Unknown"], ["cv/2.mp3", "cv/3.mp3", "cv/4.mp3"]),
        (["--accent", "England", "--gender", "female"], ["cv/2.mp3"]),
        (["--emotion", "uncertain"], ["cv/2.mp3"]),
        (["--sentiment", "unknown"], ["cv/3.mp3", "cv/4.mp3"]),
        (["--duration", "2-5.5"], ["cv/1.mp3", "cv/2.mp3"]),
        (["--duration", "5-"], ["cv/2.mp3", "cv/3.mp3"]),
        (["--duration", "-5"], ["cv/1.mp3"]),
        (["--confidence", ".5-"], ["cv/1.mp3", "cv/2.mp3"]),
        (["--confidence", "-0.9", "--wer", "0.1-"], ["cv/2.mp3"]),
        (["--model", "One/Large"], ["cv/1.mp3", "cv/2.mp3"]),
        (["--sort", "confidence"], ["cv/2.mp3", "cv/1.mp3", "cv/3.mp3", "cv/4.mp3"]),
        (["--sort", "-duration"], ["cv/3.mp3", "cv/2.mp3", "cv/1.mp3", "cv/4.mp3"]),
        (["the", "boy", "--sort", "-wer", "--size", "1"], ["cv/2.mp3"]),
        (["the", "boy", "--mode", "baseline"], ["cv/1.mp3", "cv/2.mp3"]),
        (["the", "boy", "--mode", "exact"], ["cv/1.mp3", "cv/2.mp3"]),
        (["ran", "girl", "--mode", "baseline"], ["cv/3.mp3", "cv/2.mp3"]),
        (["ran", "girl", "--mode", "exact"], []),
        (["ran", "girl"], ["cv/2.mp3", "cv/3.mp3"]),
        (["--size", "2", "--page", "2"], ["cv/3.mp3", "cv/4.mp3"]),
    ],
)
def test_filters_sorting_modes_and_pages_select_the_expected_clips(
    words: list[str], found: list[str], capsys: pytest.CaptureFixture[str]
):
    assert [hit["id"] for hit in search_json(capsys, *words)["hits"]] == found


@pytest.mark.usefixtures("loaded")
def test_an_unknown_facet_value_finds_nothing_and_the_message_lists_the_known_values(
    capsys: pytest.CaptureFixture[str],
):
    assert main(["search", "--accent", "mars", "--json"]) == 0
    output = capsys.readouterr()
    assert json.loads(output.out)["total"] == 0
    assert "no clip has the accent “mars”; choose from: England, United States, unknown" in output.err


@pytest.mark.usefixtures("loaded")
def test_a_query_without_letters_finds_nothing_and_the_message_says_why(capsys: pytest.CaptureFixture[str]):
    assert main(["search", "!?", "--json"]) == 0
    output = capsys.readouterr()
    assert json.loads(output.out)["total"] == 0
    assert "no letters or digits" in output.err


@pytest.mark.usefixtures("loaded")
def test_queries_from_a_file_are_answered_in_order_without_other_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    queries = tmp_path / "queries.jsonl"
    queries.write_text(
        '{"id": 7, "query": "girl"}\n\n{"id": "x", "query": "boy", "more": 1}\n{"id": null, "query": "!"}\n'
    )
    assert main(["search", "--queries", str(queries)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        {"id": 7, "total": 1, "hits": ["cv/3.mp3"]},
        {"id": "x", "total": 2, "hits": ["cv/1.mp3", "cv/2.mp3"]},
        {"id": None, "total": 0, "hits": []},
    ]
    assert main(["search", "--queries", str(queries), "--age", "forties", "--mode", "baseline"]) == 0
    totals = [json.loads(line)["total"] for line in capsys.readouterr().out.splitlines()]
    assert totals == [0, 0, 0]


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("line", ["girl", '{"id": 1}', '{"id": 1, "query": 2}', "[]"])
def test_an_invalid_line_of_a_query_file_is_reported_with_its_number(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    queries = tmp_path / "queries.jsonl"
    queries.write_text(f'{{"id": 1, "query": "girl"}}\n{line}\n')
    assert main(["search", "--queries", str(queries)]) == 2
    assert "line 2" in capsys.readouterr().err


@pytest.mark.usefixtures("loaded")
def test_count_put_delete_and_rollback(files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    new = tmp_path / "new.jsonl"
    new.write_text('{"filename": "cv/5.mp3", "generated_text": "ANOTHER BOY"}\n')

    def output(*words: str, status: int = 0) -> str:
        assert main(list(words)) == status
        return capsys.readouterr().out.strip()

    assert output("count") == "4"
    assert output("count", "boy") == "2"
    assert output("put", str(new)) == "put 1 clip"
    assert output("count", "boy", "--mode", "baseline") == "2"
    assert output("delete", "cv/1.mp3", "cv/5.mp3") == "deleted 2 clips (2 passages)"
    assert output("delete", "cv/2.mp3", "cv/none.mp3", status=1) == "deleted 1 clip (1 passage)"
    assert output("count") == "2"
    assert "left out 2 deleted clips" in output("load", *files)
    assert output("delete", "cv/3.mp3") == "deleted 1 clip (1 passage)"
    assert output("rollback").endswith(", without 1 passage of deleted clips")
    assert output("put", str(new)) == "put 1 clip"
    assert output("count") == "2"


def test_the_index_can_be_given_on_the_command_line(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    elsewhere = str(tmp_path / "elsewhere")
    assert main(["load", *files, "--index", elsewhere]) == 0
    assert main(["count", "--index", elsewhere]) == 0
    assert capsys.readouterr().out.endswith("\n4\n")
    assert main(["count"]) == 1
    assert capsys.readouterr().err.endswith("hearsay load FILE\n")
    assert main(["count", "--index", nowhere := str(tmp_path / "no where")]) == 1
    assert capsys.readouterr().err.endswith(f"hearsay load FILE --index '{nowhere}'\n")


@pytest.mark.elastic
def test_a_search_on_elasticsearch_gives_the_same_answer_as_an_embedded_index(
    files: list[str], node: Node, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("INDEX_NAME", settings().index_name)
    monkeypatch.setenv("INDEX_URL", node.url)
    assert main(["load", *files]) == 0
    capsys.readouterr()
    elastic = search_json(capsys, "boy", "--age", "forties,twenties")
    monkeypatch.delenv("INDEX_URL")
    folder = str(Path(files[0]).parent / "folder")
    assert main(["load", *files, "--index", folder]) == 0
    capsys.readouterr()
    embedded = search_json(capsys, "boy", "--age", "forties,twenties", "--index", folder)
    scores = [[hit.pop("score") for hit in answer["hits"]] for answer in (elastic, embedded)]
    assert scores[0] == pytest.approx(scores[1], rel=1e-4)
    assert elastic == embedded
    assert main(["delete", "cv/1.mp3", "cv/2.mp3", "cv/3.mp3", "cv/4.mp3", "--index", node.url]) == 0


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["search", "x", "--duration", "8-2"], 2, "written as 2-8"),
        (["search", "x", "--wer", "low"], 2, "wer must be written as 0.1-0.3"),
        (["search", "x", "--sort", "-length"], 2, "not by -length"),
        (["search", "x", "--queries", "q.jsonl"], 2, "use only one of"),
        (["search", "--queries", "no-such-file"], 2, "no-such-file cannot be read"),
        (["search", "x"], 1, "there is no index in"),
        (["load", "no-such.csv"], 2, "there is no file no-such.csv"),
        (["count", "--index", "s3://bucket"], 2, "s3://bucket is neither"),
        (["count", "--index", "127.0.0.1:9200"], 2, "write http://127.0.0.1:9200"),
        (["count", "--index", "http://me:sesame@127.0.0.1:1"], 1, "no response from http://127.0.0.1:1"),
        (["count", "--index", "http://127.0.0.1:1"], 1, "or correct --index"),
        (
            ["count", "--index", __file__],
            1,
            f"{__file__} is a file, or is inside of one; set --index to a folder",
        ),
    ],
)
@pytest.mark.usefixtures("files")
def test_an_invalid_command_is_reported_in_one_line(
    words: list[str], status: int, sentence: str, capsys: pytest.CaptureFixture[str]
):
    assert main(words) == status
    output = capsys.readouterr()
    assert sentence in output.err
    assert output.err.count("\n") == 1
    assert output.out == ""


@pytest.mark.usefixtures("files")
def test_an_invalid_setting_is_reported_by_name(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("INDEX_SHARDS", "many")
    assert main(["count"]) == 2
    assert "index_shards" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [[], ["dance"], ["search", "--size", "0"], ["search", "--page", "x"], ["search", "--mode", "x"], ["load"]]
)
def test_unknown_commands_and_invalid_options_exit_with_status_2(words: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["load", "put", "delete", "rollback", "count", "search", "score", "learn"])
def test_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"example:\n  python -m indexer {command}" in capsys.readouterr().out


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("words", [["search", "--json"], ["search"], ["count"]])
def test_the_program_exits_cleanly_if_its_output_is_closed_early(words: list[str]):
    program = [sys.executable, "-m", "indexer", *words]
    with subprocess.Popen(program, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        output = running.stderr.read()
    assert (running.returncode, output) == (0, b"")


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("words", [["search", "--json"], ["search"], ["count"]])
def test_a_full_disk_is_reported_in_one_line(words: list[str]):
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "indexer", *words], cwd=PROJECT, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (ended.returncode, ended.stderr.count(b"\n")) == (1, 1), ended.stderr
    assert b"the disk is full" in ended.stderr


def printed(folder: Path, console: Console, row: ClipRow, words: str) -> None:
    """Print the result of a search for these words in an index of one clip."""
    index = EmbeddedWriter(folder)
    index.replace(passages_of(row))
    plan = Planner(index).plan(words)
    request = Request(plan.query, facets=("age", "gender"))
    result = index.search(request)
    print_result(console, Result(result.total, result.hits, {**result.facets, "gender": {}}), request, plan)


def test_matches_are_highlighted_on_a_terminal_and_control_sequences_of_a_corpus_are_removed(tmp_path: Path):
    row = ClipRow("a\x1b[2J.mp3", generated_text="THE BOY\x1b[31m RUNS [bold]", age="fourties", emotion="\x1b]0;x\x07")
    out = StringIO()
    terminal = Console(file=out, force_terminal=True, color_system="standard", no_color=False, width=200)
    printed(tmp_path, terminal, row, "boy \x1b[2Jnowhere")
    output = out.getvalue()
    assert "\x1b[1;33mBOY\x1b[0m" in output
    assert "[bold]" in output
    assert not {"\x1b[2J", "\x1b[31m", "\x1b]0", "\x07"} & {
        output[at : at + length] for at in range(len(output)) for length in (1, 3, 4, 5)
    }
    assert "gender" not in output


def test_transcripts_are_not_truncated_or_wrapped_in_a_pipe(tmp_path: Path):
    long = "WORD " * 500
    out = StringIO()
    printed(tmp_path, console_of(out), ClipRow("x" * 400, generated_text=long), "")
    assert any(long.strip() in line and "x" * 400 in line for line in out.getvalue().splitlines())


def test_the_command_line_does_not_import_elasticsearch_at_startup(tmp_path: Path):
    program = "import sys, indexer.cli.command_line; print('elasticsearch' in sys.modules)"
    output = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, env=os.environ, capture_output=True, text=True, check=True
    )
    assert output.stdout == "False\n"


@pytest.mark.parametrize("words", [["dog", "-cat"], ["-cat", "dog"], ["dog", "--", "-cat"], ["dog -cat"]])
def test_a_minus_before_a_word_is_not_an_option(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("DELETIONS", str(tmp_path / "deletions.jsonl"))
    (tmp_path / "clips.csv").write_text("filename,generated_text\na.mp3,DOG\nb.mp3,DOG AND CAT\nc.mp3,COW\n")
    where = ["--index", str(tmp_path / "index")]
    assert main(["load", str(tmp_path / "clips.csv"), *where]) == 0
    capsys.readouterr()
    assert main(["count", "--mode", "exact", *where, *words]) == 0
    assert capsys.readouterr().out == "1\n"
    assert main(["search", "--mode", "exact", "--json", "--duration", "-10", *where, *words]) == 0
    assert json.loads(capsys.readouterr().out)["total"] == 0, "none of them has a duration"


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The journal of an inbox with a clip that is only there, a clip of the corpus, and a deleted clip."""
    monkeypatch.setenv("INBOX_DIR", str(tmp_path / "inbox"))
    with Journal(tmp_path / "inbox" / "clips.jsonl") as journal:
        journal.append([ClipRow("inbox/hello.wav", generated_text="hello", text="hallo"), ClipRow("inbox/gone.wav")])
        journal.append([ClipRow("inbox/gone.wav", deleted=True), ClipRow("cv/1.mp3", age="nineties", accent="wales")])
        return journal.path


def test_a_load_includes_the_inbox_and_the_given_files_take_precedence(
    files: list[str], inbox: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["load", *files]) == 0
    output = capsys.readouterr().out
    assert f"including the inbox, {inbox} (--no-inbox leaves it out)" in output
    assert "loaded 5 clips" in output
    assert [hit["id"] for hit in search_json(capsys, "hello")["hits"]] == ["inbox/hello.wav"]
    assert list(search_json(capsys, "boy", "--accent", "us")["facets"]["age"]) == ["twenties"]


def test_the_inbox_is_not_loaded_with_no_inbox_or_into_another_index(
    files: list[str], inbox: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for words in (["--no-inbox"], ["--index", str(tmp_path / "other")]):
        assert main(["load", *files, *words]) == 0
        output = capsys.readouterr().out
        assert "loaded 4 clips" in output
        assert "inbox" not in output


def test_the_inbox_is_loaded_once_if_it_is_given_as_a_file(inbox: Path, files: list[str], capsys: Any):
    assert main(["load", str(inbox)]) == 0
    output = capsys.readouterr().out
    assert "loaded 2 clips" in output
    assert "too" not in output


def test_a_load_reports_clips_with_impossible_times_and_indexes_all_of_them(
    tmp_path: Path, files: list[str], capsys: pytest.CaptureFixture[str]
):
    rows = [
        {"filename": "good.mp3", "generated_text": "a good clip", "duration": 3},
        {
            "filename": "order.mp3",
            "generated_text": "later words earlier words",
            "duration": 90,
            "segments": [
                {"start": 60, "end": 80, "text": "later words"},
                {"start": 0, "end": 20, "text": "earlier words"},
            ],
        },
        {
            "filename": "reversed.mp3",
            "generated_text": "only broken times",
            "duration": 120,
            "segments": [{"start": 99.92, "end": 90.72, "text": "only broken times"}],
        },
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(["load", str(file)]) == 0
    output = capsys.readouterr().out.splitlines()
    assert output[1:] == [
        "1 clip with impossible times, which were corrected: order.mp3 (out of order)",
        (
            "1 clip with words or segments that were left out (the text can be searched): "
            "reversed.mp3 (end before start)"
        ),
    ]
    ids = [hit["id"] for hit in search_json(capsys, "--sort", "duration")["hits"]]
    assert ids == ["good.mp3", "order.mp3#0001", "order.mp3#0002", "reversed.mp3"]
    assert [hit["id"] for hit in search_json(capsys, "broken")["hits"]] == ["reversed.mp3"]
    assert main(["put", str(file)]) == 0
    assert "note: 1 clip with impossible times" in capsys.readouterr().err


def test_a_load_reports_how_each_column_of_a_table_is_read(
    tmp_path: Path, files: list[str], capsys: pytest.CaptureFixture[str]
):
    own = tmp_path / "own.csv"
    own.write_text("filename, text, emotion, room,\ncv/1.mp3, the boy runs, angry, hall,\n")
    assert main(["load", files[1], str(own), "--audio", "s3://bucket/clips"]) == 0
    account = (
        "own.csv: clip: filename; reference: text; kept beside Hearsay's own: emotion as corpus_emotion; other columns"
    )
    assert account in capsys.readouterr().out
    (hit,) = search_json(capsys, "extra.room:hall")["hits"]
    assert (hit["text"], hit["emotion"], hit["extra"]["corpus_emotion"]) == ("the boy runs", "happiness", "angry")
