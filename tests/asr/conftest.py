"""Shared fixtures: a local checkpoint hub, and briefly trained models."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from asr.types import Waveform
from tests.support.hub import Hub
from tests.support.trained import sample_sentences, save_trained


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A running hub with a separate cache."""
    cache = tmp_path / "hub-cache"
    with Hub() as hub:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.address)
        files = hub.address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", files)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
        monkeypatch.setenv("MODEL_SOURCES", "cache,hub")
        yield hub


@pytest.fixture
def closed_hub(hub: Hub) -> Hub:
    """A stopped hub: its port refuses connections."""
    hub.close()
    return hub


@pytest.fixture(scope="session")
def sentences(samples: Path) -> list[tuple[Waveform, str]]:
    """The sample clips of one sentence each, with their reference texts."""
    return sample_sentences(samples)


@pytest.fixture(scope="session", params=["group", "layer"])
def trained(
    request: pytest.FixtureRequest, sentences: list[tuple[Waveform, str]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A tiny CTC checkpoint of each family, trained so that its frames differ."""
    return save_trained(tmp_path_factory.mktemp("trained") / request.param, request.param, sentences)
