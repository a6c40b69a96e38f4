"""The search page in a real browser: search, filter, play, turn pages, go back, reload, share the link."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from hearsay.records.table import read_csv
from hearsay.records.transcript import Segment
from tests.conftest import PROJECT
from tests.support.browser import go_to
from tests.support.pages import load, served_page

pytestmark = pytest.mark.browser

EVIL = '<img src="x" onerror="document.title=\'run\'"><script>document.title="run"</script>'


@pytest.fixture(scope="module")
def address(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page with the samples, transcribed without errors, and the interview in two segments."""
    folder = tmp_path_factory.mktemp("page")
    rows = [replace(row, generated_text=row.text) for row in read_csv(samples / "clips.csv").rows().values()]
    halves = (Segment(0.0, 20.0, "the interview begins"), Segment(40.0, 60.0, "the interview goes on"))
    text = " ".join(half.text for half in halves)
    interview = replace(
        rows[0], id="samples/sample-interview.mp3", generated_text=text, duration=120.0, segments=halves
    )
    evil = replace(rows[0], id="samples/evil.mp3", generated_text=EVIL)
    arabic = replace(rows[0], id="samples/arabic.mp3", generated_text="قال «نعم» ثم ذهب.", text="قال «لا» ثم ذهب.")
    load(folder / "index", [*rows, interview, evil, arabic], samples)
    with served_page({"INDEX_URL": str(folder / "index")}, folder / "page.log") as found:
        yield found


def search(tab: Page, words: str) -> None:
    tab.get_by_role("searchbox", name="Search transcripts").fill(words)
    tab.keyboard.press("Enter")


def facet(tab: Page, name: str, value: str) -> Locator:
    """The button of a facet's value; its text is the value and its count."""
    return tab.get_by_role("toolbar", name=name).get_by_role("button", name=re.compile(rf"^{value} [\d,]+$"))


def total(tab: Page) -> Locator:
    return tab.get_by_role("status").filter(has_text="passage")


def wait_for_playback(tab: Page, button: Locator, after: float = 0.0) -> None:
    """Return when the clip of this button plays, past ``after`` seconds."""
    tab.wait_for_function(
        "([button, after]) => { const audio = button.parentElement.querySelector('audio');"
        " return !audio.error && !audio.paused && audio.currentTime > after }",
        arg=[button.element_handle(), after],
    )


def test_a_clip_is_found_by_its_words_filtered_and_played(tab: Page, address: str) -> None:
    go_to(tab, address)
    search(tab, "blacksmith")
    expect(tab.locator(".transcript mark")).to_have_text(["blacksmith"] * 3)
    expect(total(tab)).to_have_text("3 passages")

    facet(tab, "Gender", "male").click()
    expect(total(tab)).to_have_text("1 passage")
    expect(facet(tab, "Gender", "male")).to_have_attribute("aria-pressed", "true")
    expect(tab.locator(".hit")).to_have_count(1)  # they appear after their number
    expect(tab.locator(".about")).to_contain_text("male · United States")

    button = tab.get_by_role("button", name="Play samples/sample-000001.mp3")
    button.click()
    wait_for_playback(tab, button)
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")


