"""Loads, puts, deletions and rollbacks in every engine, and their visibility to readers."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from hearsay.errors import ClipsError
from hearsay.records.clip import ClipRow
from indexer.elastic import lease as elastic_lease
from indexer.elastic import lexicon as elastic_lexicon
from indexer.elastic import reader as elastic_reader
from indexer.elastic import writer as elastic
from indexer.embedded import reader as embedded_reader
from indexer.errors import IndexInUse, IndexMissing, LoadFailed
from indexer.index import Request, RolledBack, SearchWriter, Sort
from indexer.ingest import load as loading
from indexer.passages import Passage, _warn
from indexer.query_tree import EVERYTHING, Query
from indexer.schema import FACETS, UNKNOWN
from tests.support.contract import OpenIndex, ids, paged, rows, transcribed
from tests.support.rows import ALL, INTERVIEW, passages


class WriterContract:
    """Loads and changes; subclasses provide the fixture ``open_index``, see `OpenIndex`."""

    @pytest.fixture
    def index(self, open_index: OpenIndex) -> Iterator[SearchWriter]:
        """A new index for one test, with nothing loaded."""
        index = open_index()
        yield index
        index.close()

    def test_every_method_reports_a_missing_index_before_the_first_load(self, index: SearchWriter):
        questions: list[Callable[[], object]] = [
            lambda: index.search(Request()),
            lambda: list(index.walk(Request())),
            lambda: index.get("x"),
            index.count,
            index.vocabulary,
            index.about,
            index.lexicon,
            index.rollback,
            lambda: index.put(rows("x")),
            lambda: index.delete(["x"]),
        ]
        for question in questions:
            with pytest.raises(IndexMissing, match="hearsay load FILE"):
                question()

    def test_a_load_replaces_everything_and_returns_the_number_of_passages(self, index: SearchWriter):
        assert index.replace(rows("a", "b", "c")) == 3
        first = index.about()
        assert index.replace(iter(rows("d")), audio="/somewhere/else") == 1
        assert ids(index) == ["d"]
        assert (first.audio, index.about().audio) == (None, "/somewhere/else")
        assert first.version < index.about().version

    def test_a_walk_continues_in_the_version_in_which_it_began(self, index: SearchWriter):
        index.replace(rows("a", "b", "c"))
        walked = index.walk(Request())
        first = next(walked)
        index.delete(["b"])
        index.replace(rows("d"))
        assert [first.id, *(passage.id for passage in walked)] == ["a", "b", "c"]
        assert [passage.id for passage in index.walk(Request())] == ["d"]

    @pytest.mark.parametrize("number", [3, 20])
    @pytest.mark.parametrize("query", [EVERYTHING, transcribed("same")], ids=["everything", "a word"])
    def test_any_selection_of_facet_values_finds_exactly_their_passages(
        self, index: SearchWriter, number: int, query: Query
    ):
        accents = [*(f"accent{at:02}" for at in range(number)), UNKNOWN, "", "x" * 2000]
        accent_of = {f"{at:02}": accent for at, accent in enumerate(accents)}
        index.replace(
            [Passage(name, 0, None, replace(rows(name)[0].row, accent=accent_of[name])) for name in accent_of]
        )
        without_accent = {name for name, accent in accent_of.items() if accent not in accents[:number]}
        for chosen in ({"accent00", "accent01"}, {"accent02", UNKNOWN}, {UNKNOWN, "of nobody"}, {*accents[:number]}):
            result = index.search(Request(query, {"accent": frozenset(chosen)}, facets=("accent",), size=100))
            expected = {name for name in accent_of if accent_of[name] in chosen} | (
                without_accent if UNKNOWN in chosen else set()
            )
            assert {hit.passage.id for hit in result.hits} == expected, chosen
            assert len(result.facets["accent"]) == number + 1

    def test_a_facet_value_added_by_a_put_is_filtered_like_any_other(self, index: SearchWriter):
        def found(*chosen: str) -> set[str]:
            request = Request(transcribed("same"), {"age": frozenset(chosen)}, facets=("age",))
            return {hit.passage.id for hit in index.search(request).hits}

        ages = {"a": "teens", "b": "fifties", "c": ""}
        index.replace([Passage(name, 0, None, replace(rows(name)[0].row, age=age)) for name, age in ages.items()])
        assert found("teens", UNKNOWN) == {"a", "c"}
        index.put([Passage("d", 0, None, replace(rows("d")[0].row, age="sixties"))])
        assert found("teens", UNKNOWN) == {"a", "c"}
        assert found("fifties", "sixties") == {"b", "d"}

    def test_an_empty_index_can_be_searched_and_extended(self, index: SearchWriter):
        assert index.replace([]) == 0
        result = index.search(Request(transcribed("x"), facets=FACETS))
        assert (result.total, result.hits, index.vocabulary()) == (0, (), {})
        assert index.search(Request()).hits == ()
        assert index.put(rows("a")) == 1
        assert ids(index) == ["a"]

    def test_the_later_of_two_passages_with_one_id_is_kept(self, index: SearchWriter, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(elastic, "_SECONDS_TO_FORGET", 0)  # scores are not compared
        assert index.replace(rows("a", "b") + rows("a", text="later")) == 2
        assert ids(index, transcribed("later")) == ["a"]
        assert index.get("a") == rows("a", text="later")[0]
        assert index.lexicon().counts() == {"same": 1, "words": 1, "later": 1}
        assert index.lexicon().passages == 2

    def test_a_clip_named_like_a_part_of_another_is_kept_separately(self, index: SearchWriter):
        like_a_part = ClipRow("set/interview.mp3#0001", text="words", generated_text="words", duration=1.0)
        both = passages((INTERVIEW, like_a_part))
        assert index.replace(both) == 4
        assert ids(index, transcribed("words")) == ["set/interview.mp3#0001#0000"]
        assert [index.get(passage.id) for passage in both] == both
        assert index.put(passages((INTERVIEW,))) == 3
        assert index.put(passages((like_a_part,))) == 1
        assert index.count() == 4
        assert index.delete([like_a_part.id]) == 1
        assert ids(index) == [f"set/interview.mp3#000{number}" for number in (1, 2, 3)]

    def test_the_lexicon_is_the_same_object_while_nothing_changes(self, index: SearchWriter):
        index.replace(rows("a"))
        first = index.lexicon()
        index.search(Request(transcribed("same")))
        assert index.lexicon() is first
        index.replace(rows("a"))
        assert index.lexicon() is not first

    def test_the_lexicon_belongs_to_its_version(self, index: SearchWriter):
        index.replace(rows("a", "b", text="black smith"))
        index.replace(rows("c", text="rain bow"))
        assert index.lexicon().counts() == {"rain": 1, "bow": 1}
        index.rollback()
        assert index.lexicon().pair_counts() == {("black", "smith"): 2}

    def test_a_lexicon_read_during_a_rollback_is_that_of_the_served_version(
        self, open_index: OpenIndex, monkeypatch: pytest.MonkeyPatch
    ):
        index, other = open_index(), open_index()
        for text in ("black", "rain"):
            other.replace(rows("a", text=text))
        read: dict[str, Callable[..., Any]] = {
            "lexicon_of": embedded_reader.lexicon_of,
            "fetched": elastic_reader.fetched,
        }

        def rolled_back_meanwhile(name: str, *arguments: Any) -> Any:
            monkeypatch.undo()
            other.rollback()
            return read[name](*arguments)

        monkeypatch.setattr(embedded_reader, "lexicon_of", partial(rolled_back_meanwhile, "lexicon_of"))
        monkeypatch.setattr(elastic_reader, "fetched", partial(rolled_back_meanwhile, "fetched"))
        assert index.lexicon().counts() == {"black": 1}
        index.close()
        other.close()

    def test_the_lexicon_has_words_that_were_put_and_keeps_words_of_deleted_clips(self, index: SearchWriter):
        index.replace(rows("a", text="black smith"))
        before = index.lexicon()
        index.put(rows("b", text="black bow"))
        assert index.lexicon().counts() == {"black": 2, "smith": 1, "bow": 1}
        assert index.lexicon().passages == 2
        assert before.counts() == {"black": 1, "smith": 1}, "a lexicon never changes"
        index.delete(["a"])
        assert index.lexicon().passages_with("smith") == 1

    def test_words_put_by_another_process_are_soon_in_the_lexicon(
        self, index: SearchWriter, open_index: OpenIndex, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(elastic_lexicon, "CACHE_SECONDS", 0.0)
        index.replace(rows("a", text="black smith"))
        index.lexicon()
        other = open_index()
        other.put(rows("b", text="rain bow"))
        other.close()
        assert index.lexicon().passages_with("rain") == 1
        assert index.lexicon() is index.lexicon()

    def test_a_failed_load_does_not_change_the_lexicon(self, index: SearchWriter):
        index.replace(rows("a", text="black smith"))
        bad = Passage("c", "soon", None, rows("c")[0].row)  # type: ignore[arg-type]
        with pytest.raises(LoadFailed):
            index.replace([*rows("b", text="rain bow"), bad])
        assert index.lexicon().counts() == {"black": 1, "smith": 1}

    def test_a_failed_load_changes_nothing_and_the_next_one_succeeds(self, index: SearchWriter):
        index.replace(rows("a"))
        before = index.about()

        def broken() -> Iterator[Passage]:
            yield from rows("b")
            raise ClipsError("the file ends in the middle")

        with pytest.raises(ClipsError, match="in the middle"):
            index.replace(broken())
        assert (ids(index), index.about()) == (["a"], before)
        index.replace(rows("c"))
        assert index.rollback().version == before.version
        assert ids(index) == ["a"]

    def test_rollback_goes_back_one_version_and_no_further_than_the_first(self, index: SearchWriter):
        versions = []
        for name in ("a", "b", "c"):
            index.replace(rows(name), audio=f"/{name}")
            versions.append(index.about().version)
        assert index.rollback().version == versions[1]
        assert (ids(index), index.about().audio) == (["b"], "/b")
        index.rollback()
        with pytest.raises(IndexMissing, match="no version before"):
            index.rollback()
        assert ids(index) == ["a"]

    def test_a_rollback_leaves_out_clips_deleted_since(self, index: SearchWriter):
        index.replace(passages(ALL))
        first, before = index.about().version, index.count()
        index.replace(rows("a", "b"))
        index.delete(["a"])
        gone = ["a", "set/interview.mp3", "set/a5.mp3", "set/never.mp3"]
        assert index.rollback(gone) == RolledBack(first, 4)
        assert index.count() == len(ids(index)) == before - 4
        assert index.get("set/a5.mp3") is None

    def test_a_second_writer_is_rejected_and_readers_continue(
        self, open_index: OpenIndex, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(elastic_lease, "SECONDS_BETWEEN_RENEWALS", 0.3)
        first, second = open_index(), open_index()
        first.replace(rows("a"))
        changes: list[Callable[[], object]] = [
            lambda: second.replace(rows("b")),
            lambda: second.put(rows("b")),
            lambda: second.delete(["a"]),
            second.rollback,
        ]

        def while_loading() -> Iterator[Passage]:
            for change in changes:
                with pytest.raises(IndexInUse, match=r"another process is writing the index .*; try again"):
                    change()
            assert ids(second) == ["a"]
            yield from rows("c")

        assert first.replace(while_loading()) == 1
        assert ids(second) == ["c"]
        assert second.put(rows("d")) == 1
        assert ids(first) == ["c", "d"]
        first.close()
        second.close()

    def test_versions_beyond_the_number_to_keep_are_removed(self, index: SearchWriter):
        for name in ("a", "b", "c", "d"):
            index.replace(rows(name))
        index.rollback()
        assert ids(index) == ["c"]
        index.rollback()
        assert ids(index) == ["b"]
        with pytest.raises(IndexMissing):
            index.rollback()

    def test_put_adds_and_replaces_clips_in_the_order_of_their_ids(self, index: SearchWriter):
        index.replace(rows("b", "d", "f"))
        version = index.about().version
        assert index.put(rows("c", "a")) == 2
        assert index.put(rows("g")) == 1
        assert index.put(rows("e", "d", text="new words")) == 2
        assert ids(index) == ["a", "b", "c", "d", "e", "f", "g"]
        assert ids(index, transcribed("same")) == ["a", "b", "c", "f", "g"]
        assert paged(index, transcribed("same"), 2, 3) == ["a", "b", "c", "f", "g"]
        assert ids(index, transcribed("new")) == ["d", "e"]
        assert index.about().version == version

    def test_putting_a_clip_replaces_all_its_passages(self, index: SearchWriter):
        index.replace(passages((INTERVIEW,)))
        assert index.put(rows("set/interview.mp3")) == 1
        assert ids(index) == ["set/interview.mp3"]
        assert index.put(passages((INTERVIEW,))) == 3
        assert ids(index) == [f"set/interview.mp3#000{number}" for number in (1, 2, 3)]

    def test_putting_a_row_changes_only_its_given_columns(self, index: SearchWriter, tmp_path: Path):
        known = [replace(INTERVIEW, accent="us"), ClipRow("a", generated_text="OLD", age="teens", confidence=0.5)]
        index.replace(passages(tuple(known)))
        rows = [ClipRow.from_json({"filename": clip.id, "generated_text": "all new words"}) for clip in known]
        assert loading.put(index, rows, tmp_path / "deletions.jsonl") == (2, 0)
        assert ids(index, transcribed("new")) == ids(index) == ["a", INTERVIEW.id]
        short, long = index.get("a"), index.get(INTERVIEW.id)
        assert short is not None
        assert long is not None
        assert (short.row.age, short.row.confidence) == ("teens", None)
        assert (long.row.accent, long.row.text, long.row.segments) == ("us", INTERVIEW.text, ())

    def test_putting_nothing_changes_nothing(self, index: SearchWriter):
        index.replace(rows("a"))
        assert index.put([]) == 0
        assert ids(index) == ["a"]

    def test_a_stored_passage_with_impossible_times_does_not_break_searches(
        self, index: SearchWriter, caplog: pytest.LogCaptureFixture
    ):
        _warn.cache_clear()  # each warning is logged once
        bad = ClipRow("order.mp3", generated_text="same old words", duration=-20.0, confidence=0.5)
        index.replace([*rows("a"), Passage("order.mp3#0001", 60.0, 40.0, bad), *rows("z")])
        for request in (Request(), Request(transcribed("same")), Request(sort=Sort("duration"))):
            found = [hit.passage for hit in index.search(request).hits]
            assert sorted(passage.clip for passage in found) == ["a", "order.mp3", "z"]
            assert list(index.walk(request)) == found
        (read,) = (passage for passage in found if passage.clip == "order.mp3")
        assert (read.start, read.end, read.row) == (60.0, None, replace(bad, duration=None))
        assert index.get(read.id) == read
        assert "order.mp3" in caplog.text
        assert index.put(rows("b")) == 1

    def test_delete_removes_all_passages_of_clips_and_returns_their_number(self, index: SearchWriter):
        index.replace(passages(ALL))
        before = index.count()
        assert index.delete(["set/interview.mp3", "set/a5.mp3", "set/never.mp3"]) == 4
        assert index.delete(["set/a5.mp3"]) == 0
        assert index.delete([]) == 0
        assert index.count() == len(ids(index)) == before - 4
        assert index.get("set/a5.mp3") is None
        assert "dog" not in index.vocabulary()
        assert sum(index.search(Request(facets=("age",))).facets["age"].values()) == before - 4

    def test_an_open_reader_sees_a_load_a_put_and_a_delete_immediately(self, open_index: OpenIndex):
        writer, reader = open_index(), open_index()
        writer.replace(rows("a"))
        assert ids(reader) == ["a"]
        writer.put(rows("b"))
        assert ids(reader) == ["a", "b"]
        writer.delete(["a"])
        assert ids(reader) == ["b"]
        writer.replace(rows("c"))
        assert ids(reader) == ["c"]
        writer.rollback()
        assert ids(reader) == ["b"]
        writer.close()
        reader.close()

    def test_a_reader_never_sees_a_partial_load(self, open_index: OpenIndex):
        writer, reader = open_index(), open_index()
        writer.replace(rows(*map(str, range(10))))
        seen: set[tuple[int, int]] = set()
        begun, done = Event(), Event()

        def read() -> None:
            while not done.is_set():
                result = reader.search(Request(facets=("age",), size=100))
                seen.add((result.total, len(result.hits)))
                begun.set()

        thread = Thread(target=read)
        thread.start()
        try:
            assert begun.wait(200)
            for number in (20, 30, 40):
                writer.replace(rows(*map(str, range(number))))
        finally:
            done.set()
            thread.join()
        assert seen <= {(10, 10), (20, 20), (30, 30), (40, 40)}
        writer.close()
        reader.close()

    def test_closing_twice_is_harmless_and_loses_nothing(self, open_index: OpenIndex):
        first, second = open_index(), open_index()
        first.replace(rows("a"))
        first.close()
        first.close()
        assert second.count() == 1
        second.close()
