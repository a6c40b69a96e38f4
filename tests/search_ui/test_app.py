"""The search page as Streamlit runs it, with a small index: what it shows, and that no input breaks it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import streamlit as st

from hearsay.records.clip import ClipRow
from indexer.phonetics.tables import shipped
from tests.support.apps import ROWS, Open, address, choices, hits, html, possible
from tests.support.pages import load

EVIL = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


def test_the_page_opens_with_all_clips_and_their_number(opened: Open) -> None:
    page = opened(ROWS)

    assert "25 clips" in html(page)
    assert hits(page) == 10
    assert address(page) == {}


def test_words_are_found_marked_and_written_to_the_address(opened: Open) -> None:
    page = opened(ROWS)
    page.text_input(key="words").set_value("number 7").run()

    assert 'dog <mark class="match">number</mark> <mark class="match">7</mark> barks' in html(page)
    assert "<p>Clips where “number” and “7” were said, as typed or in another form</p>" in html(page)
    assert address(page) == {"q": ["number 7"]}


def test_the_mode_is_chosen_beside_the_box_and_written_to_the_address(opened: Open) -> None:
    page = opened(ROWS, q="number 7")
    assert ">1 clip" in html(page)

    page.button_group(key="mode").set_value("any").run()

    assert "25 clips" in html(page)
    assert address(page) == {"q": ["number 7"], "mode": ["any"]}


def test_mode_any_shows_full_matches_first_and_names_the_missing_words_of_the_others(opened: Open) -> None:
    shown = html(opened(ROWS, q="number 7", mode="any"))

    assert shown.index("set/07.mp3") < shown.index("without “7”")
    assert shown.count("without “7”") == 9
    assert "<h2" in shown, "the number of possible matches is stated"


def test_an_unknown_mode_is_the_default(opened: Open) -> None:
    page = opened(ROWS, mode="loud")

    assert page.button_group(key="mode").value == "forgiving"
    assert "25 clips" in html(page)


def test_a_running_page_uses_newly_learned_tables(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = tmp_path / "tables.json"
    monkeypatch.setenv("PHONETIC_TABLES", str(tables))
    assert possible(opened([ClipRow("a.mp3", generated_text="the black smith")], q="blacksmith")) == 1

    nothing_is_likely = np.zeros_like(shipped().weights)
    nothing_is_likely[:, -1] = -20
    replace(shipped(), weights=nothing_is_likely).save(tables)
    assert possible(opened(q="the blacksmith", mode="sounds-like")) == 0

    tables.unlink()
    assert "transcribed “black smith” for “blacksmith”" in html(opened(q="the blacksmith"))


def test_notes_on_the_query_are_shown_and_escaped(opened: Open) -> None:
    shown = html(opened(ROWS, q="dog <b>x</b>:red"))

    assert "<p>There is no field" in html(opened(ROWS, q="dog colour:red"))
    assert "<b>" not in shown


def test_a_misspelt_word_has_a_corrected_spelling(opened: Open) -> None:
    rows = [ClipRow("a.mp3", generated_text="the blacksmith sang"), *ROWS]

    assert '<a class="go" href="?q=the+blacksmith" target="_self">the blacksmith</a>?' in html(
        opened(rows, q="the blaksmith")
    )
    assert "Did you mean" not in html(opened(q="the blacksmith"))


def test_a_shared_address_shows_the_same_search(opened: Open) -> None:
    page = opened(ROWS, q="dog", age=["teens", "unknown"], duration="2-9")

    assert page.text_input(key="words").value == "dog"
    assert page.button_group(key="age").value == ["teens", "unknown"]
    assert page.select_slider(key="duration").value == (2.0, 9.0)
    assert "5 clips" in html(page)


def test_facets_count_every_value_including_unknown(opened: Open) -> None:
    page = opened(ROWS)

    assert choices(page, "age") == ["teens :gray[9]", "twenties :gray[8]", "unknown :gray[8]"]
    assert choices(page, "sentiment") == ["negative :gray[12]", "uncertain :gray[13]"]
    assert all(group.key != "accent" for group in page.button_group)  # its only value is unknown


def test_a_facet_filters_by_several_values_and_still_counts_the_others(opened: Open) -> None:
    page = opened(ROWS)
    page.button_group(key="age").set_value(["teens", "unknown"]).run()

    assert "17 clips" in html(page)
    assert address(page) == {"age": ["teens", "unknown"]}
    assert choices(page, "age") == ["teens :gray[9]", "twenties :gray[8]", "unknown :gray[8]"]
    assert choices(page, "sentiment") == ["negative :gray[8]", "uncertain :gray[9]"]


def test_a_long_facet_shows_its_first_values_until_show_more(opened: Open) -> None:
    page = opened([ClipRow(f"{letter}.mp3", accent=f"accent {letter}") for letter in "abcdefghi"], accent="accent i")
    assert [choice[:8] for choice in choices(page, "accent")] == [f"accent {letter}" for letter in "abcdefi"]

    page.button(key="more accent").click().run()

    assert len(choices(page, "accent")) == 9


def test_a_single_value_is_never_hidden(opened: Open) -> None:
    page = opened([ClipRow(f"{letter}.mp3", accent=f"accent {letter}") for letter in "abcdefg"])

    assert len(choices(page, "accent")) == 7


def test_the_slider_filters_by_duration_and_its_ends_are_open(opened: Open) -> None:
    page = opened(ROWS)
    page.select_slider(key="duration").set_value((20.0, 25.0)).run()

    assert "6 clips" in html(page)
    assert address(page) == {"duration": ["20-"]}


def test_every_filter_has_a_chip_and_one_button_removes_all(opened: Open) -> None:
    page = opened(ROWS, q="dog", age=["teens"], duration="2-9")
    page.button(key="chip age teens").click().run()
    assert address(page) == {"q": ["dog"], "duration": ["2-9"]}

    page.button(key="clear-all").click().run()
    assert address(page) == {"q": ["dog"]}
    assert "25 clips" in html(page)


def test_a_page_past_the_end_is_the_last_one(opened: Open) -> None:
    page = opened(ROWS, page="3")
    assert hits(page) == 5
    assert 'start="21"' in html(page)

    beyond = opened(page="99")
    assert hits(beyond) == 5
    assert 'start="21"' in html(beyond)


def test_another_query_starts_on_the_first_page(opened: Open) -> None:
    page = opened(ROWS, page="3")
    page.text_input(key="words").set_value("dog").run()

    assert address(page) == {"q": ["dog"]}
    assert 'start="1"' in html(page)


def test_a_new_load_is_shown_at_once(opened: Open, tmp_path: Path) -> None:
    page = opened(ROWS)
    load(tmp_path / "index", ROWS[:3])

    assert "3 clips" in html(page.run())


def test_the_models_are_named_with_a_note_on_built_in_ones(opened: Open) -> None:
    assert "Speech model: pocketsphinx (built in, less accurate" in html(opened(ROWS))


def test_html_in_a_transcript_is_escaped(opened: Open) -> None:
    page = opened([ClipRow("a.mp3", generated_text=EVIL, text=EVIL, age=EVIL, accent="**b**", error=EVIL)], age=EVIL)

    assert hits(page) == 1
    assert "<img" not in html(page)
    assert "<script>" not in html(page)
    assert "&lt;img src=x onerror=" in html(page)
    assert choices(page, "accent") == [r"\*\*b\*\* :gray[1]"]


def test_before_the_first_load_the_page_says_how_to_load(opened: Open) -> None:
    page = opened()

    assert "The index is empty" in page.info[0].value
    assert page.code[0].value == "hearsay load FILE… --audio FOLDER"
    assert not page.exception


def test_an_index_that_does_not_respond_is_reported(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INDEX_URL", "http://127.0.0.1:9")
    page = opened()

    assert "127" in page.warning[0].value
    assert not page.exception


def test_a_damaged_index_is_reported(opened: Open, tmp_path: Path) -> None:
    assert not opened(ROWS).exception
    for file in (tmp_path / "index").glob("versions/*/*.term"):
        file.write_bytes(b"")
    st.cache_resource.clear()
    page = opened(q="dog")

    assert "damaged" in page.warning[0].value
    assert not page.exception


def test_a_folder_that_is_no_index_is_reported(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "meta.json").write_text("{}")
    page = opened()

    assert "which Hearsay did not create" in page.warning[0].value
    assert not page.exception


def test_an_empty_index_is_reported(opened: Open) -> None:
    assert "The index is empty" in opened([]).info[0].value


def test_a_query_that_is_too_long_is_reported(opened: Open) -> None:
    page = opened(ROWS)
    page.text_input(key="words").set_value("dog " * 2500).run()

    assert "1,000 characters" in page.warning[0].value
    assert hits(page) == 0


def test_a_query_without_letters_is_explained(opened: Open) -> None:
    assert "“?!” has no letters or digits" in html(opened(ROWS, q="?!"))


def test_a_search_without_results_suggests_others(opened: Open) -> None:
    page = opened(ROWS, q="dog", mode="exact", age="nineties")
    assert page.info[0].value == "No clip matches the search and the filters."
    assert 'href="?q=dog&amp;mode=exact" target="_self">Remove filter age: nineties</a>' in html(page)

    page = opened(q="cat dog", mode="exact")
    assert "all of these words" in page.info[0].value
    assert 'href="?q=cat+dog&amp;mode=any"' in html(page)


def test_a_suggestion_shows_its_number_of_results_and_none_has_none(opened: Open) -> None:
    shown = html(opened(ROWS, q="dog", mode="exact", age="nineties", accent="wales", duration="-500"))

    assert 'href="?q=dog&amp;mode=exact" target="_self">Remove all filters</a> <small>25 clips</small>' in shown
    for nowhere in ("filter age", "filter accent", "filter duration", "Sounds-like mode"):
        assert nowhere not in shown


def test_more_like_this_replaces_the_query_and_excludes_the_clip(opened: Open) -> None:
    rows = [
        ClipRow("a.mp3", generated_text="zebras in the garden"),
        ClipRow("b.mp3", generated_text="a garden of zebras"),
        *ROWS,
    ]
    page = opened(rows, q="zebras")
    assert 'href="?like=a.mp3" target="_self">Similar clips</a>' in html(page)

    page = opened(like="a.mp3")
    assert 'a <mark class="match">garden</mark> of <mark class="match">zebras</mark>' in html(page)
    assert ">1 clip" in html(page)
    assert 'class="how"' not in html(page)
    page.text_input(key="words").set_value("dog").run()
    assert address(page) == {"q": ["dog"]}


def test_same_sentence_shows_the_reference_once_above_the_results(opened: Open) -> None:
    transcripts = ("the boy smiled", "the boys mild", "a boy smile")
    rows = [
        ClipRow(f"{at}.mp3", text="the boy smiled", generated_text=transcript)
        for at, transcript in enumerate(transcripts)
    ]
    page = opened([*rows, *ROWS], same="1.mp3")

    assert "3 clips" in html(page)
    assert '<p class="common"><span>Reference:</span> <bdi>the boy smiled</bdi></p>' in html(page)
    assert 'class="reference"' not in html(page)
    assert "Same sentence" not in html(page)


def test_same_sentence_shows_its_count_and_is_offered_only_if_there_is_another_clip(opened: Open) -> None:
    rows = [
        ClipRow("a.mp3", text="The boy smiled.", generated_text="the boy mild"),
        ClipRow("b.mp3", text="the boy smiled", generated_text="nothing alike"),
        ClipRow("c.mp3", text="a boy", generated_text="the boy mild"),
        ClipRow("d.mp3", generated_text="a dog that barks at a boy"),
        ClipRow("e.mp3", generated_text="a dog that parks at a boy"),
    ]
    shown = html(opened(rows))

    assert shown.count("Same sentence") == 4
    for clip in ("a.mp3", "b.mp3", "d.mp3", "e.mp3"):
        assert f'href="?same={clip}" target="_self">Same sentence (2)</a>' in shown
    assert ">2 clips" in html(opened(same="a.mp3"))
    assert ">2 clips" in html(opened(same="d.mp3"))


def test_clips_with_similar_transcripts_keep_their_own_references(opened: Open) -> None:
    references = ("", "the boy smiled at me", "the boy smiles at me")
    rows = [ClipRow(f"{at}.mp3", text=text, generated_text="the boys mild at me") for at, text in enumerate(references)]
    page = opened(rows, same="0.mp3")

    assert "3 clips" in html(page)
    assert "common" not in html(page)
    assert html(page).count('class="reference"') == 2


@pytest.mark.parametrize("chosen", [{"age": ["fourties", "forties"]}, {"accent": ["us", "United States"]}])
def test_two_spellings_of_a_value_in_the_address_are_one_chip(opened: Open, chosen: dict[str, list[str]]) -> None:
    rows = [ClipRow("a.mp3", age="fourties", accent="us"), ClipRow("b.mp3", age="forties", accent="United States")]
    page = opened(rows, **chosen)

    assert ">2 clips" in html(page)
    (facet,) = chosen
    assert [choice for choice in choices(page, facet) if "2" in choice] == choices(page, facet)


def test_of_two_values_that_look_alike_the_clicked_one_is_chosen(opened: Open) -> None:
    page = opened([ClipRow("a.mp3", speaker="a b"), ClipRow("b.mp3", speaker="a  b"), ClipRow("c.mp3", speaker="c")])
    page.button_group(key="speaker").set_value(["a b"]).run()

    assert address(page) == {"speaker": ["a b"]}
    assert ">1 clip" in html(page)
    assert "a.mp3" in html(page)


def test_a_missing_clip_is_reported_with_a_link_to_all_clips(opened: Open) -> None:
    page = opened(ROWS, like="gone.mp3")

    assert "The index has no clip gone.mp3" in page.warning[0].value
    assert ">Show all clips</a>" in html(page)


def test_clips_without_audio_files_have_no_player(opened: Open, tmp_path: Path) -> None:
    page = opened(ROWS, audio=tmp_path / "nowhere")

    assert "No audio was found" in page.info[0].value
    assert "<audio" not in html(page)


def test_clips_with_audio_are_played_from_the_audio_route(opened: Open, samples: Path) -> None:
    page = opened([ClipRow("samples/sample-000000.mp3", generated_text="the dog")], audio=samples)

    assert 'src="audio/samples/sample-000000.mp3"' in html(page)
    assert not page.info


def test_the_folder_in_the_settings_precedes_that_of_the_load(
    opened: Open, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIO_DIR", str(samples))

    assert "<audio" in html(opened([ClipRow("samples/sample-000000.mp3")], audio=tmp_path / "nowhere"))
