"""``hearsay models``: list, download or delete the weights of speech models."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from asr.errors import ModelUnavailable
from asr.models.cache import models_folder
from asr.models.published import PUBLISHED, published
from asr.models.weights import Weights, fetch_weights, is_damaged, remove_weights, resolve_weights, weights_here
from asr.settings import AsrSettings
from hearsay.config import read_settings
from hearsay.errors import BadArgument
from hearsay.terminal.console import console_of, plain
from hearsay.terminal.process import ALL_WELL, SOME_FAILED
from hearsay.text.format import file_size

_ACTIONS: Final = ("list", "fetch", "remove")
_LANGUAGES_SHOWN: Final = 3
_DIGEST_SHOWN: Final = 12

_ABSENT: Final = "not here"
"""The value of ``state`` in the JSON output for a model that is not on this machine."""


def add_models(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command ``models`` and its options."""
    command = commands.add_parser(
        "models",
        help="weights of speech models: list, fetch, remove",
        description="List the available and the downloaded weights of Whisper models (list), download weights "
        "(fetch), or delete them from the cache (remove).",
        epilog=f"example: python -m asr models fetch {next(iter(PUBLISHED))}",
    )
    command.add_argument(
        "action",
        metavar="list|fetch|remove",
        nargs="?",
        choices=_ACTIONS,
        default="list",
        help="action (default: list)",
    )
    names: Any = command.add_argument(
        "names", metavar="NAME", nargs="*", help=f"{', '.join(PUBLISHED)}, or a CTranslate2 model on the hub"
    )
    names.completer = lambda **_: list(PUBLISHED)
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(run=run_models)


def run_models(options: argparse.Namespace) -> int:
    """Run ``models``; returns its exit status."""
    settings = read_settings(AsrSettings)
    names = list(dict.fromkeys(options.names))
    if (options.action == "list") == bool(names):
        available = f"name at least one model to fetch or remove; available: {', '.join(PUBLISHED)}"
        raise BadArgument("list takes no names" if names else available)
    if options.action == "list":
        rows = [*_rows(settings)]
        _show(rows, as_json=options.json)
        return ALL_WELL
    rows, failed = [], 0
    for name in names:  # one that fails is reported, and the others are done
        try:
            rows.append(_fetched(name, settings) if options.action == "fetch" else _removed(name))
        except ModelUnavailable as problem:
            failed += 1
            print(problem, file=sys.stderr, flush=True)
    if options.json or (rows and options.action == "fetch"):
        _show(rows, as_json=options.json)
    return SOME_FAILED if failed else ALL_WELL


def _fetched(name: str, settings: AsrSettings) -> dict[str, Any]:
    model = published(name)
    return _row(fetch_weights(model, settings) if model else resolve_weights(name, settings))


def _removed(name: str) -> dict[str, Any]:
    model = published(name)
    if model is None or not remove_weights(model):
        raise ModelUnavailable(f"There is no {name} in {models_folder()}, so nothing was removed.")
    print(f"removed {model.name} from {models_folder()}", file=sys.stderr, flush=True)
    return _row_of_published(model.name)


def _rows(settings: AsrSettings) -> Iterator[dict[str, Any]]:
    """The published models, and the one that ASR_MODEL names if that is another CTranslate2 model here."""
    for name in PUBLISHED:
        found = weights_here(name, settings)
        yield _row(found) if found else _row_of_published(name)
    is_other = "/" in settings.asr_model and not published(settings.asr_model)
    if is_other and (other := weights_here(settings.asr_model, settings)):
        yield _row(other)


def _row(weights: Weights) -> dict[str, Any]:
    return {
        "name": weights.name,
        "state": "here",
        "size": weights.size,
        "licence": weights.licence or None,
        "languages": list(weights.languages),
        "source": weights.source,
        "is_pinned": weights.is_pinned,
        "digest": weights.digest,
        "folder": str(weights.folder),
    }


def _row_of_published(name: str) -> dict[str, Any]:
    model = PUBLISHED[name]
    return {
        "name": model.name,
        "state": "damaged" if is_damaged(model) else _ABSENT,
        "size": model.size,
        "licence": model.licence,
        "languages": list(model.languages),
        "source": None,
        "is_pinned": True,
        "digest": model.digest,
        "folder": None,
    }


def _show(rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"models": rows}, ensure_ascii=False))
        return
    console: Console = console_of(sys.stdout)
    table = Table(box=None, header_style="dim")
    for name in ("model", "size", "licence", "languages", "source", "digest", "folder"):
        table.add_column(name, overflow="fold")
    for row in rows:
        codes = row["languages"]
        table.add_row(
            plain(row["name"]),
            file_size(row["size"]),
            row["licence"] or "not stated",
            ", ".join(codes) if len(codes) <= _LANGUAGES_SHOWN else f"{len(codes)} languages",
            _source(row),
            row["digest"][:_DIGEST_SHOWN],
            plain(row["folder"] or ""),
        )
    console.print(table)


def _source(row: dict[str, Any]) -> str:
    if row["state"] != "here":
        return "not downloaded" if row["state"] == _ABSENT else str(row["state"])
    return row["source"] if row["is_pinned"] else f"{row['source']}, not pinned"
