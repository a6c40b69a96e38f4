"""The Compose files are valid for Compose's own loader, are closed to other machines, and set existing settings."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from asr.settings import AsrSettings
from hearsay.config import home
from indexer.settings import IndexSettings
from search_ui.settings import PageSettings
from tests.conftest import PROJECT
from tests.support.go_tools import go_tool

COMPOSE = "docker-compose.yml"
CLUSTER = "elastic-backend/docker-compose.yml"
GPU = "asr/compose.gpu.yml"
NODES = ("es01", "es02", "es03")
SERVERS = ("api", "page", *NODES, "kibana")
ONCE = ("certificates", "setup", "indexer")
"""Services that do one task and exit."""

ALWAYS = ("inbox",)
"""Services that run permanently without serving requests."""

LOADER = "github.com/compose-spec/compose-go/v2/cmd@v2.16.2"
DOCKERFILES = {"api": "asr/Dockerfile", "page": "search_ui/Dockerfile"}
READ_BY = {"api": AsrSettings, "page": PageSettings, "inbox": IndexSettings, "indexer": IndexSettings}
SECRETS = ("ELASTIC_PASSWORD", "KIBANA_PASSWORD")


@pytest.fixture(scope="session")
def loader() -> Path:
    """Compose's own loader, built once and kept."""
    return go_tool(LOADER, "compose", "Compose's own loader")


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Compose files without an .env file."""
    project = tmp_path_factory.mktemp("project")
    for name in (COMPOSE, CLUSTER, GPU):
        (project / name).parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, project / name)
    return project


@pytest.fixture(scope="session")
def filled_in(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the .env of the example and passwords.

    Compose reads .env in the project folder; the command line of the loader reads only those next to included files.
    """
    filled = shutil.copytree(project, tmp_path_factory.mktemp("filled") / "project")
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    content = re.sub(r"^(\w+)=$", r"\1=secret-of-\1", example, flags=re.MULTILINE)
    (filled / "elastic-backend" / ".env").write_text(content, encoding="utf-8")
    return filled


def load(loader: Path, project: Path, *files: str) -> subprocess.CompletedProcess[str]:
    command = [loader, "--format", "json", *files]
    alone: dict[str, str] = {}  # the user's variables would take precedence over those in the files
    return subprocess.run(command, cwd=project, env=alone, capture_output=True, text=True, check=False)


def resolve(loader: Path, project: Path, *files: str) -> dict[str, Any]:
    """The model that Compose builds from the files."""
    loaded = load(loader, project, *files)
    assert loaded.returncode == 0, loaded.stderr
    model: dict[str, Any] = json.loads(loaded.stdout)
    return model


@pytest.fixture(scope="session")
def services(loader: Path, filled_in: Path) -> dict[str, Any]:
    return resolve(loader, filled_in, COMPOSE)["services"]


def published(services: dict[str, Any]) -> dict[str, list[tuple[str | None, str]]]:
    return {
        name: [(port.get("host_ip"), port["published"]) for port in service["ports"]]
        for name, service in services.items()
        if "ports" in service
    }


def environment(service: dict[str, Any]) -> dict[str, str]:
    variables = service["environment"]  # a list in merged files, a map in a single file
    return variables if isinstance(variables, dict) else dict(entry.split("=", 1) for entry in variables)


def volumes(service: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {volume["source"]: volume for volume in service.get("volumes", ())}


def conditions(service: dict[str, Any]) -> dict[str, str]:
    return {name: how["condition"] for name, how in service.get("depends_on", {}).items()}


def written(name: str) -> dict[str, Any]:
    """A file with its variables unresolved and its merge keys resolved."""
    held: dict[str, Any] = yaml.safe_load((PROJECT / name).read_text(encoding="utf-8"))
    return held


def test_all_expected_services_exist(services: dict[str, Any]):
    assert sorted(services) == sorted((*SERVERS, *ALWAYS, *ONCE))


def test_kibana_and_the_indexer_start_only_on_request(services: dict[str, Any]):
    profiles = {name: service["profiles"] for name, service in services.items() if "profiles" in service}
    assert profiles == {"kibana": ["kibana"], "indexer": ["indexer"]}
    assert not [name for name, service in services.items() if profiles.keys() & conditions(service).keys()]


@pytest.mark.parametrize("missing", SECRETS)
def test_a_missing_password_is_reported_with_the_file_to_edit(loader: Path, project: Path, missing: str):
    refused = load(loader, project, COMPOSE)
    assert refused.returncode == 1
    assert f"required variable {missing} is missing a value: write a password" in refused.stderr
    assert "into .env (cp .env.example .env)" in refused.stderr


def test_the_example_lists_every_variable_with_its_default():
    read = dict(re.findall(r"\$\{(\w+):[-?]([^}]*)\}", "".join((PROJECT / f).read_text() for f in (COMPOSE, CLUSTER))))
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    assert dict(re.findall(r"^#(\w+)=(.*)$", example, re.MULTILINE)) == {
        name: default for name, default in read.items() if name not in SECRETS
    }
    assert re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE) == [(name, "") for name in SECRETS]


