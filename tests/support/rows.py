"""Generated clip rows with everything that occurs in real corpora, including values that clean corpora lack."""

from hearsay.records.clip import ClipRow
from hearsay.records.transcript import Alternative, ModelTranscript, Segment, Word
from indexer.passages import Passage, passages_of

LATIN = (
    ClipRow(
        "set/a1.mp3",
        generated_text="THE BOY RUNS HOME",
        age="twenties",
        gender="male",
        accent="us",
        duration=2.0,
        confidence=0.5,
    ),
    ClipRow(
        "set/a2.mp3", generated_text="THE BOY RUNS HOME", age="fourties", gender="male", duration=5.0, confidence=0.5
    ),
    ClipRow("set/a3.mp3", generated_text="THE BOY RUNS HOME", gender="female", accent="england", duration=8.0),
    ClipRow(
        "set/a4.mp3",
        generated_text="BOYS RUNNING",
        asr_model="one/large",
        age="twenties",
        emotion="happiness",
        sentiment="positive",
    ),
    ClipRow(
        "set/a5.mp3", generated_text="A DOG A DOG A DOG", text="a dog a frog", duration=3.25, confidence=1.0, up_votes=2
    ),
    ClipRow("set/a6.mp3", generated_text="DON'T  PANIC", text="do not panic", decoded_at="2026-01-02T03:04:05Z"),
    ClipRow(
        "set/a7.mp3",
        generated_text="A CAT",
        confidence=0.0,
        asr_model="other",
        emotion="uncertain",
        sentiment="uncertain",
        emotion_score=0.4,
    ),
)

EMPTY = (
    ClipRow("set/b1.mp3", generated_text="", duration=1.0, decoded_at="yesterday, I think"),
    ClipRow("set/b2.mp3", error="the file is empty: 0 bytes", age="unknown", gender="male"),
    ClipRow("set/b3.mp3", text="never transcribed", age="", gender="unknown", accent="x" * 1200),
    ClipRow("set/b4.mp3", generated_text="?! …"),
    ClipRow("set/b5.mp3", generated_text="∅", up_votes=2**70),
    ClipRow("-"),
)

UNICODE = (
    ClipRow("ünï/с1.mp3", generated_text="Straße İstanbul ﬁne Ångström", accent="Österreich, Wien"),
    ClipRow("ünï/с2.mp3", generated_text="नमस्ते दुनिया क्षत्रिय", accent="हिन्दी"),
    ClipRow("ünï/с3.mp3", generated_text="京都大学は遠い 大 東京"),
    ClipRow("ünï/с4.mp3", generated_text="안녕하세요 한국 각"),
    ClipRow("ünï/с5.mp3", generated_text="مرحبا بالعالم שלום עולם"),
    ClipRow("ünï/с6.mp3", generated_text="can’t CANʼT o'clock ﷺ ½ x² 𝕳ello 🐍 snake"),
    ClipRow("ünï/с7.mp3", generated_text="a\u200db zero\u00adwidth e\u0301te\u0301 tab\there line\u2028end nul\x00nul"),
    ClipRow("ünï/с8.mp3", generated_text="𐌰𐌱" * 150 + " " + "long" * 100),
    ClipRow("ünï/с9.mp3", generated_text="สวัสดีครับผมชื่อสมชาย ភាសា\u200bខ្មែរ", text="I ❤️ you"),
    ClipRow("ünï/с10.mp3", generated_text="I love ⚡️ it 👩\u200d👧 🇩🇪🇫🇷", text="the sun ☀️ shines"),
    ClipRow("ünï/с11.mp3", generated_text="مُحَمَّد Oʻzbekiston ¨hello¨ STRASSE"),
    ClipRow("ünï/🎙 #?&=%2F.mp3", generated_text="The boy, again", age=" twenties", accent='us\\land "quoted" <b>'),
    ClipRow("ünï/\x07bell.mp3", generated_text="\x1b[31mred boy", emotion="\x1b]0;x\x07"),
    ClipRow("x" * 500, generated_text="the longest id"),
)

