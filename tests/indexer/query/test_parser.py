import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from indexer.query.builder import MODES
from indexer.query.description import in_english
from indexer.query.parser import MOST_NOTES, parse
from indexer.query.syntax_tree import Beginning, Either, Every, InField, Not, Span, SyntaxTree, Word, Words
from tests.conftest import PROJECT

NOTHING = Either(())
DOG, CAT, FOX = Word("dog"), Word("cat"), Word("fox")


def understood(text: str) -> SyntaxTree:
    """What a text asks for of which everything is understood."""
    parsed = parse(text)
    assert parsed.notes == ()
    return parsed.tree


def field(name: str, *values: str) -> SyntaxTree:
    found = tuple(InField(name, value) for value in values)
    return found[0] if len(found) == 1 else Either(found)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", Every(())),
        (" \t\n\u3000", Every(())),
        ("dog", DOG),
        ("  DOG\u00a0Cat ", Every((DOG, CAT))),
        ("don't don’t", Word("dont")),
        ("dog dog cat DOG", Every((DOG, CAT))),
        ("to or not", Every((Word("to"), Word("or"), Word("not")))),
        ("hello, world!", Every((Word("hello"), Word("world")))),
        ("(dog)", DOG),
        ("12:30", Every((Word("12"), Word("30")))),
        ("http://a.org/b", Every((Word("http"), Word("a"), Word("org"), Word("b")))),
        ("नमस्ते", Word("नमस्ते")),
    ],
)
def test_words_side_by_side_are_all_asked_for_and_each_once(text: str, tree: SyntaxTree):
    assert understood(text) == tree


def test_what_stands_side_by_side_is_told_as_it_was_typed():
    assert parse("dog cat dog -dog cat OR dog").typed == (DOG, CAT, DOG, Not(DOG), Either((CAT, DOG)))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ('"the old man"', Words(("the", "old", "man"))),
        ("“the old man”", Words(("the", "old", "man"))),
        ("„the old man“", Words(("the", "old", "man"))),
        ("«the old man»", Words(("the", "old", "man"))),
        ("»the old man«", Words(("the", "old", "man"))),
        ('"dog"', DOG),
        ('"OR"', Word("or")),
        ('"-dog"', DOG),
        ('"dog*"', DOG),
        ('"foo:bar"', Words(("foo", "bar"))),
        ('"no no"', Words(("no", "no"))),
        ('dog"cat fox"dog', Every((DOG, Words(("cat", "fox"))))),
        ("京都大学", Words(("京都", "都大", "大学"))),
        ("大", Word("大")),
        ('"京都 東京"', Words(("京都", "東京"))),
        ("안녕하 dog", Every((Words(("안녕", "녕하")), DOG))),
    ],
)
def test_a_phrase_stands_in_quotes_of_any_kind_or_is_a_run_of_cjk(text: str, tree: SyntaxTree):
    assert understood(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("-dog", Not(DOG)),
        ("cat -dog", Every((CAT, Not(DOG)))),
        ('-"the dog"', Not(Words(("the", "dog")))),
        ("-do*", Not(Beginning("do"))),
        ("-age:teens,twenties", Not(field("age", "teens", "twenties"))),
        ("well-known", Every((Word("well"), Word("known")))),
        ("-well-known", Not(Every((Word("well"), Word("known"))))),
        ('"well-known"', Words(("well", "known"))),
        ('"dog"-cat', Every((DOG, CAT))),
        ("-OR", Not(Word("or"))),
        ("dog -dog", Every((DOG, Not(DOG)))),
    ],
)
def test_a_minus_leaves_out_what_stands_right_behind_it_and_joins_inside_a_word(text: str, tree: SyntaxTree):
    assert understood(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("dog OR cat", Either((DOG, CAT))),
        ("dog OR cat OR fox", Either((DOG, CAT, FOX))),
        ("fox dog OR cat", Every((FOX, Either((DOG, CAT))))),
        ("dog OR cat fox", Every((Either((DOG, CAT)), FOX))),
        ("dog OR dog", DOG),
        ('dog OR "the cat" OR -fox', Either((DOG, Words(("the", "cat")), Not(FOX)))),
        ("well-known OR dog", Either((Every((Word("well"), Word("known"))), DOG))),
        ("age:teens OR age:forties,fifties", field("age", "teens", "fourties", "fifties")),
    ],
)
def test_or_binds_its_neighbours_tighter_than_words_side_by_side(text: str, tree: SyntaxTree):
    assert understood(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("black*", Beginning("black")),
        ("BLACK*", Beginning("black")),
        ("well-kn*", Every((Word("well"), Beginning("kn")))),
        ("x" * 500 + "*", Beginning("x" * 127)),
        ("大*", Beginning("大")),
        ("smith~", Word("smith", sounds_like=True)),
        ("black-smith~", Every((Word("black"), Word("smith", sounds_like=True)))),
        ("dog dog~", Every((DOG, Word("dog", sounds_like=True)))),
    ],
)
def test_a_star_stands_for_the_rest_and_a_tilde_for_the_sound(text: str, tree: SyntaxTree):
    assert understood(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("accent:england", field("accent", "england")),
        ("Accent:ENGLAND", field("accent", "england")),
        ('accent:"New Zealand"', field("accent", "newzealand")),
        ("accent:“united states”,england", field("accent", "us", "england")),
        ("age:Forties", field("age", "fourties")),
        ("age:forties,fourties", field("age", "fourties")),
        ("age:teens,,twenties,", field("age", "teens", "twenties")),
        ("accent:Unknown", field("accent", "unknown")),
        ("gender:Female emotion:Happiness", Every((field("gender", "female"), field("emotion", "happiness")))),
        ("sentiment:NEGATIVE", field("sentiment", "negative")),
        ('accent:"Österreich, Wien"', field("accent", "Österreich, Wien")),
        ("clip:cv/Sample-1.mp3", field("clip", "cv/Sample-1.mp3")),
        (
            "dataset:cv asr_model:a/b ser_model:c",
            Every(tuple(map(field, ["dataset", "asr_model", "ser_model"], ["cv", "a/b", "c"]))),
        ),
        ("model:pocketsphinx", field("asr_model", "pocketsphinx")),
        ('error:"the file is empty: 0 bytes"', field("error", "the file is empty: 0 bytes")),
        ("extra.locale:en", field("extra.locale", "en")),
        ("extra.a.b.C:x:y", field("extra.a.b.C", "x:y")),
        ("text:Dog", field("text", "Dog")),
        ('text:"the dog",cat', field("text", "the dog", "cat")),
        ("text:unknown", field("text", "unknown")),
    ],
)
def test_a_field_takes_values_as_people_read_them(text: str, tree: SyntaxTree):
    assert understood(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("duration:2-8", Span("duration", 2, 8)),
        ("duration:2–8", Span("duration", 2, 8)),
        ("wer:0.5-", Span("wer", 0.5, None)),
        ("confidence:-.6", Span("confidence", None, 0.6)),
        ("emotion_score:.25-.5", Span("emotion_score", 0.25, 0.5)),
        ("up_votes:3", Span("up_votes", 3, 3)),
        ("down_votes:0", Span("down_votes", 0, 0)),
        ("start:26-", Span("start", 26, None)),
        ("duration:1-2,5-", Either((Span("duration", 1, 2), Span("duration", 5, None)))),
        ("duration:unknown", Not(Span("duration", None, None))),
    ],
)
def test_a_number_takes_a_span(text: str, tree: SyntaxTree):
    assert understood(text) == tree


