"""Speed of reading, validating and preparing the table of a large corpus, and its memory.

    python bench/corpora.py cv-valid-dev.csv [--rows 1000000] [--other CHECKOUT] [--json]

Tables in the form of current releases of Common Voice (``validated.tsv`` and ``clip_durations.tsv``) are made from a
real one: its sentences, votes, ages, genders and accents, the latter in the present spellings and some as free text,
with as many clips per speaker as in the English corpus. Each table is read in a separate process, as ``hearsay load``
reads it: to records (``read``), to the passages of valid records (``cut``), and to the documents that are indexed
(``document``). All times are CPU time, because one core does all of it.

* ``rows_per_second``: rows that are read, cut and made documents; ``rows_per_second_prepared`` without the documents.
* ``us_per_row_N``: microseconds of CPU time per row for the whole path at 10 and 100 thousand rows and at ``--rows``.
* ``peak_mb``: the peak resident memory (10^6 bytes) of the process.
* ``speedup``, ``speedup_prepared`` and ``speedup_read``: the time of a checkout of another commit relative to this one,
  for the whole path, without the documents, and for reading alone. It reads the same cells; if it cannot read the form
  of the table, as a CSV with the names of Hearsay's own columns. The better of two alternating rounds counts.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
SIZES = (10_000, 100_000)
ROUNDS = 2
CLIPS_PER_SPEAKER = 26  # 2,574,404 clips by 99,724 speakers in version 25 of the English corpus
AT_ONCE = 1000
HEADER = (
    "client_id", "path", "sentence_id", "sentence", "sentence_domain", "up_votes", "down_votes", "age", "gender",
    "accents", "variant", "locale", "segment",
)  # fmt: skip
OWN_NAMES = {"path": "filename", "sentence": "text", "accents": "accent", "client_id": "speaker"}
GENDERS = {"male": "male_masculine", "female": "female_feminine"}
FREE_TEXT = 0.02  # share of accents with words of the speaker's own


def made_rows(source: Path, number: int) -> Iterator[tuple[list[str], str]]:
    """Rows in the order of `HEADER`, reproducible, each with the duration of its clip in milliseconds."""
    import csv

    from hearsay.corpora.values import VALUES

    accents = {value.name: value.spellings[0] for value in VALUES["accent"] if value.spellings}
    with source.open(encoding="utf-8", newline="") as file:
        real = list(csv.DictReader(file))
    rng = random.Random("bench/corpora")
    speakers = [(f"{rng.getrandbits(512):0128x}", rng.choice(real)) for _ in range(max(1, number // CLIPS_PER_SPEAKER))]
    for at in range(number):
        said, (speaker, about) = rng.choice(real), rng.choice(speakers)
        accent = accents.get(about["accent"], about["accent"])
        if accent and rng.random() < FREE_TEXT:
            accent += f",variety of town {rng.randrange(3000)}"
        clip = f"common_voice_en_{20_000_000 + at}.mp3"
        cells = [
            speaker, clip, f"{rng.getrandbits(256):064x}", said["text"].capitalize() + ".", "general", said["up_votes"],
            said["down_votes"], about["age"], GENDERS.get(about["gender"], about["gender"]), accent, "", "en", "",
        ]  # fmt: skip
        yield cells, str(1000 + rng.randrange(9000))


def write_tables(source: Path, folder: Path, number: int, *, is_plain: bool) -> Path:
    """A table of this many rows; as a CSV with the names of Hearsay's columns if ``is_plain``."""
    import csv

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ("validated.csv" if is_plain else "validated.tsv")
    with path.open("w", encoding="utf-8", newline="") as table, (folder / "clip_durations.tsv").open("w") as lengths:
        plain = csv.writer(table, lineterminator="\n")
        if is_plain:
            plain.writerow([*(OWN_NAMES.get(name, name) for name in HEADER), "duration"])
        else:
            table.write("\t".join(HEADER) + "\n")
            lengths.write("clip\tduration[ms]\n")
        for cells, milliseconds in made_rows(source, number):
            if is_plain:
                cells[1] = f"{folder.parent.name}-{folder.name}/clips/{cells[1]}"
                plain.writerow([*cells, f"{int(milliseconds) / 1000:g}"])
            else:
                table.write("\t".join(cells) + "\n")
                lengths.write(f"{cells[1]}\t{milliseconds}\n")
    return path


