"""Earlier addresses of pages redirect to the present ones."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from search_ui.redirects import redirect_routes


@pytest.fixture
def client() -> Iterator[TestClient]:
    """The redirects beside a catch-all, as Streamlit has one, at the root and below a prefix."""
    routes = [*redirect_routes(), Route("/{path:path}", lambda request: PlainTextResponse(str(request.url)))]
    with TestClient(Starlette(routes=[Mount("/prefix", routes=routes), *routes])) as client:
        yield client


@pytest.mark.parametrize("prefix", ["", "/prefix"])
@pytest.mark.parametrize(("old", "new"), [("understand", "insights"), ("try", "transcribe")])
def test_an_earlier_address_redirects_and_keeps_its_query_parameters(
    client: TestClient, prefix: str, old: str, new: str
) -> None:
    query = "accent=us&accent=england&q=a%26b%20c%C3%A9&duration=2-8"
    reply = client.get(f"{prefix}/{old}?{query}")

    assert reply.text == f"http://testserver{prefix}/{new}?{query}"
    assert [step.status_code for step in reply.history] == [308]
    assert client.get(f"{prefix}/{old}").text == f"http://testserver{prefix}/{new}"


def test_other_addresses_do_not_redirect(client: TestClient) -> None:
    for path in ("/insights?accent=us", "/transcribe", "/tryout", "/media/try"):
        assert client.get(path).history == []
