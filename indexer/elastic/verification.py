"""Verification of a load into Elasticsearch: a sample is read back and compared with what was sent."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from elasticsearch import Elasticsearch

from indexer.documents import DERIVED_FIELDS
from indexer.errors import LoadFailed

_MOST: Final = 50
"""Maximum size of the sample; a longer load has at least half as many."""

_NOT_GIVEN_BACK: Final = frozenset({*DERIVED_FIELDS, "vocabulary"})


class Sample:
    """Documents sampled evenly from a stream of bulk actions of unknown length."""

    def __init__(self) -> None:
        self._documents: dict[str, Any] = {}
        self._step = 1

    def of(self, actions: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The same actions, some of which are kept; of several with the same id, the latest."""
        for number, action in enumerate(actions):
            if number % self._step == 0 or action["_id"] in self._documents:
                self._documents[action["_id"]] = action["_source"]
            if len(self._documents) > _MOST:
                self._documents = dict(list(self._documents.items())[::2])
                self._step *= 2
            yield action

    def check(self, client: Elasticsearch, index: str) -> None:
        """Raise `LoadFailed` if the index does not return what was sent."""
        if not self._documents:
            return
        answers = client.mget(index=index, ids=list(self._documents))["docs"]
        if wrong := [difference for answer in answers if (difference := self._differences(answer))]:
            raise LoadFailed(
                f"of {len(answers)} passages read back after the load, {len(wrong)} differ from what was sent "
                f"({'; '.join(wrong[:3])}); load again; the previous index is still served"
            )

    def _differences(self, answer: dict[str, Any]) -> str:
        """The passage's id and the fields that differ from what was sent; empty if none does."""
        document = {
            name: value for name, value in self._documents[answer["_id"]].items() if name not in _NOT_GIVEN_BACK
        }
        sent, got = json.loads(json.dumps(document)), answer.get("_source", {})
        members = sorted(name for name in sent | got if name not in sent or name not in got or sent[name] != got[name])
        return f"{answer['_id']} in {', '.join(members)}" if members else ""
