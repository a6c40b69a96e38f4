"""Descriptions of an embedded index's versions, changed as another version of the program would have written them."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from indexer.embedded.checksums import signed
from indexer.embedded.version_files import ABOUT


def redescribe(folder: Path, change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
    """Change the description of the version in ``folder``, with the checksum that belongs to it."""
    file = folder / ABOUT
    about = json.loads(file.read_text(encoding="utf-8"))
    about.pop("digest", None)
    file.write_text(json.dumps(signed(change(about))), encoding="utf-8")
