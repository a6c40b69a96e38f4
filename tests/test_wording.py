"""Plain technical English: words and constructions that code, messages and documents of this project avoid."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import PROJECT

AVOIDED: Final = {
    r"\b(hears?|heard|hearing|ears)\b": "recognise, transcribe; transcript, match",
    r"\bsaid wrong\b": "misrecognised, misread",
    r"\b(tells?|told) of\b": "describes, reports",
    r"\b(is|are|was|were|be) told\b": "is reported, is shown, gets a message",
    r"\bthe ways? in\b(?! which)": "interface, access",
    r"\b(and|or) the like\b": "for example, such as",
    r"\bfaults? of ours\b": "an internal error",
    r"\bthe log has it(?! )": "the log has the details",
    r"\bnothing stands in the way\b": "nothing prevents",
    r"\bsend nothing to it\b": "wait before sending",
    r"\bwhat to type\b": "how to fix it, the command",
    r"\bmis-hear": "misrecognise",
    r"\bbe had\b": "be obtained, available",
    r"\b(go|goes|going|went) on (with|inside|where)\b": "continues",
    r"\b(is|are) asked for (its|their|a|the)\b": "reports, is queried, is requested",
    r"\b(none|empty|null) without (one|it)\b": "None if there is none",
    r"\banew\b": "again, from the start",
    r"\ba (file|folder|line|row) each\b": "one file per item",
    r"\bgives? the same numbers\b": "is reproducible",
    r"\bbelongs? to no\b": "does not belong to a",
    r"\bcomes? (once|whole)\b": "is returned once, is complete",
    r"\bnot what was written\b": "has changed since it was written",
    r"\beverything random\b": "the random seed",
    r"\bleaves? alone what\b": "does not change what",
    r"95 %%": "a single percent sign",
    r"\b(is|was|are) reported to wait\b": "waits, the message says that",
    r"\b(done|decoded|indexed|loaded) before\b(?! (it|the|a|any|its|each|every|that))": "already done",
    r"\b(None|empty|raises? `\w+`) where\b": "if",
    r"\b(an?|small) (\w+ )?[a-z-]+ of (its|their) own\b(?! content)": "its own, a separate",
    r"\bstands? (under|on|behind|twice|there)\b": "is, occurs",
    r"\bthis is no [a-z]+\b": "this is not a",
    r"\bwhat is no [a-z]+\b": "what is not a",
    r"\b(is|are|was) of no (use|interest)\b": "is not useful",
    r"\b(told|tell) apart\b": "distinguish",
    r"\bundisturbed\b": "uninterrupted",
    r"\bscraps?\b": "very short audio",
    r"\bwishes\b": "options, requests",
    r"\bimpatient\b": "with a short timeout",
    r"\blikeliest\b": "most probable",
    r"\bto the last bit\b": "bit for bit",
    r"\btime marks?\b": "timestamps",
    r"\bfor ever\b": "always, indefinitely",
    r"\bas (it|they) (likes?|wants?)\b": "in any order, as requested",
    r"(?<!there )\b(is|are) no (audio|corpus|failure|file|mark|markup|number|record|refusal|value)\b": "is not",
    r"\d (?!is|of)\w+ an? (second|minute|hour|clip|word|token|piece)\b": "per second",
    r"(?<![\w.,:)\]}/\\*%'-])\.\d+\b(?!\.)": "a number with a leading zero, 0.98, or a percentage",
}
"""Case-insensitive patterns, and what to write instead."""

KINDS: Final = frozenset({".py", ".md", ".sh", ".js", ".css", ".yml", ".html", ".toml"})
"""Files that are searched, by suffix."""

NAMES: Final = frozenset({"Dockerfile", ".env.example", ".ci/run"})
"""Files that are searched, by the end of the path."""

_NUMBER: Final = next(pattern for pattern in AVOIDED if "leading" in AVOIDED[pattern])
_NOT_SEARCHED: Final = frozenset({".git", ".venv", "build", "dist", "node_modules", "var", "logs"})


@dataclass(frozen=True, slots=True)
class Allowed:
    """An exception: lines of a file or folder that contain this text may contain an avoided word."""

    file: str
    text: str
    reason: str

    def covers(self, file: str, line: str) -> bool:
        return (file == self.file or file.startswith(f"{self.file}/")) and self.text in line


ALLOWED: Final = (
    Allowed("tests/test_wording.py", "", "the list itself"),
    Allowed("CHANGELOG.md", "heard", "what the page said before, and older names of JSON members"),
    Allowed("docs/search.md", "`heard", "names of JSON members and values that stay"),
    Allowed("asr/pipeline/batch.py", '"heard": run.transcribed', "a key of the program log that stays"),
    Allowed("docs/decoding.md", "`heard`", "the same key"),
    Allowed("indexer/cli/command_line.py", '"--distractors-as-heard"', "the former name of an option, which stays"),
    Allowed("indexer/evaluation/scores.py", '"heard"', "the former name of a group of queries, which stays"),
    Allowed("indexer/query/explanation.py", "heard", "the former name of a kind of match, which stays"),
    Allowed("indexer/matching/result_json.py", "heard_as", "the former name of a JSON member, which stays"),
    Allowed("tests/indexer", '"heard', "the same former names"),
    Allowed("tests/indexer/query/test_filters.py", '" 0 - .5 "', "a range as somebody may type it"),
    Allowed("tests/indexer/cli/test_searching.py", '".5-"', "a range as somebody may type it"),
    Allowed("docs/measuring-search.md", "heard", "the name of a group of queries, and of an option, that stay"),
)


@cache
def searched_files() -> tuple[str, ...]:
    """The files of the tree that git lists; without git, all files except built and installed ones."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        listed = [str(path.relative_to(PROJECT)) for path in PROJECT.rglob("*") if path.is_file()]
    return tuple(
        name
        for name in listed
        if is_searched(name) and _NOT_SEARCHED.isdisjoint(Path(name).parts) and (PROJECT / name).is_file()
    )


