import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hearsay.errors import BadRow, BadTable, JournalInUse
from hearsay.records.clip import ClipRow
from hearsay.records.journal import Journal
from hearsay.records.table import write_csv
from hearsay.records.transcript import Alternative, FailedPiece, Segment, Word
from indexer.embedded.writer import EmbeddedWriter
from indexer.errors import IndexInUse, WrongRequest
from indexer.index import RolledBack, SearchWriter
from indexer.ingest import load as loading
from indexer.passages import Passage
from indexer.provenance import Origin
from tests.support.contract import ids, transcribed
from tests.support.rows import INTERVIEW, passages


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SearchWriter]:
    index = EmbeddedWriter(tmp_path / "index")
    yield index
    index.close()


@pytest.fixture
def deletions(tmp_path: Path) -> Path:
    return tmp_path / "deletions.jsonl"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_files_are_merged_by_id_and_column_and_later_cells_take_precedence(tmp_path: Path):
    first = write(tmp_path / "a.csv", "filename,text,age,duration\nx.mp3,the dog,teens,\ny.mp3,the cat,,3\n")
    second = write(tmp_path / "b.CSV", "filename,generated_text,age,duration,locale\nx.mp3,THE DOG,twenties,2.5,en\n")
    third = write(tmp_path / "c.jsonl", '{"filename": "y.mp3", "generated_text": "THE CAT", "duration": null}\n')
    rows = loading.read_rows([first, second, third])
    assert list(rows.values()) == [
        ClipRow(
            "x.mp3", text="the dog", age="twenties", duration=2.5, generated_text="THE DOG", extra={"locale": "en"}
        ),
        ClipRow("y.mp3", text="the cat", duration=3.0, generated_text="THE CAT"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "error", "sentence"),
    [
        ("a.txt", "x", WrongRequest, "must be .csv, .tsv, .jsonl, a NeMo manifest or .parquet, not .txt"),
        ("a", "x", WrongRequest, "without an extension"),
        ("a.csv", "path\nx\n", BadTable, "no filename column"),
        ("a.csv", "filename\n", WrongRequest, "there is no clip in"),
        ("a.jsonl", "", WrongRequest, "there is no clip in"),
        ("a.jsonl", '{"filename": 3}\n', BadRow, "line 1"),
    ],
)
def test_a_file_without_clip_records_is_rejected(
    tmp_path: Path, name: str, text: str, error: type[Exception], sentence: str
):
    with pytest.raises(error, match=sentence):
        loading.read_rows([write(tmp_path / name, text)])


def test_ids_that_differ_only_in_unicode_normal_form_are_reported(tmp_path: Path):
    composed, decomposed = (unicodedata.normalize(form, "set/é.wav") for form in ("NFC", "NFD"))
    for name, clip_id in (("a", composed), ("b", decomposed), ("c", "set/e.wav")):
        (tmp_path / f"{name}.csv").write_text(f"filename,generated_text\n{clip_id},hello\n", encoding="utf-8")
    said: list[str] = []
    assert len(loading.read_rows([tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "c.csv"], said.append)) == 3
    assert "1 clip with two ids that differ only in their Unicode normal form" in said[-1]
    assert f"two clips: {composed}; write the name" in said[-1]
    said.clear()
    loading.read_rows([tmp_path / "a.csv", tmp_path / "c.csv"], said.append)
    assert not any("normal form" in sentence for sentence in said)


def test_a_missing_file_is_reported_by_name(tmp_path: Path):
    with pytest.raises(WrongRequest, match=r"there is no file .*nothing\.csv"):
        loading.read_rows([tmp_path / "nothing.csv"])


def test_a_folder_is_rejected_with_the_log_to_name_instead(tmp_path: Path):
    (tmp_path / "recognised").mkdir()
    with pytest.raises(WrongRequest, match=r"recognised is a folder; name .*/recognised/clips\.jsonl$"):
        loading.read_rows([tmp_path / "recognised"])


