import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from indexer.query.builder import MODES
from indexer.query.description import describe_query
from indexer.query.parser import MOST_NOTES, parse
from indexer.query.syntax_tree import (
    Conjunction,
    Disjunction,
    FieldQuery,
    Negation,
    PhraseQuery,
    PrefixQuery,
    RangeQuery,
    SyntaxTree,
    WordQuery,
)
from tests.conftest import PROJECT

NOTHING = Disjunction(())
DOG, CAT, FOX = WordQuery("dog"), WordQuery("cat"), WordQuery("fox")


def understood(text: str) -> SyntaxTree:
    """The tree of a query that parses without notes."""
    parsed = parse(text)
    assert parsed.notes == ()
    return parsed.tree


def field(name: str, *values: str) -> SyntaxTree:
    found = tuple(FieldQuery(name, value) for value in values)
    return found[0] if len(found) == 1 else Disjunction(found)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", Conjunction(())),
        (" \t\n\u3000", Conjunction(())),
        ("dog", DOG),
        ("  DOG\u00a0Cat ", Conjunction((DOG, CAT))),
        ("don't don’t", WordQuery("dont")),
        ("dog dog cat DOG", Conjunction((DOG, CAT))),
        ("to or not", Conjunction((WordQuery("to"), WordQuery("or"), WordQuery("not")))),
        ("hello, world!", Conjunction((WordQuery("hello"), WordQuery("world")))),
        ("(dog)", DOG),
        ("12:30", Conjunction((WordQuery("12"), WordQuery("30")))),
        ("http://a.org/b", Conjunction((WordQuery("http"), WordQuery("a"), WordQuery("org"), WordQuery("b")))),
        ("नमस्ते", WordQuery("नमस्ते")),
    ],
)
def test_adjacent_words_are_all_required_without_duplicates(text: str, tree: SyntaxTree):
    assert understood(text) == tree


