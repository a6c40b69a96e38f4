"""Words in other scripts and spellings, and emoji, are found as people type them, on both engines."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hearsay.records.clip import ClipRow
from indexer.index import Request, SearchWriter
from indexer.matching.search import ALL, Finder
from indexer.open import open_writer
from indexer.passages import passages_of
from indexer.query.highlight import highlight
from indexer.query.planner import Planner
from tests.support.elastic_nodes import client_of, remove, settings

ROWS = (
    ClipRow("heart.mp3", text="I ❤️ you", generated_text="I you"),
    ClipRow("flash.mp3", text="⚡️", generated_text="I love ⚡️ it ✨ 👍🏽 👩\u200d👧"),
    ClipRow("sun.mp3", text="the sun ☀️ shines", generated_text="the sun shines"),
    ClipRow("dots.mp3", generated_text="¨hello¨ she said"),
    ClipRow("thai.mp3", generated_text="สวัสดีครับผมชื่อสมชาย"),
    ClipRow("thai-2.mp3", generated_text="ผมไม่รับครัว"),
    ClipRow("lao.mp3", generated_text="ຂ້ອຍຍິນດີຫຼາຍ"),
    ClipRow("burmese.mp3", generated_text="ကျွန်တော်ရေသောက်တယ်"),
    ClipRow("khmer.mp3", generated_text="ខ្ញុំស្រលាញ់ភាសា\u200bខ្មែរ"),
    ClipRow("tibetan.mp3", generated_text="ང་བོད་ཡིག་ཤེས།"),
    ClipRow("uzbek.mp3", generated_text="Oʻzbekiston mening vatanim"),
    ClipRow("turkish.mp3", generated_text="İSTANBUL güzel IŞIK"),
    ClipRow("german.mp3", generated_text="die STRASSE ist lang"),
    ClipRow("arabic.mp3", generated_text="مُحَمَّد رسول"),
    ClipRow("hebrew.mp3", generated_text="שָׁלוֹם עולם"),
)


@pytest.fixture(scope="module", params=["embedded", pytest.param("elastic", marks=pytest.mark.elastic)])
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchWriter]:
    """The rows in either engine."""
    own = settings()
    is_embedded = request.param == "embedded"
    folder: Path = tmp_path_factory.mktemp("scripts") / "index"
    url = str(folder) if is_embedded else request.getfixturevalue("node").url
    made = open_writer(own, url)
    made.replace(passage for row in ROWS for passage in passages_of(row))
    yield made
    made.close()
    if not is_embedded:
        with client_of(url) as client:
            remove(client, own)


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("⚡", ["flash.mp3"]),
        ("⚡️", ["flash.mp3"]),
        ("❤️", []),
        ("text:❤️", ["heart.mp3"]),
        ("text:⚡️", ["flash.mp3"]),
        ("👍🏿", ["flash.mp3"]),
        ("👩", ["flash.mp3"]),
        ("👩\u200d👧", ["flash.mp3"]),
        ("hello", ["dots.mp3"]),
        ("ครับ", ["thai.mp3"]),
        ("ดี", ["thai.mp3"]),
        ("ຍິນດີ", ["lao.mp3"]),
        ("ရေ", ["burmese.mp3"]),
        ("ភាសាខ្មែរ", ["khmer.mp3"]),
        ("བོད་ཡིག", ["tibetan.mp3"]),
        ("o'zbekiston", ["uzbek.mp3"]),
        ("O‛ZBEKISTON", ["uzbek.mp3"]),
        ("istanbul ışık", ["turkish.mp3"]),
        ("straße", ["german.mp3"]),
        ("محمد", ["arabic.mp3"]),
        ("محمـــد", ["arabic.mp3"]),
        ("שלום", ["hebrew.mp3"]),
    ],
)
def test_a_word_is_found_in_every_spelling_and_marked(index: SearchWriter, typed: str, ids: list[str]) -> None:
    plan = Planner(index).plan(typed, "exact")
    hits = index.search(Request(plan.query)).hits

    assert [hit.passage.id for hit in hits] == ids
    for hit in hits:
        pieces = highlight(hit.passage.row.generated_text, plan.evidence(hit.passage))
        assert any(mark for _, mark in pieces) or typed.startswith("text:")


def test_only_the_clip_with_the_whole_run_is_found_in_mode_forgiving(index: SearchWriter) -> None:
    """The other Thai clip has the same pieces in another order."""
    finder = Finder(Planner(index))
    plan = finder.planner.plan("ครับ")
    found = finder.find(plan, Request(plan.query), ALL)

    assert [hit.passage.id for hit in found.matches.hits] == ["thai.mp3"]
    assert found.possible == ()
