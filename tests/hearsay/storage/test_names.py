"""Which file an id refers to, tested on strings only."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearsay.storage.names import alike, key_prefix, last_name, located, paths_of

NFC, NFD = (unicodedata.normalize(form, "Grüße/é.mp3") for form in ("NFC", "NFD"))
MIXED = NFC.partition("/")[0] + "/" + NFD.partition("/")[2]


@pytest.mark.parametrize(
    ("clip_id", "found"),
    [
        ("a.mp3", "a.mp3"),
        ("dev/a.mp3", "a.mp3"),
        ("test/a.mp3", None),
        ("DEV/a.mp3", None),
        ("dev//a.mp3", None),
        ("/a.mp3", None),
        ("deep/../a.mp3", None),
        ("dev/deep/a.mp3", "deep/a.mp3"),
        ("deep/a.mp3", "deep/a.mp3"),
        ("dev", None),
        ("dev/", None),
        ("./a.mp3", "a.mp3"),
        ("./dev/a.mp3", "a.mp3"),
        ("././dev/deep/a.mp3", "deep/a.mp3"),
        ("./test/a.mp3", None),
        ("dev/./a.mp3", None),
    ],
)
def test_the_first_folder_is_removed_only_if_it_is_the_name_of_the_source(clip_id: str, found: str | None):
    assert located(clip_id, ("dev",), {"a.mp3", "deep/a.mp3"}.__contains__) == found


def test_a_source_without_a_name_removes_nothing():
    assert list(paths_of("/a.mp3", ("",))) == ["/a.mp3"]


@pytest.mark.parametrize("asked", [NFC, NFD, MIXED])
@pytest.mark.parametrize("there", [NFC, NFD, MIXED])
def test_a_name_in_another_unicode_normal_form_is_found(asked: str, there: str):
    assert located(asked, (), {there}.__contains__) == there


def test_a_name_that_is_ambiguous_in_its_normal_form_is_not_guessed():
    assert located(MIXED, (), {NFC, NFD}.__contains__) is None
    assert located(NFC, (), {NFC, NFD}.__contains__) == NFC


def test_the_name_of_the_source_may_be_in_another_normal_form():
    own = unicodedata.normalize("NFD", "Hörproben")
    assert located(unicodedata.normalize("NFC", f"{own}/a.mp3"), (own,), {"a.mp3"}.__contains__) == "a.mp3"


def test_a_deep_path_is_looked_up_under_few_names():
    asked: list[str] = []
    path = "/".join(["é"] * 40)
    assert located(path, (), asked.append) is None
    assert len(asked) == 2


@given(st.text(max_size=12), st.text(max_size=12))
def test_paths_match_regardless_of_case_and_normal_form(first: str, second: str):
    assert alike(first) == alike(unicodedata.normalize("NFD", first))
    assert alike(f"{first}é{second}".lower()) == alike(f"{first}É{second}".lower())


@pytest.mark.parametrize(
    ("key", "prefix", "name"),
    [
        ("", "", ""),
        ("dev", "dev/", "dev"),
        ("a/dev/", "a/dev/", "dev"),
        ("/dev", "/dev/", "dev"),
        ("dev//", "dev//", "dev"),
        ("/", "/", ""),
    ],
)
def test_a_key_prefix_gets_a_trailing_slash_and_its_last_part_is_the_name(key: str, prefix: str, name: str):
    assert (key_prefix(key), last_name(prefix)) == (prefix, name)