def test_the_parsed_query_keeps_the_terms_as_typed():
    assert parse("dog cat dog -dog cat OR dog").typed == (DOG, CAT, DOG, Negation(DOG), Disjunction((CAT, DOG)))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ('"the old man"', PhraseQuery(("the", "old", "man"))),
        ("“the old man”", PhraseQuery(("the", "old", "man"))),
        ("„the old man“", PhraseQuery(("the", "old", "man"))),
        ("«the old man»", PhraseQuery(("the", "old", "man"))),
        ("»the old man«", PhraseQuery(("the", "old", "man"))),
        ('"dog"', DOG),
        ('"OR"', WordQuery("or")),
        ('"-dog"', DOG),
        ('"dog*"', DOG),
        ('"foo:bar"', PhraseQuery(("foo", "bar"))),
        ('"no no"', PhraseQuery(("no", "no"))),
        ('dog"cat fox"dog', Conjunction((DOG, PhraseQuery(("cat", "fox"))))),
        ("京都大学", PhraseQuery(("京都", "都大", "大学"))),
        ("大", WordQuery("大")),
        ('"京都 東京"', PhraseQuery(("京都", "東京"))),
        ("안녕하 dog", Conjunction((PhraseQuery(("안녕", "녕하")), DOG))),
    ],
)
def test_quotes_of_any_kind_and_runs_of_cjk_characters_are_phrases(text: str, tree: SyntaxTree):
    assert understood(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("-dog", Negation(DOG)),
        ("cat -dog", Conjunction((CAT, Negation(DOG)))),
        ('-"the dog"', Negation(PhraseQuery(("the", "dog")))),
        ("-do*", Negation(PrefixQuery("do"))),
        ("-age:teens,twenties", Negation(field("age", "teens", "twenties"))),
        ("well-known", Conjunction((WordQuery("well"), WordQuery("known")))),
        ("-well-known", Negation(Conjunction((WordQuery("well"), WordQuery("known"))))),
        ('"well-known"', PhraseQuery(("well", "known"))),
        ('"dog"-cat', Conjunction((DOG, CAT))),
        ("-OR", Negation(WordQuery("or"))),
        ("dog -dog", Conjunction((DOG, Negation(DOG)))),
        ("cat –dog", Conjunction((CAT, Negation(DOG)))),
        ("cat —dog", Conjunction((CAT, Negation(DOG)))),
        ("cat −dog", Conjunction((CAT, Negation(DOG)))),
        ("–“the dog”", Negation(PhraseQuery(("the", "dog")))),
        ("well–known", Conjunction((WordQuery("well"), WordQuery("known")))),
        ("fox -(dog OR cat)", Conjunction((FOX, Negation(Disjunction((DOG, CAT)))))),
        ("–(dog)", Negation(DOG)),
    ],
)
def test_a_leading_minus_excludes_what_follows_and_an_inner_hyphen_separates_words(text: str, tree: SyntaxTree):
    assert understood(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("dog OR cat", Disjunction((DOG, CAT))),
        ("dog OR cat OR fox", Disjunction((DOG, CAT, FOX))),
        ("fox dog OR cat", Conjunction((FOX, Disjunction((DOG, CAT))))),
        ("dog OR cat fox", Conjunction((Disjunction((DOG, CAT)), FOX))),
        ("dog OR dog", DOG),
        ('dog OR "the cat" OR -fox', Disjunction((DOG, PhraseQuery(("the", "cat")), Negation(FOX)))),
        ("well-known OR dog", Disjunction((Conjunction((WordQuery("well"), WordQuery("known"))), DOG))),
        ("age:teens OR age:forties,fifties", field("age", "teens", "fourties", "fifties")),
    ],
)
def test_or_binds_tighter_than_adjacent_words(text: str, tree: SyntaxTree):
    assert understood(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("black*", PrefixQuery("black")),
        ("BLACK*", PrefixQuery("black")),
        ("well-kn*", Conjunction((WordQuery("well"), PrefixQuery("kn")))),
        ("x" * 500 + "*", PrefixQuery("x" * 127)),
        ("大*", PrefixQuery("大")),
        ("smith~", WordQuery("smith", sounds_like=True)),
        ("black-smith~", Conjunction((WordQuery("black"), WordQuery("smith", sounds_like=True)))),
        ("dog dog~", Conjunction((DOG, WordQuery("dog", sounds_like=True)))),
    ],
)
def test_a_star_matches_a_prefix_and_a_tilde_similar_sounding_words(text: str, tree: SyntaxTree):
    assert understood(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("accent:england", field("accent", "england")),
        ("Accent:ENGLAND", field("accent", "england")),
        ('accent:"New Zealand"', field("accent", "newzealand")),
        ("accent:“united states”,england", field("accent", "us", "england")),
        ("age:Forties", field("age", "fourties")),
        ("age:20s", field("age", "twenties")),
        ("age:forties,fourties", field("age", "fourties")),
        ("age:teens,,twenties,", field("age", "teens", "twenties")),
        ("accent:Unknown", field("accent", "unknown")),
        ("gender:Female emotion:Happiness", Conjunction((field("gender", "female"), field("emotion", "happiness")))),
        ("sentiment:NEGATIVE", field("sentiment", "negative")),
        ('accent:"Österreich, Wien"', field("accent", "Österreich, Wien")),
        ("clip:cv/Sample-1.mp3", field("clip", "cv/Sample-1.mp3")),
        (
            "dataset:cv asr_model:a/b ser_model:c",
            Conjunction(tuple(map(field, ["dataset", "asr_model", "ser_model"], ["cv", "a/b", "c"]))),
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
def test_a_field_accepts_values_by_label_or_as_stored(text: str, tree: SyntaxTree):
    assert understood(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("duration:2-8", RangeQuery("duration", 2, 8)),
        ("duration:2–8", RangeQuery("duration", 2, 8)),
        ("duration:2−8", RangeQuery("duration", 2, 8)),
        ("wer:0.5-", RangeQuery("wer", 0.5, None)),
        ("confidence:-.6", RangeQuery("confidence", None, 0.6)),
        ("emotion_score:.25-.5", RangeQuery("emotion_score", 0.25, 0.5)),
        ("up_votes:3", RangeQuery("up_votes", 3, 3)),
        ("down_votes:0", RangeQuery("down_votes", 0, 0)),
        ("start:26-", RangeQuery("start", 26, None)),
        ("duration:1-2,5-", Disjunction((RangeQuery("duration", 1, 2), RangeQuery("duration", 5, None)))),
        ("duration:unknown", Negation(RangeQuery("duration", None, None))),
    ],
)
def test_a_numeric_field_accepts_a_number_or_a_range(text: str, tree: SyntaxTree):
    assert understood(text) == tree


@pytest.mark.parametrize(
    ("text", "tree", "note"),
    [
        (
            "colour:red",
            Conjunction((WordQuery("colour"), WordQuery("red"))),
            "there is no field colour; searched for both words",
        ),
        (
            'colour:"dark red"',
            Conjunction((WordQuery("colour"), PhraseQuery(("dark", "red")))),
            "searched for both words",
        ),
        (
            "colour:red,blue",
            Conjunction((WordQuery("colour"), WordQuery("red"), WordQuery("blue"))),
            "searched for all the words",
        ),
        (
            "generated_text:dog",
            Conjunction((WordQuery("generated"), WordQuery("text"), DOG)),
            "there is no field generated_text",
        ),
        ('the "dog', Conjunction((WordQuery("the"), DOG)), "a quote is not closed"),
        ('age:"teens', Conjunction((WordQuery("age"), WordQuery("teens"))), "a quote is not closed"),
        ("OR dog", DOG, "OR needs a word on either side"),
        ("dog OR", DOG, "OR needs a word on either side"),
        ("dog AND cat", Conjunction((DOG, CAT)), "so AND was ignored"),
        ("dog NOT cat", Conjunction((DOG, WordQuery("not"), CAT)), "NOT was read as a word; to exclude"),
        ("(dog OR cat) fox", Conjunction((Disjunction((DOG, CAT)), FOX)), "brackets do not group words"),
        ("dog OR OR cat", Disjunction((DOG, CAT)), "OR needs a word on either side"),
        ("OR", NOTHING, "OR needs a word on either side"),
        ("dog - cat", Conjunction((DOG, CAT)), "a minus excludes what directly follows it"),
        ("-", NOTHING, "a minus excludes"),
        ("duration:abc", NOTHING, "duration takes a number or a range such as 2-8, 2- or -8, not “abc”"),
        ("dog duration:8-2", DOG, "not “8-2”"),
        ("duration:-", NOTHING, "not “-”"),
        ("duration:" + "9" * 400, NOTHING, "not “999"),
        ('dog age:""', DOG, "age has no value"),
        ('text:"?!"', NOTHING, "“?!” has no letters or digits to search for"),
        ("dog ?!", DOG, "“?!” has no letters or digits to search for"),
        ("dog OR ?! cat", Disjunction((DOG, CAT)), "“?!” has no letters or digits"),
        ("-?!", NOTHING, "“?!” has no letters or digits"),
        ('""', NOTHING, "“” has no letters or digits"),
        ("*", NOTHING, "“*” has no letters or digits"),
        ("d*g", Conjunction((WordQuery("d"), WordQuery("g"))), "* stands for the rest of a word"),
        ("*dog", DOG, "* stands for the rest of a word"),
        ("accent:u*", FieldQuery("accent", "u*"), "* stands for the rest of a word, not of a value; accent takes it"),
        ("dog~2", Conjunction((DOG, WordQuery("2"))), "~ adds similar-sounding words"),
        ("dog~*", PrefixQuery("dog"), "~ adds similar-sounding words"),
        ("Age: teens", Conjunction((WordQuery("age"), WordQuery("teens"))), "Age: needs a value directly after it"),
        (
            "dog extra.locale:",
            Conjunction((DOG, WordQuery("extra"), WordQuery("locale"))),
            "extra.locale: needs a value",
        ),
    ],
)
def test_invalid_syntax_gets_a_note_and_the_rest_is_searched(text: str, tree: SyntaxTree, note: str):
    parsed = parse(text)
    assert parsed.tree == tree
    assert len(parsed.notes) == 1
    assert note in parsed.notes[0]


@pytest.mark.parametrize(
    ("text", "tree", "note"),
    [
        ("-(dog cat)", Negation(Disjunction((DOG, CAT))), "-(dog cat) excludes each of them"),
        ("fox -(dog", Conjunction((FOX, Negation(DOG))), "put a minus before each word to exclude it"),
        ("dog — cat", Conjunction((DOG, CAT)), "a separate one was ignored"),
        ("dog !cat", Conjunction((DOG, CAT)), "to exclude cat, type -cat"),
        ("dog | cat", Conjunction((DOG, CAT)), "type OR between them"),
        ("dog|cat", Conjunction((DOG, CAT)), "type OR between them"),
        ("dog^2", DOG, "^2 was ignored"),
        ("dog^0.5 cat", Conjunction((DOG, CAT)), "^0.5 was ignored"),
        ('"the dog"^2', PhraseQuery(("the", "dog")), "^2 was ignored"),
        ('"the dog"~3', PhraseQuery(("the", "dog")), "~3 was ignored"),
        ("dog NEAR/3 cat", Conjunction((DOG, CAT)), "put them in quotes"),
        ("dog w/5 cat", Conjunction((DOG, CAT)), "put them in quotes"),
        ("do?", WordQuery("do"), "type do*"),
        ("d?g", Conjunction((WordQuery("d"), WordQuery("g"))), "type d*"),
        ("do? cat", Conjunction((WordQuery("do"), CAT)), "type do*"),
        ("/do[gt]/", Conjunction((WordQuery("do"), WordQuery("gt"))), "type do*"),
        ("/[dg]o/i", Conjunction((WordQuery("dg"), WordQuery("o"), WordQuery("i"))), "type black*"),
        ("accent=us", Conjunction((WordQuery("accent"), WordQuery("us"))), "type accent:us"),
        ("accent!=us", Conjunction((WordQuery("accent"), WordQuery("us"))), "type -accent:us"),
        ("accent：us", Conjunction((WordQuery("accent"), WordQuery("us"))), "type accent:us"),
        ("duration>5", Conjunction((WordQuery("duration"), WordQuery("5"))), "type duration:5-"),
        ("duration<=5", Conjunction((WordQuery("duration"), WordQuery("5"))), "type duration:-5"),
        ("duration:>5", NOTHING, "duration takes a number or a range such as 2-8, 2- or -8"),
        ("accent:(us,england)", field("accent", "us", "england"), "no brackets: accent:us,england"),
        ("accent:[us,england]", field("accent", "us", "england"), "no brackets: accent:us,england"),
        ("accent:us|england", field("accent", "us", "england"), "no brackets: accent:us,england"),
        (
            "accent:(New Zealand)",
            Conjunction((FieldQuery("accent", "(New"), WordQuery("zealand"))),
            'a value with spaces needs quotes, as in accent:"New Zealand"',
        ),
    ],
)
def test_a_sign_of_another_query_language_gets_a_note_with_the_right_syntax(text: str, tree: SyntaxTree, note: str):
    parsed = parse(text)
    assert parsed.tree == tree
    assert len(parsed.notes) == 1
    assert note in parsed.notes[0]


@pytest.mark.parametrize(
    "text", ["who is there?", "is it 5 o'clock?", "e^x", "1=1", "usr/bin", "24/7", 'accent:"(us)"']
)
def test_text_that_is_not_of_another_query_language_gets_no_note(text: str):
    assert parse(text).notes == ()


def test_notes_are_not_repeated_and_their_number_is_limited():
    assert len(parse("? ? ? OR OR OR").notes) == 2
    assert len(parse(" ".join(f"field{number}:x" for number in range(1000))).notes) == MOST_NOTES


def test_a_colon_after_a_word_that_is_not_a_field_gets_no_note():
    assert parse("he said: dog : generated_text: fox").notes == ("“:” has no letters or digits to search for",)


def test_a_long_value_is_truncated_in_a_note():
    (note,) = parse("duration:" + "x" * 10_000).notes
    assert len(note) < 150
    assert "x…" in note


TYPED = st.text(st.sampled_from('ab -–"“”*~:,.()[]^?!|=</ORé大\x00\ud800/') | st.characters()) | st.lists(
    st.sampled_from(
        ['"', "OR", "-", "age:", "duration:", "text:", "extra.{a}:", "2-8", "dog", "unknown", ",", "*", "~", " "]
    )
).map("".join)


@settings(max_examples=400)
@given(TYPED)
@example("extra.{}:{x} age:{0}")
@example("-OR OR -OR")
def test_no_typed_query_raises_an_error(text: str):
    parsed = parse(text)
    assert all(parsed.notes)
    assert len(parsed.notes) <= MOST_NOTES
    for mode in MODES:
        describe_query(parsed.tree, mode).encode()
    assert (parsed.tree == Conjunction(())) == (not re.sub(r"[\x00-\x1f\x7f]", " ", text).strip())


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
        "-(",
        " -(a",
        "^",
        "^1",
        "/",
        "/a",
        "/a ",
        "?",
        "a?",
        "|",
        "!",
        "=",
        "age=",
        "age:(",
        "(",
        '"a"~1',
        "❤️",
        "ก",
        "\u0301",
    ],
)
@pytest.mark.timeout(280)  # far more than linear time needs, far less than quadratic time
def test_a_hundred_thousand_repetitions_of_any_piece_are_parsed(piece: str):
    for text in (piece * 100_000, "age:" + piece * 100_000, f"dog {piece * 100_000} cat"):
        assert len(parse(text).notes) <= MOST_NOTES


def documented() -> list[tuple[str, str]]:
    """The rows of the tables under “What you can type”: each query with its description or note."""
    text = (PROJECT / "docs" / "search.md").read_text(encoding="utf-8")
    section = text.split("## What you can type", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| `(.+?)` +\| (.+?) +\|$", section, re.MULTILINE)
    return [(text.replace("\\|", "|"), description.replace("\\|", "|")) for text, description in rows]


@pytest.mark.parametrize(("text", "description"), documented())
def test_documented_queries_have_the_documented_descriptions(text: str, description: str):
    parsed = parse(text)
    if parsed.notes:
        assert (description,) == parsed.notes
    else:
        assert description == describe_query(parsed.tree, "forgiving")


def test_the_documentation_has_examples_of_every_kind_of_query():
    tree = [parse(text).tree for text, _ in documented()]
    kinds = {type(one) for tree in tree for one in (tree, *getattr(tree, "children", ()))}
    assert kinds == {WordQuery, PhraseQuery, PrefixQuery, FieldQuery, RangeQuery, Negation, Disjunction, Conjunction}
    assert sum(bool(parse(text).notes) for text, _ in documented()) >= 5
