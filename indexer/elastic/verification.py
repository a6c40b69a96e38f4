"""A sample of what is loaded into Elasticsearch, got back and compared with what was sent."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from elasticsearch import Elasticsearch

from indexer.documents import TOKEN_FIELDS
from indexer.errors import LoadFailed

_MOST: Final = 50
"""Documents in a sample; from half as many on, a longer load has no more."""

_NOT_GIVEN_BACK: Final = frozenset({*TOKEN_FIELDS, "vocabulary"})


class Sample:
    """Documents spread evenly over a stream of bulk actions whose length nobody knows before its end."""

    def __init__(self) -> None:
        self._documents: dict[str, Any] = {}
        self._step = 1

    def of(self, actions: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The same actions, of which some are kept as they pass; the latest of those with the same id."""
        for number, action in enumerate(actions):
            if number % self._step == 0 or action["_id"] in self._documents:
                self._documents[action["_id"]] = action["_source"]
            if len(self._documents) > _MOST:
                self._documents = dict(list(self._documents.items())[::2])
                self._step *= 2
            yield action

    def check(self, client: Elasticsearch, index: str) -> None:
        """Raise `LoadFailed` where the index does not give back what was sent."""
        if not self._documents:
            return
        answers = client.mget(index=index, ids=list(self._documents))["docs"]
        if wrong := [told for answer in answers if (told := self._differences(answer))]:
            raise LoadFailed(
                f"of {len(answers)} passages looked at after the load, {len(wrong)} are not as they were sent "
                f"({'; '.join(wrong[:3])}); load again; the index before still stands"
            )

    def _differences(self, answer: dict[str, Any]) -> str:
        """The passage's id and the members that are not as they were sent; empty where all are."""
        document = {
            name: value for name, value in self._documents[answer["_id"]].items() if name not in _NOT_GIVEN_BACK
        }
        sent, got = json.loads(json.dumps(document)), answer.get("_source", {})
        members = sorted(name for name in sent | got if name not in sent or name not in got or sent[name] != got[name])
        return f"{answer['_id']} in {', '.join(members)}" if members else ""