EXTRA = (
    ClipRow(
        "set/c1.mp3",
        generated_text="columns of others",
        extra={"": "0", "locale": "en", "a.b.c": "dots", "ключ": "Ж", "my column": "two words", "back\\slash": "x"},
    ),
    ClipRow("set/c3.mp3", extra={"locale": "", "my column": "2026-01-02T03:04:05Z", "a.b.c": "5"}),
    ClipRow("set/c4.mp3", extra={"locale": "unknown", "my column": "true", "a.b.c": "dotted"}),
    ClipRow("set/c2.mp3", extra={"id": "not ours", "tokens": "neither", "clip": "nor this", "long": "y" * 40_000}),
)

INTERVIEW = ClipRow(
    "set/interview.mp3",
    text="the whole reference",
    generated_text="first part second part third part",
    duration=80.0,
    segments=(
        Segment(0.0, 25.0, "first part", 0.9, "neutral", 0.8),
        Segment(26.0, 50.0, "second part", 0.8, "happiness", 0.7),
        Segment(51.0, 80.0, "third part", 0.7),
    ),
    words=(Word("first", 0.5, 1.0, 0.9), Word("part", 1.0, 1.5), Word("second", 27.0, 28.0), Word("third", 52.0, 53.0)),
    emotion="neutral",
    emotion_scores={"neutral": 0.75, "happiness": 0.25},
    sentiment="neutral",
    dataset="set",
)

REPEATED = (
    ClipRow("set/d1.mp3", generated_text="no no no", up_votes=0, down_votes=-1),
    ClipRow("set/d2.mp3", generated_text="no", up_votes=-(2**53)),
    ClipRow("set/d3.mp3", generated_text="oh no no I said no", up_votes=2**53),
    ClipRow("set/d4.mp3", generated_text="no oh no", emotion_score=0.5),
)

DOUBTED = ClipRow(
    "set/doubted.mp3",
    generated_text="THE BLACK SMITH",
    words=(
        Word("BLACK", 0.5, 1.0, 0.6, (Alternative("blacksmith", 0.31), Alternative("BLOCK", 0.07))),
        Word("SMITH", 1.0, 1.5, 0.5, (Alternative("京都大", 0.98), Alternative("𐌰" * 300, 0.5))),
    ),
)


def second(text: str, model: str = "two/small") -> tuple[ModelTranscript]:
    """A second transcript, with a word every half second."""
    words = (Word(word, at / 2, at / 2 + 0.5, 0.75) for at, word in enumerate(text.split()))
    return (ModelTranscript(model=model, text=text, words=tuple(words), confidence=0.75, language="en"),)


COMPARED = (
    ClipRow(
        "set/e1.mp3",
        text="whale song",
        generated_text="WHALE SONG",
        duration=12.5,
        confidence=0.25,
        transcripts=second("whale song"),
    ),
    ClipRow(
        "set/e2.mp3", text="whale song", generated_text="WHALE LONG", duration=12.0, transcripts=second("whale song")
    ),
    ClipRow(
        "set/e3.mp3",
        text="whale song",
        generated_text="WHALE SUNG",
        duration=12.0,
        confidence=0.25,
        transcripts=second("whale sung"),
    ),
    ClipRow("set/e4.mp3", text="whales", generated_text="WHALE SONG", duration=12.25, transcripts=second("")),
    ClipRow("set/e5.mp3", generated_text="WHALE SONG"),
)

SECONDED = (
    ClipRow("set/f1.mp3", generated_text="THE PAINTED WALL", transcripts=second("the faint wall")),
    ClipRow("set/f2.mp3", generated_text="音楽会は近い", transcripts=second("音楽 近所", "三/大")),
    ClipRow("set/f3.mp3", generated_text="ONE TWO", transcripts=(*second("one two"), *second("won too", "three"))),
)

ALL = (*LATIN, *EMPTY, *UNICODE, *EXTRA, *REPEATED, *COMPARED, *SECONDED, DOUBTED, INTERVIEW)


def passages(rows: tuple[ClipRow, ...] = ALL) -> list[Passage]:
    """The passages of rows, in the order of the rows."""
    return [passage for row in rows for passage in passages_of(row)]
