"""``indexer learn`` and ``learn-spelling``: what search knows of sounds, learned anew."""

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from hearsay.extras import how_to_install
from indexer.cli.commands import progress_bar
from indexer.errors import WrongRequest
from indexer.index import SearchReader
from indexer.ingest.load import read_rows
from indexer.phonetics.g2p import english
from indexer.phonetics.g2p_training import learn_spelling as learn_from
from indexer.phonetics.g2p_training import read_dictionary
from indexer.phonetics.training import learn as learn_tables
from indexer.settings import IndexSettings

IN_THE_WHEEL: Final = "en-us/cmudict-en-us.dict"
"""Where PocketSphinx's models have the dictionary."""


def learn(_index: SearchReader, asked: Namespace, settings: IndexSettings) -> int:
    """Learn sound tables from corrected transcripts; searches use them from then on."""
    rows = [row for row in read_rows(asked.files).values() if not row.deleted]
    target: Path = asked.out or settings.sound_tables
    with progress_bar() as progress:
        task = progress.add_task("learning", total=None)
        source = asked.source or ", ".join(file.name for file in asked.files)
        tables = learn_tables(
            rows, english(), source, step=lambda done, total: progress.update(task, completed=done, total=total)
        )
    with _written(target):
        tables.save(target)
    print(f"learned from {tables.passages:,} transcripts; the tables are in {target}")
    return 0


def learn_spelling(_index: SearchReader, asked: Namespace, _settings: IndexSettings) -> int:
    """Learn from a pronouncing dictionary how words are spelled; without one, from that in PocketSphinx's wheel."""
    dictionary: Path = asked.dictionary or _dictionary_in_the_wheel()
    if not dictionary.is_file():
        raise WrongRequest(f"there is no file {dictionary}")
    pronounced = read_dictionary(dictionary)
    print(f"aligning {len(pronounced):,} words with their sounds; this takes about a minute")
    spelling = learn_from(pronounced, asked.source or dictionary.name)
    with _written(asked.out):
        spelling.save(asked.out)
    print(f"the letters' sounds are in {asked.out}")
    return 0


@contextmanager
def _written(target: Path) -> Iterator[None]:
    """Make the folder; what cannot be written is told in a sentence."""
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
