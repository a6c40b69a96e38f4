"""The search command: tables, JSON, filters, many queries at once."""

import json
from pathlib import Path

import pytest

from indexer.cli.command_line import main
from tests.support.elastic_nodes import Node, settings
from tests.support.index_commands import search_json


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
        assert f"2 passages found, 8 s in all, {sentence}; 0 possible matches\n" in capsys.readouterr().out
    assert main(["search", "!?", "--page", "99"]) == 0
    assert "only" not in capsys.readouterr().out


@pytest.mark.usefixtures("loaded")
def test_json_output_has_total_hits_and_facets_in_order(capsys: pytest.CaptureFixture[str]):
    answer = search_json(capsys, "boy")
    assert list(answer) == ["meaning", "notes", "total", "seconds", "hits", "possible_total", "possible", "facets"]
    assert (answer["meaning"], answer["notes"]) == ("clips where “boy” was said, as typed or in another form", [])
    first = answer["hits"][0]
    assert (first["id"], first["generated_text"], first["text"]) == ("cv/1.mp3", "THE BOY RUNS", "the boy runs")
    assert first["score"] > answer["hits"][1]["score"] > 0
    assert [hit["certain"] for hit in answer["hits"]] == [True, False]
    assert [hit["missing"] for hit in answer["hits"]] == [[], []]
    assert not {"probability", "explanation"} & first.keys()
    assert [hit["evidence"] for hit in answer["hits"]] == [
        [
            {
                "word": "boy",
                "match": "word",
                "matched": ["boy"],
                "probability": 1.0,
                "second": None,
                "how": "heard",
                "heard_as": ["boy"],
            }
        ],
        [
            {
                "word": "boy",
                "match": "other form",
                "matched": ["boys"],
                "probability": 1.0,
                "second": None,
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
        (["ran", "girl"], []),
        (["ran", "girl", "--mode", "sounds-like"], []),
        (["ran", "girl", "--mode", "any"], ["cv/2.mp3", "cv/3.mp3"]),
        (["the", "boy", "--mode", "any"], ["cv/1.mp3", "cv/2.mp3"]),
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
        {"id": 7, "total": 1, "hits": ["cv/3.mp3"], "possible_total": 0, "possible": []},
        {"id": "x", "total": 2, "hits": ["cv/1.mp3", "cv/2.mp3"], "possible_total": 0, "possible": []},
        {"id": None, "total": 0, "hits": [], "possible_total": 0, "possible": []},
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
    "words",
    [
        ["dog", "-cat"],
        ["dog", "-a"],
        ["-A", "dog"],
        ["dog", "–cat"],
        ["-cat", "dog"],
        ["dog", "--", "-cat"],
        ["dog -cat"],
    ],
)
def test_a_minus_before_a_word_is_not_an_option(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("DELETIONS", str(tmp_path / "deletions.jsonl"))
    (tmp_path / "clips.csv").write_text("filename,generated_text\na.mp3,DOG\nb.mp3,DOG AND A CAT\nc.mp3,COW\n")
    where = ["--index", str(tmp_path / "index")]
    assert main(["load", str(tmp_path / "clips.csv"), *where]) == 0
    capsys.readouterr()
    assert main(["count", "--mode", "exact", *where, *words]) == 0
    assert capsys.readouterr().out == "1\n"
    assert main(["search", "--mode", "exact", "--json", "--duration", "-10", *where, *words]) == 0
    assert json.loads(capsys.readouterr().out)["total"] == 0, "none of them has a duration"


LOST = """\
filename,generated_text,age
a.mp3,THE WALL WAS PAINTED RED,twenties
b.mp3,THE WALL WAS VAINTED RED,twenties
c.mp3,SHE PANTED,
"""


@pytest.fixture
def lost(tmp_path: Path, files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """An index of clips in which “painted” was transcribed in three ways."""
    (tmp_path / "lost.csv").write_text(LOST)
    assert main(["load", str(tmp_path / "lost.csv")]) == 0
    capsys.readouterr()
    assert files


@pytest.mark.usefixtures("lost")
def test_possible_matches_are_listed_apart_with_their_probability(capsys: pytest.CaptureFixture[str]):
    answer = search_json(capsys, "painted", "--possible", "0")
    assert (answer["total"], [hit["id"] for hit in answer["hits"]]) == (1, ["a.mp3"])
    assert answer["facets"]["age"] == {"twenties": 1}, "counts are those of the matches"
    assert answer["possible_total"] == 2
    first, second = answer["possible"]
    assert (first["id"], first["certain"], first["missing"]) == ("b.mp3", False, ["painted"])
    assert first["explanation"] == "transcribed “vainted” for “painted”"
    assert 1 > first["probability"] > second["probability"] > 0
    assert "score" not in first
    (evidence,) = first["evidence"]
    assert (evidence["match"], evidence["matched"]) == ("sounds like", ["vainted"])
    assert evidence["probability"] == first["probability"]


@pytest.mark.usefixtures("lost")
def test_the_least_probability_of_possible_matches_can_be_chosen(capsys: pytest.CaptureFixture[str]):
    every = search_json(capsys, "painted", "--possible", "0")["possible"]
    between = str((every[0]["probability"] + every[1]["probability"]) / 2)
    for least, ids in (("1", []), (between, ["b.mp3"]), ("0", ["b.mp3", "c.mp3"])):
        answer = search_json(capsys, "painted", "--possible", least)
        assert ([one["id"] for one in answer["possible"]], answer["possible_total"]) == (ids, len(ids))
        assert answer["total"] == 1
    answer = search_json(capsys, "painted", "--possible", "0", "--size", "1", "--age", "twenties,unknown")
    assert ([one["id"] for one in answer["possible"]], answer["possible_total"]) == (["b.mp3"], 2)


@pytest.mark.usefixtures("lost")
@pytest.mark.parametrize("typed", ["-0.1", "1.1", "nan", "half", ""])
def test_a_least_probability_out_of_range_is_rejected(typed: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit, match="2"):
        main(["search", "painted", f"--possible={typed}"])
    assert "must be a number from 0 to 1" in capsys.readouterr().err


@pytest.mark.usefixtures("lost")
def test_filters_apply_to_possible_matches(capsys: pytest.CaptureFixture[str]):
    answer = search_json(capsys, "painted", "--possible", "0", "--age", "unknown")
    assert (answer["total"], [one["id"] for one in answer["possible"]]) == (0, ["c.mp3"])


@pytest.mark.usefixtures("lost")
def test_in_mode_any_the_words_that_a_hit_lacks_are_named(capsys: pytest.CaptureFixture[str]):
    answer = search_json(capsys, "painted", "red", "--mode", "any", "--possible", "0")
    assert [(hit["id"], hit["missing"]) for hit in answer["hits"]] == [("a.mp3", []), ("b.mp3", ["painted"])]
    answer = search_json(capsys, "zebra", "red", "--mode", "any")
    assert [hit["missing"] for hit in answer["hits"]] == [["zebra"], ["zebra"]], "whatever it sounds like"


@pytest.mark.usefixtures("lost")
def test_queries_from_a_file_have_the_ids_of_possible_matches(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"id": 1, "query": "painted"}\n{"id": 2, "query": "wall red"}\n')
    assert main(["search", "--queries", str(queries), "--possible", "0"]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"id": 1, "total": 1, "hits": ["a.mp3"], "possible_total": 2, "possible": ["b.mp3", "c.mp3"]},
        {"id": 2, "total": 2, "hits": ["a.mp3", "b.mp3"], "possible_total": 0, "possible": []},
    ]