@pytest.mark.parametrize(
    ("text", "tree", "note"),
    [
        ("colour:red", Every((Word("colour"), Word("red"))), "there is no field colour; searched for both words"),
        ('colour:"dark red"', Every((Word("colour"), Words(("dark", "red")))), "searched for both words"),
        ("colour:red,blue", Every((Word("colour"), Word("red"), Word("blue"))), "searched for all the words"),
        ("generated_text:dog", Every((Word("generated"), Word("text"), DOG)), "there is no field generated_text"),
        ('the "dog', Every((Word("the"), DOG)), "a quote is not closed"),
        ('age:"teens', Every((Word("age"), Word("teens"))), "a quote is not closed"),
        ("OR dog", DOG, "OR stands between two things"),
        ("dog OR", DOG, "OR stands between two things"),
        ("dog AND cat", Every((DOG, CAT)), "so AND was left out"),
        ("dog NOT cat", Every((DOG, Word("not"), CAT)), "NOT was read as a word; a minus"),
        ("(dog OR cat) fox", Every((Either((DOG, CAT)), FOX)), "brackets do not hold words together"),
        ("dog OR OR cat", Either((DOG, CAT)), "OR stands between two things"),
        ("OR", NOTHING, "OR stands between two things"),
        ("dog - cat", Every((DOG, CAT)), "a minus leaves out what stands right behind it"),
        ("-", NOTHING, "a minus leaves out"),
        ("duration:abc", NOTHING, "duration takes a number or a span such as 2-8, 2- or -8, not “abc”"),
        ("dog duration:8-2", DOG, "not “8-2”"),
        ("duration:-", NOTHING, "not “-”"),
        ("duration:" + "9" * 400, NOTHING, "not “999"),
        ('dog age:""', DOG, "age has no value behind it"),
        ('text:"?!"', NOTHING, "“?!” has no letters or digits to search for"),
        ("dog ?!", DOG, "“?!” has no letters or digits to search for"),
        ("dog OR ?! cat", Either((DOG, CAT)), "“?!” has no letters or digits"),
        ("-?!", NOTHING, "“?!” has no letters or digits"),
        ('""', NOTHING, "“” has no letters or digits"),
        ("*", NOTHING, "“*” has no letters or digits"),
        ("d*g", Every((Word("d"), Word("g"))), "* stands for the rest of a word"),
        ("*dog", DOG, "* stands for the rest of a word"),
        ("accent:u*", InField("accent", "u*"), "* stands for the rest of a word, not of a value; accent takes it"),
        ("dog~2", Every((DOG, Word("2"))), "~ stands behind a word"),
        ("dog~*", Beginning("dog"), "~ stands behind a word"),
        ("Age: teens", Every((Word("age"), Word("teens"))), "Age: wants a value right behind it"),
        ("dog extra.locale:", Every((DOG, Word("extra"), Word("locale"))), "extra.locale: wants a value"),
    ],
)
def test_what_is_not_understood_gets_a_note_and_the_rest_is_searched_for(text: str, tree: SyntaxTree, note: str):
    parsed = parse(text)
    assert parsed.tree == tree
    assert len(parsed.notes) == 1
    assert note in parsed.notes[0]


