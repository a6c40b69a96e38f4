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
        if wrong := [answer["_id"] for answer in answers if not self._is_as_sent(answer)]:
            raise LoadFailed(
                f"of {len(answers)} passages looked at after the load, {len(wrong)} are not as they were sent "
                f"({', '.join(wrong[:3])}); load again; the index before still stands"
            )

    def _is_as_sent(self, answer: dict[str, Any]) -> bool:
        sent = {name: value for name, value in self._documents[answer["_id"]].items() if name not in _NOT_GIVEN_BACK}
        return bool(answer.get("_source") == json.loads(json.dumps(sent)))
