"""Results as people read them in a terminal and in a pipe."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path

from rich.console import Console

from hearsay.records.clip import ClipRow
from hearsay.terminal.console import console_of
from indexer.cli.terminal import print_result
from indexer.embedded.writer import EmbeddedWriter
from indexer.index import Request
from indexer.matching.search import ALL, Finder
from indexer.passages import passages_of
from indexer.query.planner import Planner


def printed(
    folder: Path,
    console: Console,
    rows: Sequence[ClipRow],
    words: str,
    filters: Mapping[str, Sequence[str]] | None = None,
    mode: str = "forgiving",
    size: int = 10,
) -> None:
    """Print the result of a search for these words in an index of these clips, with all possible matches."""
    index = EmbeddedWriter(folder)
    index.replace(passage for row in rows for passage in passages_of(row))
    finder = Finder(Planner(index))
    plan = finder.planner.plan(words, mode)
    request = Request(plan.query, filters or {}, facets=("age", "gender", "speaker"), size=size)
    found = finder.find(plan, request, ALL)
    without_values = replace(found.matches, facets={**found.matches.facets, "gender": {}})
    print_result(console, replace(found, matches=without_values), request, plan)


def test_matches_are_highlighted_on_a_terminal_and_control_sequences_of_a_corpus_are_removed(tmp_path: Path):
    row = ClipRow("a\x1b[2J.mp3", generated_text="THE BOY\x1b[31m RUNS [bold]", age="fourties", emotion="\x1b]0;x\x07")
    out = StringIO()
    terminal = Console(file=out, force_terminal=True, color_system="standard", no_color=False, width=200)
    printed(tmp_path, terminal, [row], "boy \x1b[2Jnowhere", mode="any")
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
    printed(tmp_path, console_of(out), [ClipRow("x" * 400, generated_text=long)], "")
    assert any(long.strip() in line and "x" * 400 in line for line in out.getvalue().splitlines())


def test_a_facet_whose_only_value_is_unknown_is_printed_only_if_it_has_a_filter(tmp_path: Path):
    out, filtered = StringIO(), StringIO()
    row = ClipRow("a.mp3", generated_text="THE BOY RUNS", age="twenties")
    printed(tmp_path / "all", console_of(out), [row], "boy")
    printed(tmp_path / "filtered", console_of(filtered), [row], "boy", {"speaker": ["unknown"]})
    assert [line for line in out.getvalue().splitlines() if " 1" in line][-1] == "age: twenties 1"
    assert "speaker: " not in out.getvalue()
    assert filtered.getvalue().splitlines()[-1] == "speaker: unknown 1"


LOST = [
    ClipRow("1.mp3", generated_text="HE PAINTED IT"),
    ClipRow("2.mp3", generated_text="THE WALL WAS VAINTED"),
    ClipRow("3.mp3", generated_text="SHE PANTED"),
]


def lines(folder: Path, words: str, mode: str = "forgiving", size: int = 10) -> list[str]:
    out = StringIO()
    printed(folder, console_of(out), LOST, words, mode=mode, size=size)
    return [" ".join(line.split()) for line in out.getvalue().splitlines()]


def test_possible_matches_are_printed_below_the_matches_with_probability_and_explanation(tmp_path: Path):
    shown = lines(tmp_path, "painted")
    divider = shown.index("── Possible matches, possibly misrecognised: 2 ──")
    assert shown[divider - 1].startswith("HE PAINTED IT")
    first = next(line for line in shown if "VAINTED" in line)
    assert shown.index(first) > divider
    assert re.match(r"0\.\d\d: THE WALL WAS VAINTED \(transcribed “vainted” for “painted”\)", first)
    assert "1 passage found; 2 possible matches" in shown


def test_a_page_with_few_of_the_possible_matches_says_so(tmp_path: Path):
    text = "── Possible matches, possibly misrecognised: 2, the 1 most probable ──"
    assert text in lines(tmp_path, "painted", size=1)


def test_in_mode_any_possible_matches_lack_all_words(tmp_path: Path):
    shown = lines(tmp_path, "painted nowhere", "any")
    assert "── Possible matches, without the words: 2 ──" in shown
    assert "1 passage found; 2 possible matches" in shown


def test_a_search_without_words_does_not_count_possible_matches(tmp_path: Path):
    assert not any("possible" in line for line in lines(tmp_path, "") + lines(tmp_path / "2", "painted", "exact"))