def test_a_load_counts_clips_passages_and_failures_and_reports_progress(
    index: SearchWriter, deletions: Path, tmp_path: Path
):
    rows = [INTERVIEW, ClipRow("a", error="no audio in it"), ClipRow("b", deleted=True)]
    steps: list[None] = []
    loaded = loading.load(index, rows, deletions, str(tmp_path), lambda: steps.append(None))
    assert (loaded.clips, loaded.passages, loaded.failed, loaded.deleted) == (2, 4, 1, 1)
    assert loaded.version == index.about().version
    assert len(steps) == 2
    assert index.about().audio == str(tmp_path)
    assert index.get("a") is not None, "a failed clip is also in the index"


def test_a_partly_failed_clip_is_counted_and_found_by_its_partial_transcript(index: SearchWriter, deletions: Path):
    error = "0:30.0–1:00.0 could not be transcribed: no memory"
    row = replace(INTERVIEW, error=error, failed_pieces=(FailedPiece(30.0, 60.0, "no memory"),))
    loaded = loading.load(index, [row, ClipRow("a", error="no audio in it")], deletions)
    assert (loaded.clips, loaded.failed, loaded.failed_in_part) == (2, 1, 1)
    found = [index.get(passage_id) for passage_id in ids(index) if passage_id != "a"]
    assert len(found) > 1
    assert all(passage and passage.row.generated_text and passage.row.error == error for passage in found)


def test_a_clip_whose_second_transcription_failed_is_found_by_its_older_transcript(
    index: SearchWriter, deletions: Path
):
    row = ClipRow("a", generated_text="the dog", asr_model="m", error="transcribing again failed: no memory")
    loaded = loading.load(index, [row, ClipRow("b", error="no audio in it")], deletions)
    assert (loaded.clips, loaded.failed, loaded.failed_again) == (2, 1, 1)
    assert ids(index, transcribed("dog")) == ["a"]


def test_a_deletion_is_recorded_and_respected_by_later_loads(index: SearchWriter, deletions: Path):
    rows = [ClipRow("a"), ClipRow("b"), ClipRow("c")]
    loading.load(index, rows, deletions)
    assert loading.delete(index, ["b", "not there"], deletions) == 1
    assert ids(index) == ["a", "c"]
    assert loading.deleted_clips(deletions) == {"b", "not there"}
    assert loading.load(index, rows, deletions).deleted == 1
    assert ids(index) == ["a", "c"]


def test_putting_a_deleted_clip_restores_it_permanently(index: SearchWriter, deletions: Path):
    rows = [ClipRow("a"), ClipRow("b")]
    loading.load(index, rows, deletions)
    loading.delete(index, ["a", "b"], deletions)
    assert loading.put(index, [ClipRow("b", generated_text="again")], deletions) == (1, 0)
    assert ids(index) == ["b"]
    assert loading.deleted_clips(deletions) == {"a"}
    loading.load(index, rows, deletions)
    assert ids(index) == ["b"]


def test_putting_rows_marked_as_deleted_removes_their_clips(index: SearchWriter, deletions: Path):
    loading.load(index, [ClipRow("a"), ClipRow("b")], deletions)
    assert loading.put(index, [ClipRow("a", deleted=True), ClipRow("c")], deletions) == (1, 1)
    assert ids(index) == ["b", "c"]


def test_a_deletion_that_cannot_be_recorded_is_not_made(index: SearchWriter, deletions: Path):
    loading.load(index, [ClipRow("a")], deletions)
    with Journal(deletions), pytest.raises(JournalInUse):
        loading.delete(index, ["a"], deletions)
    assert ids(index) == ["a"]


def test_the_message_for_a_blocked_deletion_says_that_it_is_recorded(index: SearchWriter, deletions: Path):
    rows = [ClipRow("a"), ClipRow("b")]
    loading.load(index, rows, deletions)

    def while_loading() -> Iterator[Passage]:
        with pytest.raises(IndexInUse, match=r"another process is writing .*; the deletion is recorded in .*jsonl"):
            loading.delete(index, ["a"], deletions)
        yield from passages(tuple(rows))

    index.replace(while_loading())
    assert ids(index) == ["a", "b"]
    assert loading.load(index, rows, deletions).deleted == 1
    assert ids(index) == ["b"]


