"""The OpenAPI document: valid, complete, and consistent with the server's actual replies."""

from collections.abc import Iterator
from typing import Any, get_args

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from asr.api.app import create_app
from asr.api.openai_options import ResponseFormat
from asr.settings import AsrSettings
from tests.support.models import tone
from tests.support.serving import TIMEOUT, server_of, small_models

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)


DOCUMENT = create_app(AsrSettings()).openapi()

API = schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch, server_of(small_models(), patch) as address:
        yield address


def test_the_document_is_valid():
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_every_operation_has_a_summary_and_every_response_a_description():
    operations = [operation for path in DOCUMENT["paths"].values() for operation in path.values()]
    assert len(operations) == 13
    assert all(operation["summary"] for operation in operations)
    assert all(answer["description"] for operation in operations for answer in operation["responses"].values())


def test_every_property_of_a_response_has_an_example_or_refers_to_a_schema():
    schemas = DOCUMENT["components"]["schemas"]
    for name, schema in schemas.items():
        for member, member_schema in schema.get("properties", {}).items():
            if not name.startswith("Body_"):
                assert has_example(member_schema), f"{name}.{member}"


def has_example(member_schema: dict[str, Any]) -> bool:
    """Whether a property shows its content: an example, a constant, a choice, a default, or another schema."""
    inside = [*member_schema.get("anyOf", ()), *([member_schema["items"]] if "items" in member_schema else [])]
    shown = {"examples", "const", "enum", "default", "$ref"} & member_schema.keys()
    return bool(shown) or member_schema.get("type") in ("boolean", "null") or any(has_example(part) for part in inside)


def test_every_error_response_has_its_content_type_example_status_and_headers():
    for path, operation, status, answer in answers():
        if status.isdecimal() and status >= "400":
            ((kind, content),) = answer["content"].items()
            is_openai = path.startswith("/v1")
            assert kind == ("application/json" if is_openai else "application/problem+json")
            assert is_openai or content["example"]["status"] == int(status)
            assert ("Retry-After" in answer["headers"]) == (status in ("429", "503"))
            assert "X-Request-ID" in answer["headers"], operation["summary"]


def test_every_text_response_has_an_example():
    for path, _, status, answer in answers():
        for kind, content in answer.get("content", {}).items():
            if content["schema"].get("type") == "string":
                assert content.keys() & {"example", "examples"}, (path, status, kind)


def answers() -> Iterator[tuple[str, dict[str, Any], str, dict[str, Any]]]:
    """Every response in the document: its path, operation and status, and the response object itself."""
    for path, operations in DOCUMENT["paths"].items():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                yield path, operation, status, answer


@API.parametrize()
@settings(
    max_examples=15,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_the_server_conforms_to_the_document(case: schemathesis.Case, address: str):
    case.call_and_validate(base_url=address, checks=CHECKS, timeout=TIMEOUT)


@pytest.mark.long
@API.parametrize()
@settings(max_examples=400, suppress_health_check=list(HealthCheck))
def test_the_server_conforms_to_the_document_for_many_generated_requests(case: schemathesis.Case, address: str):
    case.call_and_validate(base_url=address, checks=CHECKS, timeout=TIMEOUT)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/asr", {}),
        ("/ser", {}),
        *(("/predict/", {"granularity": part}) for part in ("granular", "sentiment", "both")),
        *(
            ("/v1/audio/transcriptions", {"model": "length", "response_format": form})
            for form in get_args(ResponseFormat)
        ),
    ],
)
def test_replies_to_a_clip_conform_to_the_document(address: str, path: str, fields: dict[str, str]):
    reply = httpx.post(f"{address}{path}", files={"file": tone(800)}, data=fields, timeout=TIMEOUT)
    assert reply.status_code == 200
    reply.request.read()
    API[path]["POST"].validate_response(reply)


def test_replies_to_several_files_conform_to_the_document(address: str):
    files = [("files", data) for data in (tone(800), b"no sound", tone(1600))]
    reply = httpx.post(f"{address}/asr", files=files, timeout=TIMEOUT)
    assert len(reply.json()["replies"]) == 3
    reply.request.read()
    API["/asr"]["POST"].validate_response(reply)
