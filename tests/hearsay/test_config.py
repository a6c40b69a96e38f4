"""The message about an invalid setting shows its value unless it is a secret."""

import pytest

from hearsay.config import fault_in_words, faults_in_words, read_settings
from indexer.settings import IndexSettings


@pytest.mark.parametrize(
    ("given", "shown"),
    [("high", "'high'"), ("\x1b[2J", r"'\x1b[2J'"), (70000, "70000"), (0.5, "0.5"), (True, "True"), ("", "''")],
)
def test_the_invalid_value_is_shown(given: object, shown: str):
    assert fault_in_words("page_port", "Input should be a port", given) == (
        f"page_port: Input should be a port (given: {shown})"
    )


@pytest.mark.parametrize("name", ["api_key", "api_keys", "api_token", "index_password", "client_secret"])
def test_a_secret_is_not_shown(name: str):
    assert fault_in_words(name, "Input should be a string", "sesame") == f"{name}: Input should be a string"


@pytest.mark.parametrize("given", [["https://user:sesame@node:9200"], {"url": "sesame"}, None])
def test_a_compound_or_missing_value_is_not_shown(given: object):
    assert fault_in_words("index_url", "Input should be a string", given) == "index_url: Input should be a string"


def test_an_argument_of_none_leaves_the_setting_to_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("INDEX_URL", "http://node:9200")
    assert read_settings(IndexSettings, index_url=None).index_url == "http://node:9200"
    assert read_settings(IndexSettings, index_url="folder").index_url == "folder"


def test_several_errors_are_joined_into_one_message():
    port = {"type": "int_parsing", "loc": ("page_port",), "msg": "Input should be a port", "input": "high"}
    key = {"type": "string_type", "loc": ("api_keys", 1), "msg": "Input should be a string", "input": 5}
    assert faults_in_words([port, key]) == (
        "page_port: Input should be a port (given: 'high'); api_keys.1: Input should be a string"
    )
