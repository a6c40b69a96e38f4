"""axe finds no problems on the pages, in light and dark mode, on wide and narrow screens."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from hearsay.records.clip import ClipRow
from hearsay.records.table import read_csv
from hearsay.records.transcript import Segment, Word
from tests.support.browser import go_to
from tests.support.pages import load, served_page

pytestmark = pytest.mark.browser

STREAMLITS: Final = {"presentation-role-conflict": "stFileUploaderDropzone"}
"""Problems of Streamlit itself, by rule and element: its drop zone has a presentation role and a label. Its button,
which the keyboard reaches, has a name. axe rates the problem as minor."""

WIDE, PHONE = 1280, 390

Act = Callable[[Page], object]


@pytest.fixture(scope="module")
def address(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page with the samples, transcribed with a few errors, and a recording in two parts."""
    folder = tmp_path_factory.mktemp("page")
    rows = [transcribed(number, row) for number, row in enumerate(read_csv(samples / "clips.csv").rows().values())]
    halves = (Segment(0.0, 20.0, "the interview begins"), Segment(40.0, 60.0, "the interview goes on"))
    interview = replace(rows[0], id="samples/sample-interview.mp3", duration=120.0, segments=halves, words=())
    load(folder / "index", [*rows, interview], samples)
    settings = {"INDEX_URL": str(folder / "index"), "INBOX_DIR": str(folder / "inbox")}
    with served_page(settings, folder / "page.log") as found:
        yield found


def transcribed(number: int, row: ClipRow) -> ClipRow:
    text = row.text.replace("blacksmith", "black smith") if number % 2 else row.text
    return replace(
        row,
        generated_text=text.upper(),
        words=tuple(Word(word, at * 0.3, at * 0.3 + 0.2, 0.9) for at, word in enumerate(text.upper().split())),
        duration=2.0 + number % 5,
        confidence=0.82,
        emotion=("angry", "uncertain", "happiness")[number % 3],
        sentiment=("negative", "uncertain", "positive")[number % 3],
        emotion_score=0.7,
        asr_model="pocketsphinx",
        ser_model="classic",
    )


def open_filters(tab: Page) -> None:
    tab.get_by_test_id("stExpandSidebarButton").click()
    tab.get_by_role("button", name="Values of age").click()
    expect(tab.get_by_role("toolbar", name="Age")).to_be_in_viewport()


def sort(tab: Page) -> None:
    tab.locator(".order > summary").click()


def open_menus(tab: Page) -> None:
    tab.locator(".export > summary").click()
    tab.get_by_text("Elasticsearch JSON").click()
    expect(tab.locator(".query[open] pre")).to_contain_text('"the"')


def open_spectrogram(tab: Page) -> None:
    tab.locator("button.spectrogram").first.click()
    expect(tab.locator(".strip .said").first).to_be_visible()


def do_nothing(tab: Page) -> None:
    """Leave the page as it opens."""


STATES: Final[dict[str, tuple[str, str, int, Act]]] = {
    "results": ("/?q=blacksmith+hammer", ".hit", WIDE, open_spectrogram),
    "possible matches": ("/?q=blacksmith+hammer&possible=0", ".hit.possible", WIDE, do_nothing),
    "possible matches on a phone": ("/?q=blacksmiths&possible=0", ".hit.possible", PHONE, do_nothing),
    "nothing found": ("/?q=zzz&mode=exact&gender=male", ".ways", WIDE, do_nothing),
    "a sorted list": ("/?sort=-duration&page=2", ".hit", WIDE, sort),
    "a chosen facet and open menus": ("/?q=the&gender=male&duration=1-8", ".hit", WIDE, open_menus),
    "the filters on a phone": ("/?q=the", ".hit", PHONE, open_filters),
    "a recording": ("/?clip=samples%2Fsample-interview.mp3", ".hit", WIDE, do_nothing),
    "insights": ("/insights", "table", WIDE, do_nothing),
    "glossary": ("/glossary", "table", WIDE, do_nothing),
    "transcribe": ("/transcribe", "[data-testid=stFileUploader]", WIDE, do_nothing),
}


@pytest.mark.parametrize("state", STATES)
def test_axe_reports_no_violations(tab: Page, address: str, state: str) -> None:
    path, shown, width, act = STATES[state]
    tab.emulate_media(color_scheme="light", reduced_motion="reduce")
    tab.set_viewport_size({"width": width, "height": 900})
    go_to(tab, address + path)
    expect(tab.locator(shown).first).to_be_visible()
    act(tab)
    settled(tab, "light")
    assert faults(tab) == []

    tab.emulate_media(color_scheme="dark")
    settled(tab, "dark")
    assert faults(tab, "color-contrast") == []


def settled(tab: Page, scheme: str) -> None:
    """Return when the page has these colours and nothing on it changes."""
    expect(tab.locator(".stApp")).to_have_css("color-scheme", scheme)
    expect(tab.locator(".stApp[data-test-script-state=running]")).to_have_count(0)
    tab.wait_for_function("!document.getAnimations().some(one => one instanceof CSSTransition)")
    tab.wait_for_function("document.fonts.status === 'loaded'")  # until then, icons are text


def faults(tab: Page, *rules: str) -> list[str]:
    """Each violation of these rules, otherwise of all rules, with its element."""
    found: Any = Axe().run(tab, options={"runOnly": list(rules)} if rules else None).response["violations"]
    return [
        f"{fault['id']} ({fault['impact']}): {node['html'][:150]} ({node['failureSummary'].splitlines()[-1].strip()})"
        for fault in found
        for node in fault["nodes"]
        if STREAMLITS.get(fault["id"], "no such element") not in node["html"]
    ]