def test_no_committed_file_contains_a_secret():
    ignored = subprocess.run(["git", "check-ignore", ".env"], cwd=PROJECT, capture_output=True, check=False)
    assert ignored.returncode == 0
    for name in (COMPOSE, CLUSTER):
        values = re.findall(r"^\s*\w*PASSWORD\w*: (.*)$", (PROJECT / name).read_text(encoding="utf-8"), re.MULTILINE)
        assert all(re.match(r"\$\{\w+:\?", value) for value in values)


def test_passwords_are_passed_only_to_the_services_that_need_them(services: dict[str, Any]):
    definitions = {name: json.dumps(service) for name, service in services.items()}
    holders = {
        secret: {name for name in definitions if f"secret-of-{secret}" in definitions[name]} for secret in SECRETS
    }
    assert holders == {"ELASTIC_PASSWORD": {*NODES, "setup"}, "KIBANA_PASSWORD": {"kibana", "setup"}}
    shown = ("command", "entrypoint", "healthcheck")
    assert not [name for name, service in services.items() if "secret-of" in str([service.get(at) for at in shown])]


def test_weights_of_all_models_are_kept_in_one_separate_volume(services: dict[str, Any]):
    assert volumes(services["api"])["models"]["target"] == "/data/models"
    image = (PROJECT / DOCKERFILES["api"]).read_text(encoding="utf-8")
    assert "HEARSAY_HOME=/data HF_HOME=/data/models " in image
    assert re.search(r"install --directory --owner hearsay .*/data/models", image), "a new volume takes its owner"
    assert image.index("HEARSAY_HOME=/data") < image.index("models fetch"), "the layer is where models are looked for"


def test_every_port_is_published_on_the_loopback_interface(services: dict[str, Any]):
    assert published(services) == {
        "api": [("127.0.0.1", "8001")],
        "es01": [("127.0.0.1", "9200")],
        "kibana": [("127.0.0.1", "5601")],
        "page": [("127.0.0.1", "8501")],
    }


@pytest.mark.parametrize(
    ("file", "name", "variable", "port"),
    [
        (COMPOSE, "api", "API_PORT", 8001),
        (COMPOSE, "page", "PAGE_PORT", 8501),
        (CLUSTER, "es01", "ES_PORT", 9200),
        (CLUSTER, "kibana", "KIBANA_PORT", 5601),
    ],
)
def test_a_variable_sets_each_port_but_not_the_interface(file: str, name: str, variable: str, port: int):
    assert written(file)["services"][name]["ports"] == [f"127.0.0.1:${{{variable}:-{port}}}:{port}"]


