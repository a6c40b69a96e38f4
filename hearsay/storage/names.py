"""The file under a source that an id of a table or an index refers to: one rule on strings for folders and buckets."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from typing import Final

RELEASE: Final = re.compile(r"(?:cv-corpus|cv-delta|sps-corpus|ss-corpus|mcv-[a-z]+)-[0-9][^/]*")
"""Names of the folders that Common Voice's archives unpack to, such as ``cv-corpus-27.0-2026-09-11``; in them is a
folder per locale, and the dataset is called RELEASE-LOCALE."""

_FORMS: Final = ("NFC", "NFD")
_MOST_FORMS: Final = 64
"""Maximum number of normal forms of one path that are looked up; if there are more, all parts have the same form."""


def located(clip_id: str, own_names: Iterable[str], is_there: Callable[[str], bool]) -> str | None:
    """The path under a source at which a clip's audio is; None if there is none, or more than one may be meant.

    An id is a path under the source. Its first folder may be left off only if that is one of the source's own names:
    another folder's name belongs to other clips, which are often numbered alike. A name in another Unicode normal form,
    as macOS and archives make them, is found if exactly one file has it.
    """
    for path in paths_of(clip_id, own_names):
        if is_there(path):
            return path
        found = [other for other in _respelled(path) if is_there(other)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def paths_of(clip_id: str, own_names: Iterable[str]) -> Iterator[str]:
    """The paths at which an id is looked up: unchanged, without a ``./`` before it, without the source's own name."""
    yield clip_id
    path = clip_id
    while path.startswith("./"):
        path = path[2:]
    if path != clip_id:
        yield path
    first, _, rest = path.partition("/")
    if not (rest and first):
        return
    for own in map(_composed, own_names):
        if _composed(first) == own:
            yield rest
        elif RELEASE.fullmatch(own) and _composed(first).startswith(f"{own}-"):
            yield f"{first[len(own) + 1 :]}/{rest}"


def key_prefix(key: str) -> str:
    """The prefix of the keys under ``s3://BUCKET/KEY``: the key with a ``/`` appended."""
    return key if not key or key.endswith("/") else f"{key}/"


def last_name(prefix: str) -> str:
    """The name of a prefix of keys: its last component; empty if it has none."""
    return prefix.rstrip("/").rpartition("/")[2]


def alike(path: str) -> str:
    """A form of the path that is the same for paths that differ only in case or Unicode normal form."""
    return _composed(_composed(path).casefold())


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _respelled(path: str) -> Iterator[str]:
    """The path in other normal forms, each of its parts by itself: a folder and its files may come from two systems."""
    if path.isascii():
        return
    parts = [dict.fromkeys(unicodedata.normalize(form, part) for form in _FORMS) for part in path.split("/")]
    if 2 ** sum(len(part) > 1 for part in parts) <= _MOST_FORMS:
        spelled: Iterable[str] = map("/".join, product(*parts))
    else:
        spelled = (unicodedata.normalize(form, path) for form in _FORMS)
    yield from (other for other in dict.fromkeys(spelled) if other != path)
