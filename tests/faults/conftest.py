"""Fixtures of the fault tests: decoding with a tiny real CTC model, and indexes of both engines."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from indexer.elastic.writer import ElasticWriter
from indexer.embedded.writer import EmbeddedWriter
from indexer.settings import IndexSettings
from tests.faults.driver import Starter, everything, foreign_files_unchanged
from tests.faults.index_loads import ROWS, Engine, write_table
from tests.support.checkpoints import save_wav2vec2
from tests.support.elastic_nodes import Node

CLIPS = 24

PREPARED = (
    "from transformers import Wav2Vec2CTCTokenizer, Wav2Vec2FeatureExtractor, Wav2Vec2ForCTC\n"
    "import asr.models.registry"
)


@pytest.fixture(scope="session")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    """Starts ``decode`` with a CTC checkpoint that is created here.

    A run takes about two seconds. PocketSphinx would take longer to start, and uses worker processes
    that killing the command does not kill.
    """
    folder = tmp_path_factory.mktemp("decoder")
    settings = {
        "ASR_MODEL": str(save_wav2vec2(folder / "ctc")),
        "SER_MODEL": "classic",
        "LOG_DIR": str(folder / "logs"),
        "BATCH_CLIPS": "1",  # one write to the journal per clip
        "BATCH_SECONDS": "0.1",  # one clip per pass, so that a resumed run computes identical numbers
    }
    with Starter("asr.cli", folder, PREPARED, **settings) as starter:
        yield starter


@pytest.fixture(scope="session")
def corpus(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sample clips."""
    folder = tmp_path_factory.mktemp("corpus") / "clips"
    folder.mkdir()
    for number in range(CLIPS):
        shutil.copy(samples / f"sample-{number:06}.mp3", folder)
    return folder


@pytest.fixture(scope="session")
def loader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    """Starts index commands that consider a killed writer dead after three seconds."""
    preparation = (
        "from indexer.elastic import lease, writer\n"
        "from indexer.embedded import writer\n"
        "from indexer.phonetics.g2p import english\n"
        "english()\n"  # loaded once, before the writers start
        "lease.SECONDS_WATCHED = 3.0"
    )
    with Starter("indexer.cli.command_line", tmp_path_factory.mktemp("loader"), preparation) as starter:
        yield starter


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two tables of clips; some clips are in both, with different transcripts."""
    folder = tmp_path_factory.mktemp("tables")
    return write_table(folder / "old.csv", ROWS[0], 0, "river"), write_table(folder / "new.csv", ROWS[1], 1000, "stone")


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Engine]:
    folder, foreign = tmp_path / "index", tmp_path / "foreign"

    def versions() -> list[str]:
        return sorted(path.name for path in (folder / "versions").iterdir())

    with foreign_files_unchanged(foreign):
        yield Engine(str(folder), lambda: EmbeddedWriter(folder), versions, lambda: everything(foreign))


@pytest.fixture
def elastic(node: Node, own: IndexSettings, client: Elasticsearch) -> Engine:
    kept = {
        "INDEX_NAME": own.index_name,
        "DELETIONS": str(own.deletions),
        "REJECTED_PASSAGES": str(own.rejected_passages),
    }
    foreign = f"{own.index_name}-20200101000000000000"  # named like a version of Hearsay's index
    client.index(index=foreign, id="1", document={"note": "not Hearsay's"}, refresh=True)

    def versions() -> list[str]:
        names = client.indices.get(index=f"{own.index_name}-*").body
        return sorted(name for name in names if name != foreign and not name.endswith("-lexicon"))

    def beside() -> object:
        return client.indices.get(index=foreign).body, client.search(index=foreign).body["hits"]

    return Engine(node.url, lambda: ElasticWriter(node.url, own), versions, beside, kept)


@pytest.fixture(params=["embedded", pytest.param("elastic", marks=pytest.mark.elastic)])
def engine(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue(request.param)
    return engine
