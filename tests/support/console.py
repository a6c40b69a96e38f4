"""The requests in the project's documents, in the format of Kibana's console: extracted, and sent to a node."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from elasticsearch import Elasticsearch

ALIAS: Final = "cv-transcriptions"
"""The name of the index in the documents."""

_METHODS: Final = "GET|POST|PUT|DELETE"


def titled(document: str) -> dict[str, str]:
    """The document's requests by the heading above them."""
    found = re.findall(r"^### ([^\n]+)\n(?:(?!^##).)*?```console\n(.*?)```", document, re.MULTILINE | re.DOTALL)
    return dict(found)


def send(client: Elasticsearch, requests: str, names: Mapping[str, str]) -> list[Any]:
    """The responses to requests in which ``names`` are replaced; raises an error for a rejected request.

    ``PIT`` is the id in the first response, ``LAST`` the sort values of the last hit so far.
    """
    for name, own in names.items():
        requests = requests.replace(name, own)
    answers: list[Any] = []
    parts = re.findall(rf"^({_METHODS}) (\S+)\n(.*?)(?=^(?:{_METHODS}) |\Z)", requests, re.MULTILINE | re.DOTALL)
    for method, path, written in parts:
        body = json.loads(_filled_in(written, answers)) if written.strip() else None
        headers = {"accept": "application/json"} | ({"content-type": "application/json"} if body else {})
        answers.append(client.perform_request(method, path, headers=headers, body=body).body)
    return answers


def _filled_in(body: str, answers: list[Any]) -> str:
    hits = [hit for answer in answers if "hits" in answer for hit in answer["hits"]["hits"]]
    body = body.replace('"LAST"', json.dumps(hits[-1]["sort"])) if '"LAST"' in body else body
    return body.replace('"PIT"', json.dumps(answers[0]["id"])) if '"PIT"' in body else body
