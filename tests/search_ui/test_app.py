"""The page as Streamlit runs it, over a small index with real passages: what it shows, and that it never breaks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import streamlit as st

from hearsay.records.clip import ClipRow
from indexer.phonetics.tables import shipped
from search_ui.search.hits import END_OF_CERTAINTY
from tests.support.apps import ROWS, Open, address, choices, hits, html
from tests.support.pages import load

EVIL = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


def test_the_page_opens_with_everything_and_the_true_total(opened: Open) -> None:
    page = opened(ROWS)

    assert "25 clips" in html(page)
    assert hits(page) == 10
    assert address(page) == {}


def test_words_are_found_and_marked_and_stand_in_the_address(opened: Open) -> None:
    page = opened(ROWS)
    page.text_input(key="words").set_value("number 7").run()

    assert 'dog <mark class="match">number</mark> <mark class="match">7</mark> barks' in html(page)
    assert "<p>clips where “number” and “7” were said, even if misrecognised</p>" in html(page)
    assert address(page) == {"q": ["number 7"]}


def test_the_mode_is_chosen_beside_the_box_and_stands_in_the_address(opened: Open) -> None:
    page = opened(ROWS, q="number 7")
    assert "25 clips" in html(page)

    page.button_group(key="mode").set_value("exact").run()

    assert ">1 clip" in html(page)
    assert "doubt" not in html(page)
    assert address(page) == {"q": ["number 7"], "mode": ["exact"]}


def test_a_mode_that_there_is_not_is_the_default(opened: Open) -> None:
    page = opened(ROWS, mode="loud")

    assert page.button_group(key="mode").value == "forgiving"
    assert "25 clips" in html(page)


def test_certainty_ends_where_a_word_is_missing_and_later_pages_begin_with_that(opened: Open) -> None:
    first = html(opened(ROWS, q="number 7"))
    assert first.count(END_OF_CERTAINTY) == 2  # to be seen, and to be heard
    assert '<ol class="hits" start="2">' in first
    assert "without “7”" in first

    second = html(opened(q="number 7", page="2"))
    assert second.index(END_OF_CERTAINTY) < second.index("<ol")


def test_certainty_that_ends_with_a_page_is_told_at_the_top_of_the_next(opened: Open) -> None:
    rows = [replace(row, generated_text="a dog" if at < 10 else "a cat") for at, row in enumerate(ROWS)]

    assert END_OF_CERTAINTY not in html(opened(rows, q="a dog"))
    assert html(opened(q="a dog", page="2")).index(END_OF_CERTAINTY) < html(opened(q="a dog", page="2")).index("<ol")


def test_where_nothing_is_certain_the_list_begins_with_that(opened: Open) -> None:
    shown = html(opened([ClipRow("a.mp3", generated_text="the black smith")], q="blacksmith"))

    assert shown.index(END_OF_CERTAINTY) < shown.index("<ol")
    assert '<mark class="possible">black</mark> <mark class="possible">smith</mark>' in shown
    assert "possible match: “black smith” for “blacksmith”" in shown


def test_a_page_that_runs_searches_by_what_was_learned_meanwhile(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = tmp_path / "tables.json"
    monkeypatch.setenv("SOUND_TABLES", str(tables))
    assert hits(opened([ClipRow("a.mp3", generated_text="the black smith")], q="blacksmith")) == 1

    nothing_is_likely = np.zeros_like(shipped().weights)
    nothing_is_likely[:, -1] = -20
    replace(shipped(), weights=nothing_is_likely).save(tables)
    assert hits(opened(q="blacksmith", mode="sounds-like")) == 0

    tables.unlink()
    assert "possible match: “black smith” for “blacksmith”" in html(opened(q="the blacksmith"))


def test_what_was_not_understood_is_said_and_never_markup(opened: Open) -> None:
    shown = html(opened(ROWS, q="dog <b>x</b>:red"))

    assert "<p>there is no field" in html(opened(ROWS, q="dog colour:red"))
    assert "<b>" not in shown


def test_a_misspelt_word_is_met_with_what_may_have_been_meant(opened: Open) -> None:
    rows = [ClipRow("a.mp3", generated_text="the blacksmith sang"), *ROWS]

    assert '<a class="go" href="?q=the+blacksmith" target="_self">the blacksmith</a>?' in html(
        opened(rows, q="the blaksmith")
    )
    assert "did you mean" not in html(opened(q="the blacksmith"))


def test_a_sent_address_shows_the_same_search(opened: Open) -> None:
    page = opened(ROWS, q="dog", age=["teens", "unknown"], duration="2-9")

    assert page.text_input(key="words").value == "dog"
    assert page.button_group(key="age").value == ["teens", "unknown"]
    assert page.select_slider(key="duration").value == (2.0, 9.0)
    assert "5 clips" in html(page)


def test_facets_count_every_value_and_unknown_among_them(opened: Open) -> None:
    page = opened(ROWS)

    assert choices(page, "age") == ["teens :gray[9]", "twenties :gray[8]", "unknown :gray[8]"]
    assert choices(page, "sentiment") == ["negative :gray[12]", "uncertain :gray[13]"]
    assert choices(page, "accent") == ["unknown :gray[25]"]


def test_a_facet_filters_by_several_values_and_goes_on_counting_the_others(opened: Open) -> None:
    page = opened(ROWS)
    page.button_group(key="age").set_value(["teens", "unknown"]).run()

    assert "17 clips" in html(page)
    assert address(page) == {"age": ["teens", "unknown"]}
    assert choices(page, "age") == ["teens :gray[9]", "twenties :gray[8]", "unknown :gray[8]"]
    assert choices(page, "sentiment") == ["negative :gray[8]", "uncertain :gray[9]"]


def test_a_long_facet_shows_its_first_values_until_more_is_asked_for(opened: Open) -> None:
    page = opened([ClipRow(f"{letter}.mp3", accent=f"accent {letter}") for letter in "abcdefghi"], accent="accent i")
    assert [choice[:8] for choice in choices(page, "accent")] == [f"accent {letter}" for letter in "abcdefi"]

    page.button(key="more accent").click().run()

    assert len(choices(page, "accent")) == 9


def test_one_value_alone_never_waits_behind_more(opened: Open) -> None:
    page = opened([ClipRow(f"{letter}.mp3", accent=f"accent {letter}") for letter in "abcdefg"])

    assert len(choices(page, "accent")) == 7


def test_the_slider_filters_by_duration_and_its_ends_are_open(opened: Open) -> None:
    page = opened(ROWS)
    page.select_slider(key="duration").set_value((20.0, 25.0)).run()

    assert "6 clips" in html(page)
    assert address(page) == {"duration": ["20-"]}


def test_every_filter_has_a_chip_and_one_click_clears_them_all(opened: Open) -> None:
    page = opened(ROWS, q="dog", age=["teens"], duration="2-9")
    page.button(key="chip age: teens").click().run()
    assert address(page) == {"q": ["dog"], "duration": ["2-9"]}

    page.button(key="clear-all").click().run()
    assert address(page) == {"q": ["dog"]}
    assert "25 clips" in html(page)


def test_pages_follow_each_other_to_the_last(opened: Open) -> None:
    page = opened(ROWS, page="3")
    assert hits(page) == 5
    assert 'start="21"' in html(page)

    beyond = opened(page="99")
    assert hits(beyond) == 5
    assert 'start="21"' in html(beyond)


def test_new_words_begin_on_the_first_page(opened: Open) -> None:
    page = opened(ROWS, page="3")
    page.text_input(key="words").set_value("dog").run()

    assert address(page) == {"q": ["dog"]}
    assert 'start="1"' in html(page)


def test_a_new_load_is_seen_at_once(opened: Open, tmp_path: Path) -> None:
    page = opened(ROWS)
    load(tmp_path / "index", ROWS[:3])

    assert "3 clips" in html(page.run())


def test_the_models_are_named_and_a_fallback_among_them(opened: Open) -> None:
    assert "heard by pocketsphinx (the recogniser inside Hearsay" in html(opened(ROWS))


def test_html_in_a_transcript_is_shown_and_never_run(opened: Open) -> None:
    page = opened([ClipRow("a.mp3", generated_text=EVIL, text=EVIL, age=EVIL, accent="**b**", error=EVIL)], age=EVIL)

    assert hits(page) == 1
    assert "<img" not in html(page)
    assert "<script>" not in html(page)
    assert "&lt;img src=x onerror=" in html(page)
    assert choices(page, "accent") == [r"\*\*b\*\* :gray[1]"]


def test_before_the_first_load_the_page_says_how_to_load(opened: Open) -> None:
    page = opened()

    assert "No clip has been loaded yet" in page.info[0].value
    assert page.code[0].value == "hearsay load FILE… --audio FOLDER"
    assert not page.exception


def test_an_index_that_does_not_answer_is_said_in_a_sentence(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INDEX_URL", "http://127.0.0.1:9")
    page = opened()

    assert "127" in page.warning[0].value
    assert not page.exception


def test_a_damaged_index_is_said_in_a_sentence(opened: Open, tmp_path: Path) -> None:
    assert not opened(ROWS).exception
    for file in (tmp_path / "index").glob("versions/*/*.term"):
        file.write_bytes(b"")
    st.cache_resource.clear()
    page = opened(q="dog")

    assert "damaged" in page.warning[0].value
    assert not page.exception


def test_a_folder_of_somebody_else_is_said_in_a_sentence(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "meta.json").write_text("{}")
    page = opened()

    assert "which Hearsay did not create" in page.warning[0].value
    assert not page.exception


def test_an_empty_index_says_so(opened: Open) -> None:
    assert "No clip has been loaded yet" in opened([]).info[0].value


def test_a_very_long_search_is_answered_with_a_sentence(opened: Open) -> None:
    page = opened(ROWS)
    page.text_input(key="words").set_value("dog " * 2500).run()

    assert "1,000 characters" in page.warning[0].value
    assert hits(page) == 0


def test_words_without_a_letter_are_explained(opened: Open) -> None:
    assert "“?!” has no letters or digits" in html(opened(ROWS, q="?!"))


def test_nothing_found_offers_ways_out(opened: Open) -> None:
    page = opened(ROWS, q="dog", mode="exact", age="nineties")
    assert page.info[0].value == "No such clip passes these filters."
    assert 'href="?q=dog&amp;mode=exact" target="_self">drop age: nineties</a>' in html(page)

    page = opened(q="cat dog", mode="exact")
    assert "all of these words" in page.info[0].value
    assert 'href="?q=cat+dog&amp;mode=sounds-like"' in html(page)


def test_a_way_out_says_how_many_it_leads_to_and_none_leads_to_nothing(opened: Open) -> None:
    shown = html(opened(ROWS, q="dog", mode="exact", age="nineties", accent="wales", duration="-500"))

    assert 'href="?q=dog&amp;mode=exact" target="_self">drop all filters</a> <small>25 clips</small>' in shown
    for nowhere in ("drop age", "drop accent", "drop duration", "sounds like it"):
        assert nowhere not in shown


def test_more_like_a_clip_takes_the_place_of_words_and_leaves_the_clip_out(opened: Open) -> None:
    rows = [
        ClipRow("a.mp3", generated_text="zebras in the garden"),
        ClipRow("b.mp3", generated_text="a garden of zebras"),
        *ROWS,
    ]
    page = opened(rows, q="zebras")
    assert 'href="?like=a.mp3" target="_self">more like this</a>' in html(page)

    page = opened(like="a.mp3")
    assert 'a <mark class="match">garden</mark> of <mark class="match">zebras</mark>' in html(page)
    assert ">1 clip" in html(page)
    assert 'class="how"' not in html(page)
    page.text_input(key="words").set_value("dog").run()
    assert address(page) == {"q": ["dog"]}


def test_the_same_sentence_stands_above_the_voices_that_say_it(opened: Open) -> None:
    voices = ("the boy smiled", "the boys mild", "a boy smile")
    rows = [ClipRow(f"{at}.mp3", text="the boy smiled", generated_text=heard) for at, heard in enumerate(voices)]
    page = opened([*rows, *ROWS], same="1.mp3")

    assert "3 clips" in html(page)
    assert '<p class="common"><span>said</span> the boy smiled</p>' in html(page)
    assert 'class="reference"' not in html(page)
    assert "same sentence</a>" not in html(page)


def test_where_clips_were_only_heard_alike_each_keeps_its_own_reference(opened: Open) -> None:
    references = ("", "the boy smiled at me", "the boy smiles at me")
    rows = [ClipRow(f"{at}.mp3", text=text, generated_text="the boys mild at me") for at, text in enumerate(references)]
    page = opened(rows, same="0.mp3")

    assert "3 clips" in html(page)
    assert "common" not in html(page)
    assert html(page).count('class="reference"') == 2


def test_a_clip_that_is_gone_is_said_in_a_sentence_and_a_link_leads_on(opened: Open) -> None:
    page = opened(ROWS, like="gone.mp3")

    assert "The index has no clip gone.mp3" in page.warning[0].value
    assert ">begin again with everything</a>" in html(page)


def test_clips_whose_audio_is_gone_are_shown_without_a_player(opened: Open, tmp_path: Path) -> None:
    page = opened(ROWS, audio=tmp_path / "nowhere")

    assert "No audio was found" in page.info[0].value
    assert "<audio" not in html(page)


def test_clips_with_audio_play_from_beside_the_page(opened: Open, samples: Path) -> None:
    page = opened([ClipRow("samples/sample-000000.mp3", generated_text="the dog")], audio=samples)

    assert 'src="audio/samples/sample-000000.mp3"' in html(page)
    assert not page.info


def test_the_folder_of_the_settings_goes_before_the_one_of_the_load(
    opened: Open, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIO_DIR", str(samples))

    assert "<audio" in html(opened([ClipRow("samples/sample-000000.mp3")], audio=tmp_path / "nowhere"))
