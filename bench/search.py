"""How fast forgiving search is at scale, and what it still finds there.

    python bench/search.py TRANSCRIPTS.csv [--documents 1000000] [--distractors 100000 --references CSV] [--json]

The documents are made of a word-pair model of the transcripts in the file (``generated_text``, else ``text``), always
the same for the same file, and stand in an embedded index. Milliseconds are of one search with five facets, its plan
included; ``forgiving_over_baseline`` compares two-word searches of both modes in the same run. ``expand_*`` is what one
word takes that was never asked for before, among 200,000 words, and with 400,000 pairs beside them.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from hearsay.text.normalize import tokens
from indexer.embedded.writer import EmbeddedWriter
from indexer.evaluation.distractors import distractors
from indexer.index import Request
from indexer.ingest.load import read_rows
from indexer.passages import Passage
from indexer.phonetics.expansion import Expander
from indexer.phonetics.g2p import english
from indexer.phonetics.lexicon import MOST_PAIRS, MOST_WORDS, Lexicon
from indexer.phonetics.tables import shipped
from indexer.phonetics.word_counts import WordCounter
from indexer.query.planner import Planner

SEARCHES = 200
FACETS = ("sentiment", "emotion", "age", "gender", "accent")
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def milliseconds(work: Callable[[str], object], words: Sequence[str]) -> tuple[float, float]:
    """Median and 95th percentile."""
    taken = []
    for word in words:
        started = time.perf_counter()
        work(word)
        taken.append((time.perf_counter() - started) * 1e3)
    taken.sort()
    return taken[len(taken) // 2], taken[int(len(taken) * 0.95)]


def large_lexicon(transcripts: Sequence[Sequence[str]], rng: random.Random) -> Lexicon:
    """As many words and pairs as a lexicon holds: the dictionary's, the transcripts', and misspellings of both."""
    words = {word for transcript in transcripts for word in transcript} | set(
        rng.sample(sorted(english().words), 90_000)
    )
    base = sorted(words)
    while len(words) < MOST_WORDS:
        word = rng.choice(base)
        at = rng.randrange(len(word))
        words.add(word[:at] + rng.choice(LETTERS) + word[at + rng.randrange(2) :])
    tally = WordCounter()
    some, said = sorted(words), [word for transcript in transcripts for word in transcript]
    for word in some:
        tally.add(word)
    for _ in range(MOST_PAIRS * 5 // 4):  # some are too long to be kept, some come twice
        tally.add(f"{rng.choice(said)} {rng.choice(some)}")
    return Lexicon.of(tally, english())


def expansion(transcripts: Sequence[Sequence[str]], rng: random.Random) -> dict[str, float]:
    lexicon = large_lexicon(transcripts, rng)
    expander = Expander(lexicon, shipped(), english())
    asked = rng.sample(sorted(word for word in english().words if 4 <= len(word) <= 12), SEARCHES)
    for entries in (lexicon.single, lexicon.double):
        expander.candidates("warming", entries)
    alone, alone_p95 = milliseconds(lambda word: expander.candidates(word, lexicon.single), asked)
    both, both_p95 = milliseconds(expander.expansions, asked)
    return {
        "lexicon_words": len(lexicon.words), "lexicon_pairs": len(lexicon.double),
        "expand_words_ms": alone, "expand_words_p95_ms": alone_p95, "expand_ms": both, "expand_p95_ms": both_p95,
    }  # fmt: skip


def searching(transcripts: Sequence[str], documents: int, rng: random.Random) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="hearsay-bench-") as folder:
        index = EmbeddedWriter(Path(folder))
        started = time.perf_counter()
        index.replace(Passage(row.id, 0.0, None, row) for row in distractors(transcripts, documents))
        found = {"documents": documents, "load_seconds": time.perf_counter() - started}
        planner = Planner(index)
        asked = list(pairs_of_words(transcripts, rng))
        planner.plan("warming up")

        def search(mode: str) -> Callable[[str], object]:
            return lambda words: index.search(Request(planner.plan(words, mode).query, facets=FACETS))

        for mode in ("baseline", "exact", "forgiving", "sounds-like"):
            name = mode.replace("-", "_")
            found[f"{name}_ms"], found[f"{name}_p95_ms"] = milliseconds(search(mode), asked)
        found["forgiving_over_baseline"] = found["forgiving_ms"] / found["baseline_ms"]
        index.close()
    return found


def pairs_of_words(transcripts: Iterable[str], rng: random.Random) -> Iterable[str]:
    """Two words of one transcript that fewer than 150 transcripts have, as people search for them."""
    distinct = [sorted(set(tokens(transcript))) for transcript in transcripts]
    clips_with: dict[str, int] = {}
    for words in distinct:
        for word in words:
            clips_with[word] = clips_with.get(word, 0) + 1
    telling = [[word for word in words if len(word) > 3 and clips_with[word] < 150] for words in distinct]
    for words in rng.sample([words for words in telling if len(words) > 1], SEARCHES):
        yield " ".join(rng.sample(words, 2))


def success_at_scale(files: Sequence[Path], number: int) -> dict[str, float]:
    """success@10 of one lost rare word, learned on other sentences, without and with distractors."""
    found = {}
    for name, more in (("alone", 0), ("among_distractors", number)):
        command = [sys.executable, "-m", "indexer", "score", *map(str, files), "--mode", "forgiving", "--cross-fit"]
        command += ["--json", *(("--distractors", str(more)) if more else ())]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        found[f"success_{name}"] = told["forgiving"]["one"]["lost"]["success@10"]
    return found | {"distractors": number, "kept": found["success_among_distractors"] / found["success_alone"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("transcripts", type=Path)
    parser.add_argument("--references", type=Path, help="the same clips with text; measures success with distractors")
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--distractors", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rng = random.Random("bench/search")
    transcripts = [row.generated_text or row.text for row in read_rows([given.transcripts]).values()]
    figures: dict[str, float] = expansion([tokens(transcript) for transcript in transcripts], rng)
    figures |= searching(transcripts, given.documents, rng)
    if given.references:
        figures |= success_at_scale([given.references, given.transcripts], given.distractors)
    if given.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name:32} {figure:,.3f}" if isinstance(figure, float) else f"{name:32} {figure:,}")


if __name__ == "__main__":
    main()
