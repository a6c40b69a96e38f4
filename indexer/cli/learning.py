"""``indexer learn``, ``learn-spelling`` and ``learn-bigrams``: learning what searches rely on."""

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from hearsay.extras import how_to_install
from hearsay.terminal.progress import progress_bar
from indexer.errors import WrongRequest
from indexer.index import SearchReader
from indexer.ingest.load import read_rows
from indexer.matching.training import learn as learn_tables
from indexer.phonetics.bigrams import from_arpa
from indexer.phonetics.g2p_training import learn_spelling as learn_from
from indexer.phonetics.g2p_training import read_dictionary
from indexer.settings import IndexSettings

IN_THE_WHEEL: Final = "en-us/cmudict-en-us.dict"
"""The path of the dictionary among PocketSphinx's models."""


def learn(_index: SearchReader, arguments: Namespace, settings: IndexSettings) -> int:
    """Learn phonetic tables from clips with references and transcripts; later searches use them."""
    rows = [row for row in read_rows(arguments.files).values() if not row.deleted]
    target: Path = arguments.out or settings.phonetic_tables
    with progress_bar() as progress:
        task = progress.add_task("learning", total=None)
        source = arguments.source or ", ".join(file.name for file in arguments.files)
        tables = learn_tables(rows, source, lambda done, total: progress.update(task, completed=done, total=total))
    with _written(target):
        tables.save(target)
    print(f"learned from {tables.passages:,} transcripts; the tables were written to {target}")
    return 0


def learn_spelling(_index: SearchReader, arguments: Namespace, _settings: IndexSettings) -> int:
    """Learn the pronunciation model from a pronouncing dictionary, by default from the one in PocketSphinx's wheel."""
    dictionary: Path = arguments.dictionary or _dictionary_in_the_wheel()
    if not dictionary.is_file():
        raise WrongRequest(f"there is no file {dictionary}")
    pronounced = read_dictionary(dictionary)
    print(f"aligning {len(pronounced):,} words with their phonemes; this takes about a minute")
    spelling = learn_from(pronounced, arguments.source or dictionary.name)
    with _written(arguments.out):
        spelling.save(arguments.out)
    print(f"the pronunciation model was written to {arguments.out}")
    return 0


def learn_bigrams(_index: SearchReader, arguments: Namespace, _settings: IndexSettings) -> int:
    """Learn the bigram model from a language model in ARPA format, whose trigrams are ignored."""
    file: Path = arguments.language_model
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            bigrams = from_arpa(lines, arguments.source or file.name)
    except OSError as problem:
        raise WrongRequest(f"{file} cannot be read: {problem.strerror}") from problem
    with _written(arguments.out):
        bigrams.save(arguments.out)
    print(f"{len(bigrams.words):,} words and {len(bigrams.pairs):,} bigrams were written to {arguments.out}")
    return 0


@contextmanager
def _written(target: Path) -> Iterator[None]:
    """Make the folder; raise `WrongRequest` if it, or the file, cannot be written."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as problem:
        raise WrongRequest(f"{target} cannot be written: {problem.strerror}; name another file with --out") from problem


def _dictionary_in_the_wheel() -> Path:
    try:
        from pocketsphinx import get_model_path
    except ImportError as problem:
        raise WrongRequest(
            f"PocketSphinx is not installed here; name a pronouncing dictionary, or run {how_to_install('asr')}"
        ) from problem
    return Path(get_model_path()) / IN_THE_WHEEL
