"""The hub of checkpoints as these tests find it: on this machine, with nothing in its cache."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.asr.hub import Hub


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A hub that answers, with a cache of its own."""
    cache = tmp_path / "hub-cache"
    with Hub() as hub:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.address)
        files = hub.address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", files)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
        yield hub


@pytest.fixture
def closed_hub(hub: Hub) -> Hub:
    """A hub that went away: its port refuses."""
    hub.close()
    return hub
