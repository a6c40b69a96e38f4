"""The compose file holds under Compose's own loader, is open to nobody else, and says what the programs read."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from asr.settings import AsrSettings
from indexer.settings import IndexSettings
from search_ui.settings import PageSettings
from tests.conftest import PROJECT, leave_out

COMPOSE = "docker-compose.yml"
GPU = "asr/compose.gpu.yml"
SERVICES = ("api", "index", "page")
LOADER = "github.com/compose-spec/compose-go/v2/cmd@v2.16.2"
DOCKERFILES = {"api": "asr/Dockerfile", "page": "search_ui/Dockerfile"}
READ_BY = {"api": AsrSettings, "page": PageSettings}


@pytest.fixture(scope="session")
def loader() -> Path:
    """Compose's own loader, built once and kept."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hearsay" / LOADER.rpartition("@")[2]
    if not (cache / "cmd").exists():
        if not shutil.which("go"):
            leave_out("compose", "install Go, which builds Compose's own loader")
        told = {**os.environ, "GOBIN": str(cache)}
        built = subprocess.run(["go", "install", LOADER], env=told, capture_output=True, text=True, check=False)
        if built.returncode:
            leave_out("compose", f"Compose's loader could not be built: {built.stderr[-500:]}")
    return cache / "cmd"


def resolve(loader: Path, *files: str) -> dict[str, Any]:
    """The model that Compose makes of the files."""
    loaded = subprocess.run(
        [loader, "--format", "json", *files], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert loaded.returncode == 0, loaded.stderr
    model: dict[str, Any] = json.loads(loaded.stdout)
    return model


@pytest.fixture(scope="session")
def services(loader: Path) -> dict[str, Any]:
    return resolve(loader, COMPOSE)["services"]


def published(services: dict[str, Any]) -> dict[str, list[tuple[str | None, str]]]:
    return {
        name: [(port.get("host_ip"), port["published"]) for port in service["ports"]]
        for name, service in services.items()
    }


def environment(service: dict[str, Any]) -> dict[str, str]:
    told = service["environment"]  # merged files have a list where one file has a map
    return told if isinstance(told, dict) else dict(entry.split("=", 1) for entry in told)


def test_the_api_the_index_and_the_page_are_services(services: dict[str, Any]):
    assert tuple(sorted(services)) == SERVICES


def test_every_port_is_published_on_the_loopback_interface(services: dict[str, Any]):
    assert published(services) == {
        "api": [("127.0.0.1", "8001")],
        "index": [("127.0.0.1", "9200")],
        "page": [("127.0.0.1", "8501")],
    }


@pytest.mark.parametrize(
    ("name", "variable", "port"), [("api", "API_PORT", 8001), ("index", "ES_PORT", 9200), ("page", "PAGE_PORT", 8501)]
)
def test_a_variable_chooses_each_port_and_not_the_interface(name: str, variable: str, port: int):
    # As written, since the loader's command line leaves the environment out.
    written = yaml.safe_load((PROJECT / COMPOSE).read_text(encoding="utf-8"))["services"]
    assert written[name]["ports"] == [f"127.0.0.1:${{{variable}:-{port}}}:{port}"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_tells_whether_it_is_well_and_where_it_comes_from(services: dict[str, Any], name: str):
    assert services[name]["healthcheck"]["test"][0] == "CMD"
    assert services[name].get("image") or services[name]["build"]["dockerfile"] == DOCKERFILES[name]


def test_the_page_waits_for_the_index(services: dict[str, Any]):
    assert services["page"]["depends_on"]["index"]["condition"] == "service_healthy"


@pytest.mark.parametrize("name", DOCKERFILES)
def test_what_a_service_is_told_is_a_setting_of_its_program(services: dict[str, Any], name: str):
    assert {setting.lower() for setting in environment(services[name])} <= set(READ_BY[name].model_fields)


def test_both_programs_listen_where_the_published_port_leads(services: dict[str, Any]):
    for name, model in READ_BY.items():
        assert services[name]["ports"][0]["target"] == model.model_fields[f"{name}_port"].default
        assert environment(services[name])[f"{name.upper()}_HOST"] == "0.0.0.0"


@pytest.mark.parametrize("name", DOCKERFILES)
def test_the_audio_is_mounted_where_nobody_can_change_it(services: dict[str, Any], name: str):
    (audio,) = (volume for volume in services[name]["volumes"] if volume["target"] == "/audio")
    assert audio["source"] == str(PROJECT / "clips" / "samples")
    assert audio["read_only"]


def test_the_gpu_file_gives_the_api_a_gpu_and_changes_nothing_else(loader: Path, services: dict[str, Any]):
    with_gpu = resolve(loader, COMPOSE, GPU)["services"]
    (device,) = with_gpu["api"]["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
    assert environment(with_gpu["api"]) == environment(services["api"]) | {"DEVICE": "cuda"}
    assert published(with_gpu) == published(services)
    assert {name: with_gpu[name] for name in ("index", "page")} == {name: services[name] for name in ("index", "page")}


def test_elasticsearch_is_the_version_that_runs_without_docker(services: dict[str, Any]):
    script = (PROJECT / "elastic-backend" / "local.sh").read_text(encoding="utf-8")
    version = re.search(r"^(?:ES_)?VERSION=(\S+)$", script, re.MULTILINE)
    assert version is not None
    assert services["index"]["image"] == f"elasticsearch:{version[1]}"


def instructions(dockerfile: str) -> list[tuple[str, list[str]]]:
    """The Dockerfile's instructions in order, each with its words; continued lines are one."""
    text = (PROJECT / dockerfile).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(words[0], words[1:]) for words in lines]


@pytest.mark.parametrize(
    ("dockerfile", "extras", "packages"),
    [
        ("asr/Dockerfile", {"asr", "models"}, {"clips", "asr"}),
        ("search_ui/Dockerfile", {"page"}, {"clips", "indexer", "search_ui"}),
    ],
)
def test_an_image_holds_its_own_rooms_and_what_they_need(dockerfile: str, extras: set[str], packages: set[str]):
    steps = instructions(dockerfile)
    words = [word for name, words in steps if name == "RUN" for word in words]
    assert {words[at + 1] for at, word in enumerate(words) if word == "--extra"} == extras
    assert words.count("--constraint") == words.count("pip") == 2  # uv itself, then everything through it
    copied = {word.rstrip("/") for name, words in steps if name == "COPY" for word in words[:-1]}
    assert copied == packages | {"pyproject.toml", "constraints.txt"}


@pytest.mark.parametrize("dockerfile", DOCKERFILES.values())
def test_nothing_runs_as_root(dockerfile: str):
    steps = instructions(dockerfile)
    assert [words for name, words in steps if name == "USER"] == [["hearsay"]]
    assert [name for name, _ in steps].index("USER") < [name for name, _ in steps].index("CMD")


@pytest.mark.parametrize("dockerfile", DOCKERFILES.values())
def test_what_an_image_sets_is_read(dockerfile: str):
    known = {*AsrSettings.model_fields, *IndexSettings.model_fields, "hf_home", "numba_cache_dir", "pythonunbuffered"}
    told = {
        word.partition("=")[0].lower() for name, words in instructions(dockerfile) if name == "ENV" for word in words
    }
    assert told <= known


@pytest.mark.parametrize("dockerfile", DOCKERFILES.values())
def test_the_ignore_file_lets_through_what_an_image_copies(dockerfile: str):
    let_through = {line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {word.rstrip("/") for name, words in instructions(dockerfile) if name == "COPY" for word in words[:-1]}
    assert copied <= let_through
    assert all((PROJECT / path).exists() for path in copied)
