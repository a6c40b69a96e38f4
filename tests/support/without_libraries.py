"""A Python with our code and the libraries of a plain ``pip install hearsay-search``, as if no extra were installed."""

import sys
from typing import Final

LIBRARIES: Final = frozenset(
    {"annotated_types", "argcomplete", "dotenv", "markdown_it", "mdurl", "numpy", "pydantic", "pydantic_core"}
    | {"pydantic_settings", "pygments", "rich", "typing_extensions", "typing_inspection", "yaml", "_yaml"}
    | {"more_itertools", "regex", "whisper_normalizer"}
)

_PROGRAM: Final = """
import sys
from importlib import metadata

class Only:
    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        top = name.partition('.')[0]
        if top in {allowed} | sys.stdlib_module_names or top.startswith('_sysconfigdata'):
            return self.finder.find_spec(name, path, target)

sys.meta_path[:] = map(Only, sys.meta_path)
find = metadata.version

def version(name):
    if name.lower().replace('-', '_') not in {allowed} | {{'hearsay_search', 'pyyaml'}}:
        raise metadata.PackageNotFoundError(name)
    return find(name)

metadata.version = version
from hearsay.cli import main
sys.exit(main({words!r}))
"""


def hearsay_without_extras(*words: str) -> list[str]:
    """The command that runs ``hearsay`` with these arguments there."""
    allowed = sorted(LIBRARIES | {"asr", "hearsay", "indexer", "search_ui"})
    return [sys.executable, "-c", _PROGRAM.format(allowed=set(allowed), words=list(words))]