def test_a_load_respects_deletions_made_before_it_takes_the_lock(tmp_path: Path, deletions: Path):
    clips = [ClipRow("a"), ClipRow("b")]

    class Late(EmbeddedWriter):
        """A writer that takes its lock late."""

        def replace(self, passages: Iterable[Passage], audio: str | None = None, origin: Origin | None = None) -> int:
            other = EmbeddedWriter(tmp_path / "index")
            loading.load(other, clips, deletions)
            loading.delete(other, ["a"], deletions)
            return super().replace(passages, audio, origin)

    late = Late(tmp_path / "index")
    assert loading.load(late, clips, deletions).deleted == 1
    assert ids(late) == ["b"]


def test_a_rollback_does_not_bring_deleted_clips_back(index: SearchWriter, deletions: Path):
    clips = [INTERVIEW, ClipRow("a"), ClipRow("b")]
    first = loading.load(index, clips, deletions)
    loading.load(index, clips, deletions)
    loading.delete(index, [INTERVIEW.id, "b"], deletions)
    loading.put(index, [ClipRow("b")], deletions)
    assert loading.rollback(index, deletions) == RolledBack(first.version, 3)
    assert ids(index) == ["a", "b"]


def test_audio_files_of_clips_are_counted_in_the_folder(samples: Path, tmp_path: Path):
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "one.mp3").touch()
    assert loading.audio_found(["set/one.mp3", "set/two.mp3", "other/one.mp3"], folder) == (1, 3)
    _, looked_for = loading.audio_found([f"set/{number}.mp3" for number in range(10_000)], folder)
    assert 100 <= looked_for <= 400


def test_the_location_of_audio_is_resolved_to_a_full_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "audio").mkdir()
    monkeypatch.chdir(tmp_path)
    assert loading.audio_place("audio") == str(tmp_path.resolve() / "audio")
    (tmp_path / "set").symlink_to("audio")
    assert loading.audio_place("set") == str(tmp_path.resolve() / "set")
    assert loading.audio_place("s3://bucket/prefix") == "s3://bucket/prefix"
    with pytest.raises(WrongRequest, match="there is no folder"):
        loading.audio_place("nothing")
    with pytest.raises(WrongRequest, match="does not name a bucket"):
        loading.audio_place("s3:///prefix")


def test_all_real_clips_have_a_reference_and_a_duration(real_rows: list[ClipRow]):
    assert len(real_rows) == 1860
    assert all(row.text and row.duration for row in real_rows)


DECODED = ClipRow(
    "talk.mp3",
    text="the reference",
    generated_text="the black smith spoke then the captain answered",
    duration=60.0,
    confidence=0.31,
    segments=(Segment(0, 25, "the black smith spoke"), Segment(30, 55, "then the captain answered")),
    asr_model="pocketsphinx",
    decoded_at="2026-01-01",
    accent="us",
)
SHORT = ClipRow(
    "short.mp3",
    generated_text="the black smith",
    duration=3.0,
    confidence=0.31,
    words=(Word("the", 0, 0.2), Word("black", 0.3, 0.5, None, (Alternative("block", 0.3),)), Word("smith", 0.6, 0.9)),
    emotion="angry",
    emotion_score=0.9,
)
CORRECTED = """\
filename,generated_text
talk.mp3,"the blacksmith spoke, then the skipper answered"
short.mp3,the goldsmith
"""