@pytest.mark.parametrize("name", SERVERS)
def test_every_server_has_a_health_check_and_is_restarted(services: dict[str, Any], name: str):
    assert services[name]["healthcheck"]["test"][0].startswith("CMD")
    assert services[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", ALWAYS)
def test_permanent_services_are_restarted(services: dict[str, Any], name: str):
    assert services[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", [*SERVERS, *ALWAYS, *ONCE])
def test_no_service_has_unnecessary_privileges(services: dict[str, Any], name: str):
    assert services[name]["cap_drop"] == ["ALL"]
    assert services[name]["security_opt"] == ["no-new-privileges:true"]
    assert services[name].get("cap_add", []) == (["CHOWN", "DAC_OVERRIDE"] if name in ("certificates", "setup") else [])


def test_services_wait_for_their_dependencies(services: dict[str, Any]):
    for name in NODES:
        assert conditions(services[name]) == {"certificates": "service_completed_successfully"}
    assert conditions(services["setup"]) == dict.fromkeys(NODES, "service_healthy")
    for name in ("page", "inbox", "indexer", "kibana"):
        assert conditions(services[name]) == {"setup": "service_completed_successfully"}


@pytest.mark.parametrize("name", NODES)
def test_nodes_use_tls_and_have_resource_limits(services: dict[str, Any], name: str):
    node, variables = services[name], environment(services[name])
    for layer in ("http", "transport"):
        assert variables[f"xpack.security.{layer}.ssl.enabled"] == "true"
    assert (variables["xpack.security.enabled"], variables["node.name"]) == ("true", name)
    assert (
        variables["cluster.initial_master_nodes"].split(",")
        == variables["discovery.seed_hosts"].split(",")
        == list(NODES)
    )
    assert node["mem_limit"] == "1g"
    assert node["ulimits"] == {"memlock": -1, "nofile": 65535}
    assert volumes(node).keys() == {name, f"{name}-certificates", "snapshots"}
    assert volumes(node)[f"{name}-certificates"]["read_only"]


def test_each_key_is_mounted_only_by_its_services(services: dict[str, Any]):
    secret = (
        "authority",
        "page-access",
        "indexer-access",
        "kibana-access",
        *(f"{name}-certificates" for name in NODES),
    )
    seen = {volume: {name for name in services if volume in volumes(services[name])} for volume in secret}
    assert seen == {
        "authority": {"certificates"},
        "page-access": {"certificates", "setup", "page"},
        "indexer-access": {"certificates", "setup", "inbox", "indexer"},
        "kibana-access": {"certificates", "kibana"},
        **{f"{name}-certificates": {"certificates", name} for name in NODES},
    }
    for name, key in (("page", "page"), ("inbox", "indexer"), ("indexer", "indexer"), ("kibana", "kibana")):
        assert volumes(services[name])[f"{key}-access"]["read_only"]


def test_the_setup_jobs_mount_their_script_roles_and_output_folders(services: dict[str, Any], filled_in: Path):
    backend = filled_in / "elastic-backend"
    for name, command in (("certificates", ["certificates"]), ("setup", ["keys"])):
        assert (services[name]["entrypoint"], services[name]["command"]) == (["bash", "/set-up/set-up.sh"], command)
        assert volumes(services[name])[str(backend / "set-up.sh")]["read_only"]
        assert environment(services[name])["NODES"].split() == list(NODES)
    assert volumes(services["setup"])[str(backend / "roles")]["target"] == "/set-up/roles"
    folders = {volume["target"] for volume in services["certificates"]["volumes"]} - {"/set-up/set-up.sh"}
    assert folders == {f"/access/{name}" for name in ("authority", *NODES, "page", "indexer", "kibana", "snapshots")}


@pytest.mark.parametrize("name", ["page", "inbox", "indexer"])
def test_page_and_indexer_know_all_nodes_and_the_certificate_authority(services: dict[str, Any], name: str):
    variables = environment(services[name])
    assert variables["INDEX_URL"].split(",") == [f"https://{node}:9200" for node in NODES]
    assert variables["INDEX_CA_CERT"] == "/access/ca.crt"
    assert services[name]["build"]["dockerfile"] == DOCKERFILES["page"]


@pytest.mark.parametrize(
    ("name", "words", "runs"),
    [
        ("page", [], ["-m", "search_ui"]),
        ("inbox", [], ["-m", "indexer", "put", "--watch"]),
        ("indexer", ["load", "two words.jsonl"], ["-m", "indexer", "load", "two words.jsonl"]),
    ],
)
def test_a_program_gets_its_key_and_its_arguments(
    services: dict[str, Any], tmp_path: Path, name: str, words: list[str], runs: list[str]
):
    (tmp_path / "api-key").write_text("the key\n", encoding="utf-8")
    (tmp_path / "python").write_text('#!/bin/sh\nprintf "%s\\n" "$INDEX_API_KEY" "$@"\n', encoding="utf-8")
    (tmp_path / "python").chmod(0o755)
    asked = [*services[name].get("entrypoint", []), *(words or services[name]["command"])]
    here = [word.replace("$$", "$").replace("/access/", f"{tmp_path}/") for word in asked]
    variables = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    output = subprocess.run(here, env=variables, capture_output=True, text=True, check=True).stdout
    assert output.splitlines() == ["the key", *runs]
    (tmp_path / "api-key").unlink()
    assert subprocess.run(here, env=variables, capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize("name", READ_BY)
def test_every_variable_of_a_service_is_a_setting_of_its_program(services: dict[str, Any], name: str):
    assert {setting.lower() for setting in environment(services[name])} <= set(READ_BY[name].model_fields)


@pytest.mark.parametrize("name", READ_BY)
def test_defaults_in_the_compose_file_match_the_settings(name: str):
    variables = written(COMPOSE)["services"][name]["environment"]
    defaults = {setting: re.findall(r"^\$\{\w+:-(.*)\}$", str(value)) for setting, value in variables.items()}
    fields = READ_BY[name].model_fields
    for setting, (default,) in {setting: found for setting, found in defaults.items() if found}.items():
        own = fields[setting.lower()].default
        assert default == (own.get_secret_value() if isinstance(own, SecretStr) else str(own))


def test_both_programs_listen_on_the_published_port(services: dict[str, Any]):
    for name in DOCKERFILES:
        model = READ_BY[name]
        assert services[name]["ports"][0]["target"] == model.model_fields[f"{name}_port"].default
        assert environment(services[name])[f"{name.upper()}_HOST"] == "0.0.0.0"


def test_the_page_uses_the_api_service(services: dict[str, Any]):
    assert environment(services["page"])["API_URL"] == f"http://api:{services['api']['ports'][0]['target']}"


@pytest.mark.parametrize("name", DOCKERFILES)
def test_the_audio_is_mounted_read_only(services: dict[str, Any], filled_in: Path, name: str):
    audio = volumes(services[name])[str(filled_in / "hearsay" / "samples")]
    assert (audio["target"], audio["read_only"]) == ("/audio", True)


def test_the_gpu_file_gives_the_api_a_gpu_and_changes_nothing_else(
    loader: Path, filled_in: Path, services: dict[str, Any]
):
    with_gpu = resolve(loader, filled_in, COMPOSE, GPU)["services"]
    (device,) = with_gpu["api"]["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
    assert environment(with_gpu["api"]) == environment(services["api"]) | {"DEVICE": "cuda"}
    assert published(with_gpu) == published(services)
    assert with_gpu | {"api": None} == services | {"api": None}


def test_elasticsearch_and_kibana_have_the_version_used_without_docker(services: dict[str, Any]):
    script = (PROJECT / "elastic-backend" / "distribution.sh").read_text(encoding="utf-8")
    version = re.search(r"^VERSION=(\S+)$", script, re.MULTILINE)
    assert version is not None
    images = {service["image"] for service in services.values() if "image" in service}
    assert images == {f"elasticsearch:{version[1]}", f"kibana:{version[1]}"}


def instructions(dockerfile: str) -> list[tuple[str, list[str]]]:
    """The instructions of a Dockerfile in order, each with its words; continuation lines are joined."""
    text = (PROJECT / dockerfile).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(words[0], words[1:]) for words in lines]


@pytest.mark.parametrize(
    ("dockerfile", "extras", "packages"),
    [
        ("asr/Dockerfile", {"asr", "models"}, {"hearsay", "asr"}),
        ("search_ui/Dockerfile", {"page", "s3"}, {"hearsay", "indexer", "search_ui"}),
    ],
)
def test_an_image_contains_only_its_packages_and_extras(dockerfile: str, extras: set[str], packages: set[str]):
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
def test_every_variable_of_an_image_is_a_known_setting(dockerfile: str):
    others = {"hearsay_home", "hf_home", "numba_cache_dir", "pythonunbuffered"}
    known = {*AsrSettings.model_fields, *IndexSettings.model_fields} | others
    variables = {
        word.partition("=")[0].lower() for name, words in instructions(dockerfile) if name == "ENV" for word in words
    }
    assert variables <= known


def test_the_page_and_the_indexer_write_to_a_shared_volume(services: dict[str, Any]):
    defaults = {name: field.get_default(call_default_factory=True) for name, field in PageSettings.model_fields.items()}
    own = {name for name, default in defaults.items() if str(default).startswith(f"{home()}/")}
    variables = [word for name, words in instructions(DOCKERFILES["page"]) if name == "ENV" for word in words]
    kept = {name.lower() for name, _, path in (word.partition("=") for word in variables) if path.startswith("/data/")}
    assert kept == own - {"index_url"}
    assert all(volumes(services[name])["data"]["target"] == "/data" for name in ("page", "inbox", "indexer"))


@pytest.mark.parametrize("dockerfile", DOCKERFILES.values())
def test_the_ignore_file_includes_everything_that_an_image_copies(dockerfile: str):
    let_through = {line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {word.rstrip("/") for name, words in instructions(dockerfile) if name == "COPY" for word in words[:-1]}
    assert copied <= let_through
    assert all((PROJECT / path).exists() for path in copied)
