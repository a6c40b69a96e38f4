"""The wheel contains exactly its files, each extra works alone, and programs write nothing into the installation.

It is built from the tracked files, and installed into empty environments outside the checkout.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

from hearsay.version import VERSION
from tests.conftest import PROJECT
from tests.support.pages import wait_for_health
from tests.support.ports import free_port

pytestmark = pytest.mark.long

PACKAGES = ("hearsay", "asr", "indexer", "search_ui")
IMAGE_FILES = {"asr/Dockerfile", "asr/compose.gpu.yml", "search_ui/Dockerfile"}
HEAVY = {"av", "elasticsearch", "httpx", "numpy", "pandas", "pydantic", "rich", "streamlit", "tantivy", "torch", "yaml"}
AS_IN_A_NOTEBOOK = """\
import sys
from pathlib import Path
import hearsay

samples, address = Path(sys.argv[1]), sys.argv[2]
clips = [samples / f"sample-00000{number}.mp3" for number in range(3)]

transcriber = hearsay.load_transcriber("auto")
transcript = transcriber.transcribe(clips[0])
assert "blacksmith" in transcript.text and transcript.words[0].start >= 0
assert transcript.to_srt() and transcript.to_dict() and transcript._repr_html_()
many = list(transcriber.transcribe_many([clips[0], __file__, clips[1].read_bytes()], progress=True))
assert [each.error is None for each in many] == [True, False, True]
assert many[0].text == transcript.text

emotion = hearsay.load_emotion_model().tag(clips[0])
assert emotion.label and emotion.probabilities and emotion.sentiment

summary = hearsay.decode(samples, out="var/cv", table=samples / "clips.csv", limit=3)
hearsay.load(["var/cv/clips.csv"], index="var/index")
with hearsay.open_index("var/index") as index:
    result = index.search("blacksmith hammer", mode="forgiving", size=20)
    assert result.total >= 1 and result.possible_total >= 0 and result.facets["accent"] and result._repr_html_()
    assert len(result.to_pandas()) == len(result.hits)

assert hearsay.word_error_rate([transcript.text], [transcript.text]).rate == 0
assert hearsay.Client(address, api_key=None).transcribe(clips[0]).text == transcript.text
"""
DIGESTS = "user/.cache/hearsay/weights.json"
"""Digests of weights, which are stored in the user's folder if ``HEARSAY_HOME`` is not set."""

SCRIPT_OF_THE_PAGE = """\
import sys
from streamlit.testing.v1 import AppTest
shown = AppTest.from_file(sys.argv[1], default_timeout=200).run()
print(len(shown.exception), "exceptions,", len(shown.text_input), "text inputs")
"""
UV = (sys.executable, "-m", "uv", "--quiet")


def tracked(*names: str) -> list[str]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *names]
    listed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in tracked(*PACKAGES, "pyproject.toml", "README.md", "LICENSE"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, source / name)
    subprocess.run([*UV, "build", "--wheel", "--out-dir", target, source], check=True)
    (built,) = target.glob("*.whl")
    return built


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment with the wheel and one of its extras, used from a separate folder."""

    folder: Path
    stand: Path
    before: Mapping[str, str] = field(default_factory=dict)
    """The result of `contents` when the test began."""

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def installed(self) -> Path:
        (found,) = self.folder.glob("lib/python*/site-packages")
        return found

    def variables(self, **settings: str) -> dict[str, str]:
        """All environment variables of a program, without those of the user who runs the tests."""
        own = {"PATH": os.environ["PATH"], "HOME": str(self.stand / "user"), "PYTHONDONTWRITEBYTECODE": "1"}
        models = {"ASR_MODEL": "pocketsphinx", "SER_MODEL": "classic", "MODEL_SOURCES": "cache"}
        return own | models | {"WORKERS": "1"} | settings

    def run(self, *words: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.python, *words], cwd=self.stand, env=self.variables(**settings), capture_output=True, text=True,
            check=False, timeout=280,
        )  # fmt: skip

    def output(self, *words: str | Path, **settings: str) -> str:
        """The output of a command, which must succeed."""
        ended = self.run(*words, **settings)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def contents(self) -> dict[str, str]:
        """A digest of every installed file."""
        files = (path for path in sorted(self.installed.rglob("*")) if path.is_file())
        return {str(path): hashlib.blake2b(path.read_bytes()).hexdigest() for path in files}

    def written(self) -> set[str]:
        """The installed files that were changed since the test began, and the files in the user's home folder."""
        home = {str(path.relative_to(self.stand)) for path in (self.stand / "user").rglob("*") if path.is_file()}
        return home | {path for path, _ in self.before.items() ^ self.contents().items()}