@pytest.mark.parametrize("is_put", [False, True])
def test_a_shorter_duration_in_a_table_does_not_cut_a_transcript_and_is_reported(
    index: SearchWriter, deletions: Path, tmp_path: Path, is_put: bool
):
    log = write(
        tmp_path / "decoded.jsonl",
        '{"filename":"talk.mp3","generated_text":"the black smith spoke","duration":60,'
        '"segments":[{"start":0,"end":25,"text":"the black smith"},{"start":30,"end":55,"text":"spoke"}]}\n'
        '{"filename":"short.mp3","generated_text":"the dog","duration":3,'
        '"words":[{"text":"the","start":0,"end":0.2},{"text":"dog","start":0.3,"end":0.5}]}\n',
    )
    table = write(tmp_path / "durations.csv", "filename,duration\ntalk.mp3,3\nshort.mp3,0\n")
    notes: list[str] = []
    loading.load(index, loading.read_rows([log]).values(), deletions)
    if is_put:
        loading.put(index, loading.read_rows([table]).values(), deletions, notes.append)
    else:
        loading.load(index, loading.read_rows([log, table], notes.append).values(), deletions)
    assert [(hit.start, hit.end) for hit in (index.get("talk.mp3#0001"), index.get("talk.mp3#0002")) if hit] == [
        (0.0, 25.0),
        (30.0, 55.0),
    ]
    short = index.get("short.mp3")
    assert short is not None
    assert [word.end for word in short.row.words] == [0.2, 0.5]
    sentence = "2 clips with a later duration that was ignored (the audio was measured, or the transcript is longer)"
    assert f"{sentence}: talk.mp3 (3 s), short.mp3 (0 s)" in notes


@pytest.mark.parametrize("is_put", [False, True])
def test_a_corrected_transcript_replaces_the_old_one_and_its_words_segments_and_confidence(
    index: SearchWriter, deletions: Path, tmp_path: Path, is_put: bool
):
    with Journal(tmp_path / "decoded.jsonl") as journal:
        journal.append([DECODED, SHORT])
    files = [journal.path, write(tmp_path / "corrected.csv", CORRECTED)]
    loading.load(index, loading.read_rows(files[:1] if is_put else files).values(), deletions)
    if is_put:
        loading.put(index, loading.read_rows(files[1:]).values(), deletions)
    assert ids(index, transcribed("skipper")) == ["talk.mp3"]
    assert ids(index, transcribed("captain")) == []
    assert ids(index, transcribed("block")) == []
    talk, short = index.get("talk.mp3"), index.get("short.mp3")
    assert talk is not None
    assert short is not None
    assert (talk.row.text, talk.row.accent) == ("the reference", "us"), "an absent column changes nothing"
    assert (talk.row.segments, talk.row.confidence, talk.row.asr_model, talk.row.decoded_at) == ((), None, "", "")
    assert (short.row.words, short.row.confidence, short.row.emotion_score) == ((), None, 0.9)


@pytest.mark.parametrize("is_put", [False, True])
def test_an_emptied_cell_is_empty_and_a_success_clears_the_error(
    index: SearchWriter, deletions: Path, tmp_path: Path, is_put: bool
):
    before = write(
        tmp_path / "before.csv",
        "filename,text,accent,gender,locale,error,generated_text\na,wrong,us,male,en,,X\nb,,us,,,no audio,\n",
    )
    after = write(tmp_path / "after.csv", "filename,text,accent,locale\na,,,\n")
    again = write(tmp_path / "again.jsonl", '{"filename": "b", "generated_text": "FOUND", "accent": null}\n')
    files = [before, after, again]
    loading.load(index, loading.read_rows(files[:1] if is_put else files).values(), deletions)
    if is_put:
        loading.put(index, loading.read_rows(files[1:]).values(), deletions)
    a, b = index.get("a"), index.get("b")
    assert a is not None
    assert b is not None
    assert (a.row.text, a.row.accent, a.row.gender, a.row.extra.get("locale", "")) == ("", "", "male", "")
    assert (a.wer(), a.row.generated_text) == (None, "X")
    assert (b.row.error, b.row.generated_text, b.row.accent) == ("", "FOUND", "")


def test_a_table_written_by_hearsay_does_not_empty_columns_that_it_lacks(tmp_path: Path):
    corpus = write(tmp_path / "corpus.csv", "filename,text,age\na,the dog,teens\nb,the cat,twenties\n")
    run = {"generated_text": "THE DOG", "asr_model": "m", "ser_model": "n", "decoded_at": "now", "audio_digest": "1"}
    write_csv(tmp_path / "clips.csv", [ClipRow("a", **run), ClipRow("b", **run, age="thirties")])
    rows = loading.read_rows([corpus, tmp_path / "clips.csv"])
    assert [(row.text, row.age) for row in rows.values()] == [("the dog", ""), ("the cat", "thirties")]