def is_searched(name: str) -> bool:
    return Path(name).suffix in KINDS or any(f"/{name}".endswith(f"/{end}") for end in NAMES)


@cache
def found() -> tuple[tuple[str, int, str, str], ...]:
    """All places with an avoided word: file, line number, line, and the pattern."""
    return tuple(place for name in searched_files() for place in _found_in(name))


def _found_in(name: str) -> Iterator[tuple[str, int, str, str]]:
    suffix = Path(name).suffix
    for number, line in enumerate((PROJECT / name).read_text(encoding="utf-8").splitlines(), 1):
        for pattern in avoided_in(line, suffix):
            yield name, number, line.strip(), pattern


def avoided_in(line: str, suffix: str) -> list[str]:
    """The patterns that match a line of a file with this suffix; style sheets and scripts may write .5."""
    patterns = [pattern for pattern in AVOIDED if pattern != _NUMBER or suffix not in (".css", ".js")]
    return [pattern for pattern in patterns if re.search(pattern, line.replace("_", " "), re.IGNORECASE)]


def test_the_tree_is_written_in_plain_technical_english():
    places = [
        f"{name}:{number}: {line[:100]!r}: write {AVOIDED[pattern]}"
        for name, number, line, pattern in found()
        if not any(allowed.covers(name, line) for allowed in ALLOWED)
    ]
    assert not places, f"{len(places)} places:\n" + "\n".join(places)


@pytest.mark.parametrize("allowed", ALLOWED, ids=lambda allowed: f"{allowed.file}: {allowed.text[:30]}")
def test_every_exception_is_still_needed(allowed: Allowed):
    assert any(allowed.covers(name, line) for name, _, line, _ in found()), allowed.reason


@pytest.mark.parametrize(
    "line",
    [
        "What the model heard.",
        "def hear(clip):",
        "The caller is told what failed.",
        "files, folders and the like",
        "This module tells of the clips.",
        "the ways in",
        "the corpus mis-hears it",
        "None where there is none",
        "the run goes on with the rest",
        "an index of its own",
        "The command goes on where it was interrupted.",
        "an API is asked for its models",
        "the file's path, None without one",
        "merged anew",
        "the answers, a file each",
        "gives the same numbers for the same seed",
        "what belongs to no place in the sound",
        "a recording comes once",
        "the file is not what was written",
        "seed of everything random",
        "2 clips done before",
        "this is no sound",
        "as that of an undisturbed run",
        "a file is no corpus",
        "14 characters a second",
        "a confidence of .98",
        "between (.5 and 1)",
    ],
)
def test_avoided_wording_is_recognised(line: str):
    assert avoided_in(line, ".md")


@pytest.mark.parametrize(
    "line",
    [
        "Hearsay",
        "hearsay search",
        "a checksum of its own content",
        "the words decoded before it",
        "{name!r:.80}",
        "a confidence of 0.98",
        "clips.10.csv",
        "v1.2.3",
        "ears2",
        "there is no file",
        "1 is a word",
    ],
)
def test_standard_words_and_numbers_are_accepted(line: str):
    assert not avoided_in(line, ".md")


def test_all_kinds_of_files_are_searched():
    assert {Path(name).suffix for name in searched_files() if Path(name).suffix in KINDS} == KINDS
    assert {"README.md", "asr/Dockerfile", "search_ui/Dockerfile", ".env.example", ".ci/run"} <= set(searched_files())