MakeEnvironment = Callable[[str], Environment]


@pytest.fixture(scope="module")
def make_environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> MakeEnvironment:
    """Create environments with an extra and read-only folders; root can write there, so contents are compared too."""

    def make(extra: str) -> Environment:
        folder, stand = tmp_path_factory.mktemp("environment"), tmp_path_factory.mktemp("stand")
        (stand / "user").mkdir()
        made = Environment(folder, stand)
        subprocess.run([*UV, "venv", "--allow-existing", "--python", sys.executable, folder], check=True)
        wanted = f"hearsay-search{extra and f'[{extra}]'} @ {wheel.as_uri()}"
        command = [*UV, "pip", "install", "--python", made.python, "--constraint", PROJECT / "constraints.txt"]
        subprocess.run([*command, wanted], check=True)
        for path in (made.installed, *made.installed.rglob("*/")):
            path.chmod(0o555)
        return made

    return make


@pytest.fixture(scope="module")
def everyday(make_environment: MakeEnvironment) -> Environment:
    """The installation of a user without a GPU."""
    return make_environment("asr,page")


@pytest.fixture
def untouched(everyday: Environment, tmp_path: Path) -> Environment:
    """The same in a new folder."""
    (tmp_path / "user").mkdir()
    return Environment(everyday.folder, tmp_path, everyday.contents())


def test_the_wheel_contains_exactly_the_files_of_the_packages(wheel: Path):
    with ZipFile(wheel) as held:
        names = {name for name in held.namelist() if ".dist-info/" not in name}
        (licence,) = (name for name in held.namelist() if name.endswith(".dist-info/licenses/LICENSE"))
        assert held.read(licence) == (PROJECT / "LICENSE").read_bytes()
    assert names == set(tracked(*PACKAGES)) - IMAGE_FILES


def test_the_name_of_the_wheel_contains_the_version(wheel: Path):
    assert wheel.name == f"hearsay_search-{VERSION}-py3-none-any.whl"


def test_importing_hearsay_loads_no_library(everyday: Environment):
    shown = everyday.run("-X", "importtime", "-c", "import hearsay").stderr
    loaded = {name.partition(".")[0] for name in re.findall(r"\| +(\S+)$", shown, re.MULTILINE)}
    assert "hearsay" in loaded
    assert loaded & HEAVY == set()
    assert loaded & {"asr", "indexer", "search_ui"} == set()


def test_transcribing_loading_and_searching_write_below_the_working_folder(untouched: Environment):
    samples = untouched.installed / "hearsay" / "samples"
    command = ["decode", samples, "--csv", samples / "clips.csv", "--limit", "3", "--out", "out"]
    untouched.output("-m", "asr", *command)
    untouched.output("-m", "indexer", "load", "out/clips.csv", "--audio", samples)
    assert '"total": 2' in untouched.output("-m", "indexer", "search", "blacksmith", "--json")
    untouched.output("-m", "indexer", "delete", "samples/sample-000000.mp3")
    assert {path.name for path in untouched.stand.iterdir()} == {"logs", "out", "user", "var"}
    assert untouched.written() <= {DIGESTS}


