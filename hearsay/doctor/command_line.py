"""``hearsay doctor``: runs every check, prints a line for each finding, and returns status 1 if something is broken."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Final

from rich.text import Text

from hearsay.doctor.configuration import look_at_configuration
from hearsay.doctor.examination import examined
from hearsay.doctor.files import look_at_caches, look_at_disk, look_at_folders
from hearsay.doctor.findings import Check
from hearsay.doctor.installation import look_at_extras, look_at_python
from hearsay.doctor.models import look_at_models
from hearsay.doctor.services import look_at_api, look_at_index, look_at_ports
from hearsay.terminal.commands import Program
from hearsay.terminal.console import console_of
from hearsay.terminal.process import ALL_WELL, SOME_FAILED, exit_status_of
from hearsay.text.format import counted

CHECKS: Final[Mapping[str, Check]] = {
    "python": look_at_python,
    "extras": look_at_extras,
    "configuration": look_at_configuration,
    "folders": look_at_folders,
    "disk": look_at_disk,
    "models": look_at_models,
    "caches": look_at_caches,
    "ports": look_at_ports,
    "index": look_at_index,
    "api": look_at_api,
}

_STYLES: Final = {"ok": "green", "warning": "yellow", "problem": "bold red"}


def main(arguments: Sequence[str] | None, program: Program) -> int:
    return exit_status_of(lambda: _run(parser(program).parse_args(arguments)), f"{program.name()}: {{}}".format)


def parser(program: Program) -> argparse.ArgumentParser:
    """The options of ``hearsay doctor``."""
    words = argparse.ArgumentParser(
        prog=program.call(),
        description="Check this installation, and report for each part what is wrong and how to fix it. Nothing is "
        "changed. The exit status is 1 if something is broken; warnings do not count.",
        epilog=f"example: {program.call()} --json",
    )
    words.add_argument("--json", action="store_true", help="print one JSON object")
    return words


def _run(parsed: argparse.Namespace) -> int:
    findings = []
    console = console_of(sys.stdout)
    for part, finding in examined(CHECKS):
        findings.append((part, finding))
        if not parsed.json:
            advice = f" — {finding.advice}" if finding.advice else ""
            mark = (f"{finding.status:8}", _STYLES[finding.status])
            console.print(Text.assemble(mark, f"{part:14}{finding.what}{advice}"), soft_wrap=True)
    counts = Counter(finding.status for _, finding in findings)
    if parsed.json:
        listed = [{"part": part, **asdict(finding)} for part, finding in findings]
        print(json.dumps({"problems": counts["problem"], "warnings": counts["warning"], "findings": listed}))
    else:
        console.print(f"{counted(counts['problem'], 'problem')}, {counted(counts['warning'], 'warning')}")
    return SOME_FAILED if counts["problem"] else ALL_WELL