def test_only_one_clip_plays_at_a_time(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?q=blacksmith")
    first, second = (tab.get_by_role("button", name="Play").nth(at) for at in (0, 1))
    first.click()
    wait_for_playback(tab, first)
    second.click()
    wait_for_playback(tab, second)

    expect(first).to_have_attribute("aria-pressed", "false")
    assert tab.locator("audio").evaluate_all("clips => clips.filter(clip => !clip.paused).length") == 1


def test_a_part_of_a_recording_plays_from_its_start(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?q=interview+goes")
    expect(tab.locator(".about").first).to_contain_text("0:40–1:00")
    button = tab.get_by_role("button", name="Play samples/sample-interview.mp3#0002")
    button.press("Enter")

    wait_for_playback(tab, button, after=40.0)


def test_the_next_page_is_scrolled_to_its_top(tab: Page, address: str) -> None:
    tab.set_viewport_size({"width": 1000, "height": 400})
    go_to(tab, address)
    first = tab.locator(".hit").first.inner_text()
    tab.get_by_role("button", name="Next page").click()

    expect(tab.locator("ol.hits")).to_have_attribute("start", "11")
    expect(tab).to_have_url(f"{address}/?page=2")
    assert tab.locator(".hit").first.inner_text() != first
    tab.wait_for_function("document.querySelector('.stMain').scrollTop === 0")


def test_back_forward_and_reload_show_the_search_in_the_address(tab: Page, address: str) -> None:
    go_to(tab, address)
    search(tab, "blacksmith")
    expect(tab).to_have_url(f"{address}/?q=blacksmith")
    expect(tab.locator("mark").first).to_be_visible()
    facet(tab, "Gender", "male").click()
    expect(tab.get_by_role("button", name="gender:")).to_be_visible()
    expect(total(tab)).to_have_text("1 passage")
    expect(tab.locator(".hit")).to_have_count(1)
    filtered, shown = tab.url, tab.locator("ol.hits").inner_text()

    tab.go_back()
    expect(tab.get_by_role("button", name="gender:")).to_have_count(0)
    expect(tab).to_have_url(f"{address}/?q=blacksmith")

    tab.go_forward()
    expect(tab).to_have_url(filtered)
    expect(tab.locator("ol.hits")).to_have_count(1)  # until the script has ended, the previous results are there, too
    expect(tab.locator("ol.hits")).to_have_text(shown, use_inner_text=True)
    tab.reload()
    expect(tab.locator("ol.hits")).to_have_text(shown, use_inner_text=True)
    expect(tab.get_by_role("searchbox")).to_have_value("blacksmith")
    assert tab.url == filtered


def test_a_chip_removes_its_filter(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?gender=female&duration=1-8")
    tab.get_by_role("button", name="gender: female").click()
    expect(tab).to_have_url(f"{address}/?duration=1-8")
    tab.get_by_role("button", name="Clear all").click()
    expect(tab).to_have_url(f"{address}/")


def test_every_control_is_reachable_by_keyboard(tab: Page, address: str) -> None:
    go_to(tab, address)
    box = tab.get_by_role("searchbox")
    box.focus()
    tab.keyboard.type("blacksmith")
    tab.keyboard.press("Enter")
    expect(tab.locator("mark").first).to_be_visible()
    while not tab.evaluate("document.activeElement.matches('button.play')"):
        tab.keyboard.press("Tab")
    tab.keyboard.press("Space")

    wait_for_playback(tab, tab.locator("button.play").first)


def test_html_in_a_transcript_is_text(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?q=onerror")

    expect(tab.locator(".transcript")).to_have_text(EVIL)
    assert tab.locator(".hit img").count() == 0
    expect(tab).to_have_title("Search · Hearsay")


def test_arabic_is_written_from_right_to_left(tab: Page, address: str) -> None:
    go_to(tab, f"{address}/?q=نعم&mode=exact")
    transcript, reference = tab.locator(".transcript"), tab.locator(".reference bdi")
    expect(transcript).to_have_text("قال «نعم» ثم ذهب.")
    expect(reference).to_be_visible()

    direction = "shown => getComputedStyle(shown).direction"
    assert [one.evaluate(direction) for one in (transcript, reference)] == ["rtl", "rtl"]
    assert tab.locator(".reference").evaluate(direction) == "ltr"
    go_to(tab, f"{address}/?q=blacksmith&mode=exact")
    expect(transcript.first).to_contain_text("blacksmith")
    assert transcript.first.evaluate(direction) == "ltr"


def test_the_right_part_of_the_metadata_wraps_as_a_whole(tab: Page, address: str) -> None:
    tab.set_viewport_size({"width": 1000, "height": 900})
    go_to(tab, f"{address}/?q=blacksmith&gender=male")
    about = tab.locator(".about")
    expect(about.locator(".clip")).to_have_text("samples/sample-000001.mp3")

    line, rest, clip, links = about.evaluate(  # at one moment, because the layout changes while the page loads
        "about => [about, ...['.rest', '.clip', '.more'].map(part => about.querySelector(part))]"
        ".map(part => part.getBoundingClientRect().toJSON())"
    )
    assert clip["y"] == links["y"] == rest["y"] > line["y"] + line["height"] / 3
    assert links["right"] == pytest.approx(line["right"], abs=1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_at_phone_width_nothing_is_cut_off_and_the_filters_are_hidden(tab: Page, address: str, scheme: str) -> None:
    tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    tab.set_viewport_size({"width": 390, "height": 844})
    go_to(tab, address)
    expect(tab.locator(".hit").first).to_be_visible()

    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert tab.locator(".stMain").evaluate("main => main.scrollWidth") <= 390
    assert tab.locator(".stApp").evaluate("app => getComputedStyle(app).colorScheme") == scheme
    expect(tab.get_by_role("button", name="Values of age")).not_to_be_in_viewport()
    tab.get_by_test_id("stExpandSidebarButton").click()
    expect(tab.get_by_role("button", name="Values of age")).to_be_in_viewport()


@pytest.mark.parametrize(("name", "shown"), [("accent", ".ways"), ("like", ".ways"), ("clip", ".total")])
def test_at_phone_width_a_very_long_name_is_wrapped(tab: Page, address: str, name: str, shown: str) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    go_to(tab, f"{address}/?{name}={'a' * 500}")
    expect(tab.locator(shown).first).to_be_visible()
    assert tab.locator(".stMain").evaluate("main => main.scrollWidth") <= 390


def test_at_phone_width_a_group_of_filters_unfolds_and_chosen_values_stay_visible(tab: Page, address: str) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    go_to(tab, address)
    tab.get_by_test_id("stExpandSidebarButton").click()
    fold = tab.get_by_role("button", name="Values of gender")
    women, men = (facet(tab, "Gender", value) for value in ("female", "male"))
    expect(men).to_be_hidden()

    fold.press("Enter")
    expect(fold).to_have_attribute("aria-expanded", "true")
    men.click()
    expect(men).to_have_attribute("aria-pressed", "true")
    expect(women).to_be_visible()
    fold.click()
    expect(women).to_be_hidden()
    expect(men).to_be_visible()

    tab.set_viewport_size({"width": 1280, "height": 844})
    expect(women).to_be_visible()
    expect(fold).to_be_hidden()


def test_filters_that_precede_the_script_are_folded_too(tab: Page) -> None:
    group = '<div class="stButtonGroup"><div role="toolbar" aria-label="Age"></div></div>'
    tab.set_content(f'<div class="st-key-facets">{group}</div>')
    tab.add_script_tag(path=PROJECT / "search_ui" / "static" / "fold.js")
    expect(tab.locator("button.fold")).to_have_accessible_name("Values of age")
