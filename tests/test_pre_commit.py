"""Pre-commit runs the linters of the gate, all of them, and the test of the wording."""

import re
from pathlib import PurePath

import yaml

from tests.conftest import PROJECT


def test_the_hooks_are_the_linters_of_the_gate_and_the_test_of_the_wording():
    config = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    gate = re.search(
        r"^run_check\(\) \{\n(.*?)^\}", (PROJECT / "run.sh").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert gate is not None
    commands = re.findall(r'^  (?:python -m |"\$VENV/bin/)(.+)$', gate[1], re.MULTILINE)
    expected = [command.replace('"', "").removesuffix(" .").split(" run.sh")[0] for command in commands]
    entries = [PurePath(hook["entry"]) for repo in config["repos"] for hook in repo["hooks"]]
    assert [entry.name for entry in entries] == [*expected, "test_wording.py"]