def read_table(path: Path) -> dict[str, float]:
    """CPU seconds of each step, and the peak memory of this process."""
    import resource

    from indexer.documents import document_of
    from indexer.ingest.load import read_rows
    from indexer.ingest.validation import RecordProblems
    from indexer.passages import cut

    def spent(work: Callable[[], Any]) -> tuple[float, Any]:
        begun = time.process_time()
        result = work()
        return time.process_time() - begun, result

    read_seconds, rows = spent(lambda: read_rows([path]))
    coming, problems = iter(sorted(rows.values(), key=lambda row: row.id)), RecordProblems()
    cut_seconds = document_seconds = 0.0
    while batch := list(islice(coming, AT_ONCE)):
        seconds, passages = spent(lambda batch=batch: [one for row in batch for one in cut(problems.taken(row))])
        cut_seconds += seconds
        document_seconds += spent(lambda passages=passages: [None for _ in map(document_of, passages)])[0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return {"rows": len(rows), "read": read_seconds, "cut": cut_seconds, "document": document_seconds, "peak_mb": peak}


def measured(checkout: Path, table: Path) -> dict[str, float]:
    """`read_table` in a process that imports Hearsay from a checkout."""
    done = subprocess.run(
        [sys.executable, "-P", __file__, str(table), "--worker"],
        env=os.environ | {"PYTHONPATH": str(checkout)}, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    print(f"{checkout.name}, {table.name}: {found}", file=sys.stderr, flush=True)
    return found


def seconds_of(found: dict[str, float], *steps: str) -> float:
    return sum(found[step] for step in steps)


def best(runs: list[dict[str, float]], *steps: str) -> float:
    return min(seconds_of(run, *steps) for run in runs)


def reads_release(checkout: Path) -> bool:
    """Whether a checkout reads tables in the form of a release."""
    return (checkout / "hearsay" / "corpora" / "layouts.py").is_file()


def main() -> None:
    arguments = argparse.ArgumentParser(description="time per row of a large corpus's table")
    arguments.add_argument("table", type=Path, metavar="cv-valid-dev.csv")
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--other", type=Path, help="checkout of another commit to compare with")
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.worker:
        print(json.dumps(read_table(given.table)))
        return
    sys.path.insert(0, str(PROJECT))
    from bench.figures import print_figures

    steps = ("read", "cut", "document")
    figures: dict[str, Any] = {"rows": given.rows}
    with tempfile.TemporaryDirectory(prefix="hearsay-corpora-") as name:
        release = Path(name) / "cv-corpus-27.0-2026-09-11"
        for size in [size for size in SIZES if size < given.rows]:
            found = measured(PROJECT, write_tables(given.table, release / f"en{size}", size, is_plain=False))
            figures[f"us_per_row_{size}"] = seconds_of(found, *steps) / size * 1e6
        table = write_tables(given.table, release / "en", given.rows, is_plain=False)
        ours, others = [], []
        theirs = table
        if given.other and not reads_release(given.other):
            theirs = write_tables(given.table, Path(name) / "plain" / "en", given.rows, is_plain=True)
        for _ in range(ROUNDS if given.other else 1):
            ours.append(measured(PROJECT, table))
            others += [measured(given.other, theirs)] if given.other else []
    whole, prepared, read = best(ours, *steps), best(ours, "read", "cut"), best(ours, "read")
    figures |= {
        f"us_per_row_{given.rows}": whole / given.rows * 1e6,
        "rows_per_second": given.rows / whole,
        "rows_per_second_prepared": given.rows / prepared,
        "peak_mb": max(run["peak_mb"] for run in ours),
        "speedup": best(others, *steps) / whole if others else None,
        "speedup_prepared": best(others, "read", "cut") / prepared if others else None,
        "speedup_read": best(others, "read") / read if others else None,
        "other_peak_mb": max(run["peak_mb"] for run in others) if others else None,
    }
    print_figures(figures, as_json=given.json)


if __name__ == "__main__":
    main()
