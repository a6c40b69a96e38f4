"""Results as people read them in a terminal and in a pipe."""

from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path

from rich.console import Console

from hearsay.records.clip import ClipRow
from hearsay.terminal.console import console_of
from indexer.cli.terminal import print_result
from indexer.embedded.writer import EmbeddedWriter
from indexer.index import Request, SearchHits
from indexer.passages import passages_of
from indexer.query.planner import Planner


def printed(
    folder: Path, console: Console, row: ClipRow, words: str, filters: Mapping[str, Sequence[str]] | None = None
) -> None:
    """Print the result of a search for these words in an index of one clip."""
    index = EmbeddedWriter(folder)
    index.replace(passages_of(row))
    plan = Planner(index).plan(words)
    request = Request(plan.query, filters or {}, facets=("age", "gender", "speaker"))
    result = index.search(request)
    print_result(console, SearchHits(result.total, result.hits, {**result.facets, "gender": {}}), request, plan)


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


def test_a_facet_whose_only_value_is_unknown_is_printed_only_if_it_has_a_filter(tmp_path: Path):
    out, filtered = StringIO(), StringIO()
    row = ClipRow("a.mp3", generated_text="THE BOY RUNS", age="twenties")
    printed(tmp_path / "all", console_of(out), row, "boy")
    printed(tmp_path / "filtered", console_of(filtered), row, "boy", {"speaker": ["unknown"]})
    assert [line for line in out.getvalue().splitlines() if " 1" in line][-1] == "age: twenties 1"
    assert "speaker: " not in out.getvalue()
    assert filtered.getvalue().splitlines()[-1] == "speaker: unknown 1"
