"""Exports a search as a request to Elasticsearch, as JSON and as a command line.

Importing the client of Elasticsearch takes a second, so it is imported when such an export is made.
"""

import json
from shlex import quote
from typing import Final
from urllib.parse import quote as quoted_path
from urllib.parse import urlencode

from indexer.index import Request
from indexer.settings import IndexSettings, is_elastic

EXAMPLE: Final = "http://localhost:9200"
"""The address in the export if the index is embedded."""


def as_json(request: Request) -> str:
    """The body of the request: query, filters, counts, order and page.

    A page beyond the limit of a single request is replaced by the first page.
    """
    from indexer.elastic.query import search_body
    from indexer.elastic.search import WINDOW

    start = (request.page - 1) * request.size
    first = start if start + request.size <= WINDOW else 0
    body = {"from": first, "size": request.size} | search_body(request)
    return json.dumps(body, ensure_ascii=False, indent=2)


def as_curl(request: Request, settings: IndexSettings) -> str:
    """The request as a shell command that reads the key from ``INDEX_API_KEY``; it contains no secret."""
    from indexer.elastic.client import shown
    from indexer.elastic.search import HOW

    node = shown(settings.index_url).partition(",")[0].rstrip("/") if is_elastic(settings.index_url) else EXAMPLE
    how = urlencode({name: json.dumps(value) if value is False else value for name, value in HOW.items()})
    address = f"{node}/{quoted_path(settings.index_name, safe='')}/_search?{how}"
    trust = ' --cacert "$INDEX_CA_CERT"' if settings.index_ca_cert and node.startswith("https") else ""
    return (
        f"curl --silent --show-error{trust} {quote(address)} \\\n"
        '  -H "Authorization: ApiKey $INDEX_API_KEY" -H "Content-Type: application/json" \\\n'
        f"  --data-binary @- <<'QUERY'\n{as_json(request)}\nQUERY\n"
    )