def test_the_demo_runs_below_hearsay_home(untouched: Environment):
    hearsay, home = untouched.folder / "bin" / "hearsay", untouched.stand / "home"
    variables = untouched.variables(HEARSAY_HOME=str(home), WORKERS="0")
    ended = subprocess.run(
        [hearsay, "demo", "--no-page"], cwd=untouched.stand, env=variables, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "blacksmith" in ended.stdout
    assert {path.name for path in untouched.stand.iterdir()} == {"home", "user"}
    assert untouched.written() == set()
    assert (home / "var" / "demo" / "index").is_dir()


def test_the_doctor_succeeds_and_reports_the_missing_extra(untouched: Environment):
    hearsay = untouched.folder / "bin" / "hearsay"
    command = [hearsay, "doctor"]
    ended = subprocess.run(
        command, cwd=untouched.stand, env=untouched.variables(), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"Hearsay {VERSION}" in ended.stdout
    assert 'pip install "hearsay-search[models]"' in ended.stdout
    assert untouched.written() <= {DIGESTS}


def test_the_page_writes_nothing_into_the_installation(untouched: Environment):
    assert '<div id="root">' in served_page(untouched)
    assert untouched.written() <= {DIGESTS}


def test_the_python_api_works_as_in_a_notebook(untouched: Environment):
    (untouched.stand / "notebook.py").write_text(AS_IN_A_NOTEBOOK, encoding="utf-8")
    port, log = free_port(), untouched.stand / "api.log"
    with log.open("wb") as output:
        variables = untouched.variables(API_PORT=str(port))
        command = [untouched.folder / "bin" / "hearsay", "api"]
        api = subprocess.Popen(command, cwd=untouched.stand, env=variables, stdout=output, stderr=output)
    try:
        ended = untouched.run("notebook.py", untouched.installed / "hearsay" / "samples", f"http://127.0.0.1:{port}")
    finally:
        api.terminate()
        api.wait(200)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    made = {path.name for path in untouched.stand.iterdir()}
    assert made == {"api.log", "logs", "notebook.py", "user", "var"}
    assert untouched.written() <= {DIGESTS}


def test_client_code_passes_strict_type_checking(everyday: Environment, tmp_path: Path):
    shutil.copy(PROJECT / "tests" / "hearsay" / "consumer.py", tmp_path)
    (tmp_path / "wrong.py").write_text("import hearsay\nhearsay.load_transcriber(7)\n", encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--python-executable", everyday.python]
    found = subprocess.run(
        [*command, "consumer.py", "wrong.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    errors = [line for line in found.stdout.splitlines() if ": error: " in line]
    assert [line.partition(":")[0] for line in errors] == ["wrong.py"], found.stdout + found.stderr


def served_page(environment: Environment) -> str:
    """The HTML of the page from a server that runs until it responds."""
    port, log = free_port(), environment.stand / "page.log"
    with log.open("wb") as output:
        page = subprocess.Popen(
            [environment.python, "-m", "search_ui"], cwd=environment.stand,
            env=environment.variables(PAGE_PORT=str(port)), stdout=output, stderr=output,
        )  # fmt: skip
    try:
        wait_for_health(f"http://127.0.0.1:{port}", page, log)
        return httpx.get(f"http://127.0.0.1:{port}").text
    finally:
        page.terminate()
        page.wait(200)


@pytest.mark.parametrize("program", ["asr", "indexer", "search_ui"])
def test_every_program_shows_help(everyday: Environment, program: str):
    assert f"python -m {program}" in everyday.output("-m", program, "--help")


def score_of_a_clip(environment: Environment) -> str:
    samples = environment.installed / "hearsay" / "samples"
    environment.output("-m", "asr", "decode", samples, "--csv", samples / "clips.csv", "--limit", "1", "--out", "out")
    return environment.output("-m", "asr", "score", "out/clips.csv")


def results_of_a_search(environment: Environment) -> str:
    (environment.stand / "clips.csv").write_text("filename,generated_text\n1.mp3,the blacksmith\n2.mp3,black smith\n")
    environment.output("-m", "indexer", "load", "clips.csv")
    return environment.output("-m", "indexer", "search", "blacksmith", "--json")


def elements_of_the_page(environment: Environment) -> str:
    return environment.output("-c", SCRIPT_OF_THE_PAGE, environment.installed / "search_ui" / "app.py")


def imports(*modules: str) -> Callable[[Environment], str]:
    def output(environment: Environment) -> str:
        return environment.output("-c", f"import {', '.join(modules)}; print('imported')")

    return output


EXTRAS: dict[str, tuple[Callable[[Environment], str], str]] = {
    "asr": (score_of_a_clip, "word error rate"),
    "google": (imports("asr.pipeline.credentials", "asr.api.authentication", "google.auth"), "imported"),
    "indexer": (results_of_a_search, '"total": 1'),
    "models": (
        imports("asr.emotion.classifier", "asr.speech.ctc", "asr.speech.seq2seq", "torch", "transformers"),
        "imported",
    ),
    "page": (elements_of_the_page, "0 exceptions, 1 text inputs"),
    "parquet": (imports("hearsay.corpora.tables", "pyarrow.parquet"), "imported"),
    "s3": (imports("hearsay.storage.s3", "boto3"), "imported"),
}
"""For each extra, a command that uses it, and a part of its output."""


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_works_alone(make_environment: MakeEnvironment, extra: str):
    used, expected = EXTRAS[extra]
    environment = make_environment(extra)
    assert expected in used(environment)
    if extra == "page":
        assert '<div id="root">' in served_page(environment)


def test_without_extras_a_program_reports_what_to_install(make_environment: MakeEnvironment):
    bare = make_environment("")
    bare.output("-c", "import hearsay, hearsay.records.journal, hearsay.config")
    for program, extra in (("asr score", "asr"), ("indexer count", "indexer"), ("search_ui", "page")):
        ended = bare.run("-m", *program.split(), PAGE_PORT=str(free_port()))
        assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
        assert f'pip install "hearsay-search[{extra}]"' in ended.stderr