def test_a_note_is_made_once_and_a_book_makes_few():
    assert len(parse("? ? ? OR OR OR").notes) == 2
    assert len(parse(" ".join(f"field{number}:x" for number in range(1000))).notes) == MOST_NOTES


def test_a_colon_behind_another_word_gets_no_note():
    assert parse("he said: dog : generated_text: fox").notes == ("“:” has no letters or digits to search for",)


def test_a_note_repeats_no_more_than_a_line():
    (note,) = parse("duration:" + "x" * 10_000).notes
    assert len(note) < 150
    assert "x…" in note


TYPED = st.text(st.sampled_from('ab -"“”*~:,.ORé大\x00\ud800/') | st.characters()) | st.lists(
    st.sampled_from(
        ['"', "OR", "-", "age:", "duration:", "text:", "extra.{a}:", "2-8", "dog", "unknown", ",", "*", "~", " "]
    )
).map("".join)


@settings(max_examples=400)
@given(TYPED)
@example("extra.{}:{x} age:{0}")
@example("-OR OR -OR")
def test_nothing_that_is_typed_is_an_error(text: str):
    parsed = parse(text)
    assert all(parsed.notes)
    assert len(parsed.notes) <= MOST_NOTES
    for mode in MODES:
        in_english(parsed.tree, mode).encode()
    assert (parsed.tree == Every(())) == (not re.sub(r"[\x00-\x1f\x7f]", " ", text).strip())


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        '"',
        '" ',
        '"a ',
        "a OR ",
        "OR ",
        "a:",
        "age:",
        "-",
        "*",
        "大",
        "extra.",
        ",",
        "a,",
        "age:a,",
        'age:"',
        "2-",
        " ",
    ],
)
@pytest.mark.timeout(280)  # far more than the time in proportion, far less than its square
def test_a_hundred_thousand_of_anything_are_read(piece: str):
    for text in (piece * 100_000, "age:" + piece * 100_000, f"dog {piece * 100_000} cat"):
        assert len(parse(text).notes) <= MOST_NOTES


def documented() -> list[tuple[str, str]]:
    """The rows of the tables under “What you can type”: what is typed, and what is said of it."""
    text = (PROJECT / "docs" / "search.md").read_text(encoding="utf-8")
    section = text.split("## What you can type", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `(.+?)` +\| (.+?) +\|$", section, re.MULTILINE)


@pytest.mark.parametrize(("text", "said"), documented())
def test_what_the_documentation_says_of_an_example_is_so(text: str, said: str):
    parsed = parse(text)
    if parsed.notes:
        assert (said,) == parsed.notes
    else:
        assert said == in_english(parsed.tree, "forgiving")


def test_the_documentation_has_examples_of_all_that_can_be_asked_for():
    tree = [parse(text).tree for text, _ in documented()]
    kinds = {type(one) for tree in tree for one in (tree, *getattr(tree, "children", ()))}
    assert kinds == {Word, Words, Beginning, InField, Span, Not, Either, Every}
    assert sum(bool(parse(text).notes) for text, _ in documented()) >= 5
