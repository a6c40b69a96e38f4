"""Indices that Hearsay did not create: none is deleted, written to, or counted as a version of Hearsay."""

from collections.abc import Callable

import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import ApiError, Elasticsearch

from indexer.elastic import writer as elastic
from indexer.elastic.lease import index_of_lease
from indexer.elastic.writer import ElasticWriter
from indexer.errors import IndexForeign, IndexMissing
from indexer.index import Request, SearchWriter
from indexer.settings import IndexSettings
from tests.support.contract import ids, rows
from tests.support.elastic_nodes import Node

pytestmark = pytest.mark.elastic

Ask = Callable[[SearchWriter], object]

CHANGES: dict[str, Ask] = {
    "load": lambda index: index.replace(rows("x")),
    "put": lambda index: index.put(rows("x")),
    "delete": lambda index: index.delete(["a"]),
    "rollback": lambda index: index.rollback(),
}
QUESTIONS: dict[str, Ask] = {
    "count": lambda index: index.count(),
    "search": lambda index: index.search(Request()),
    "walk": lambda index: list(index.walk(Request())),
    "get": lambda index: index.get("a"),
    "vocabulary": lambda index: index.vocabulary(),
    "lexicon": lambda index: index.lexicon(),
    "about": lambda index: index.about(),
}


@pytest.fixture
def orders(client: Elasticsearch, own: IndexSettings) -> str:
    """A foreign index whose name sorts after all versions; it is removed with the indices of the test."""
    return foreign(client, f"{own.index_name}-orders")


def foreign(client: Elasticsearch, name: str, **mappings: object) -> str:
    client.indices.create(index=name, mappings=dict(mappings))
    client.index(index=name, id="1", document={"name": "do not lose me"}, refresh=True)
    return name


def is_unchanged(client: Elasticsearch, name: str) -> bool:
    client.indices.refresh(index=name)
    hits = client.search(index=name)["hits"]["hits"]
    return [hit["_source"] for hit in hits] == [{"name": "do not lose me"}]


def point(client: Elasticsearch, own: IndexSettings, *names: str) -> None:
    """Let the alias point to these indices and no others."""
    away = {"remove": {"index": "*", "alias": own.index_name, "must_exist": False}}
    client.indices.update_aliases(actions=[away, *({"add": {"index": n, "alias": own.index_name}} for n in names)])


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside a version"])
def test_a_foreign_index_behind_the_alias_is_reported_and_unchanged(
    node: Node, elastic_index: ElasticWriter, own: IndexSettings, client: Elasticsearch, orders: str, beside: bool
):
    for name in "ab":
        elastic_index.replace(rows(name))
    version = elastic_index.about().version
    point(client, own, orders, *([version] if beside else []))
    there = set(client.indices.get(index=f"{own.index_name}*"))
    for ask in (CHANGES | QUESTIONS).values():
        reader = ElasticWriter(node.url, own)
        with pytest.raises(
            IndexForeign, match=f"the alias {own.index_name} at .* points to the index {orders}, which Hearsay did not"
        ):
            ask(reader)
        reader.close()
    assert set(client.indices.get(index=f"{own.index_name}*")) == there
    assert orders in client.indices.get_alias(name=own.index_name)
    assert is_unchanged(client, orders)
    point(client, own, version)
    assert elastic_index.rollback().version < version


@pytest.mark.parametrize("ask", [*CHANGES, *QUESTIONS])
def test_an_index_with_the_name_of_the_alias_is_reported_and_unchanged(
    elastic_index: ElasticWriter, own: IndexSettings, client: Elasticsearch, ask: str
):
    foreign(client, own.index_name)
    with pytest.raises(IndexForeign, match=rf"an index at .* has the name {own.index_name}, .*INDEX_NAME"):
        (CHANGES | QUESTIONS)[ask](elastic_index)
    assert is_unchanged(client, own.index_name)


def test_messages_state_the_owner_the_age_and_the_size_of_a_foreign_index(
    elastic_index: ElasticWriter, own: IndexSettings, client: Elasticsearch
):
    elastic_index.replace(rows("a"))
    version = elastic_index.about().version
    names = [f"{own.index_name}-{rest}" for rest in ("shop", "team", "plain", "closed")]
    shop = foreign(client, names[0], _meta={"created_by": "shop", "schema": 3, "note": "do not touch"})
    team = foreign(client, names[1], _meta={"team": "orders" * 30})
    plain, closed = foreign(client, names[2]), foreign(client, names[3], _meta={"made_by": "somebody else"})
    client.indices.close(index=closed)
    today = r"created \d{4}-\d\d-\d\d \d\d:\d\d UTC"
    for name, description in {
        shop: rf"\(its _meta says created_by: shop, {today}, 1 document\)",
        team: rf'\(its _meta says {{"team": "orders.*…, {today}, 1 document\)',
        plain: rf"\(it has no _meta, {today}, 1 document\)",
        closed: rf"\(its _meta says made_by: somebody else, {today}, closed\)",
    }.items():
        point(client, own, name)
        with pytest.raises(
            IndexForeign, match=f"{name}, which Hearsay did not create and does not change {description}"
        ):
            elastic_index.rollback()
    client.indices.open(index=closed, wait_for_active_shards=1)
    point(client, own, shop, plain, version)
    with pytest.raises(
        IndexForeign, match=rf"indices {plain}, {shop}, which.* \({plain}: it has .*; {shop}: its _meta"
    ):
        elastic_index.put(rows("b"))
    point(client, own, version)
    assert ids(elastic_index) == ["a"]
    assert all(is_unchanged(client, name) for name in names)


def test_a_foreign_index_is_reported_to_a_user_who_may_not_list_indices(
    elastic_index: ElasticWriter,
    own: IndexSettings,
    client: Elasticsearch,
    orders: str,
    monkeypatch: pytest.MonkeyPatch,
):
    elastic_index.replace(rows("a"))
    point(client, own, orders)
    monkeypatch.setattr(type(client.cat), "indices", forbidden)
    with pytest.raises(
        IndexForeign, match=rf"{orders}, which Hearsay did not .* \(it has no _meta\); remove the alias"
    ):
        elastic_index.count()


def forbidden(*_: object, **__: object) -> None:
    meta = ApiResponseMeta(
        403, "1.1", HttpHeaders({"x-elastic-product": "Elasticsearch"}), 0.0, NodeConfig("http", "node", 9200)
    )
    raise ApiError("security_exception", meta, {"error": "security_exception"})


def test_an_index_with_the_schema_number_of_another_program_is_not_a_version(
    elastic_index: ElasticWriter, own: IndexSettings, client: Elasticsearch
):
    names = [
        foreign(client, f"{own.index_name}-2020010100000000000{number}", _meta={"schema": 3, "loaded": True, **owner})
        for number, owner in enumerate([{"made_by": "shop"}, {"created_by": "shop"}, {"owner": "sales"}])
    ]
    for name in "abcd":
        elastic_index.replace(rows(name))
    assert all(is_unchanged(client, name) for name in names)


def test_indices_named_like_versions_are_ignored_without_the_mark(
    elastic_index: ElasticWriter, own: IndexSettings, client: Elasticsearch
):
    names = [
        foreign(client, f"{own.index_name}-{rest}", **mappings)
        for rest, mappings in {
            "backup": {},
            "20200101000000000000": {},
            "20200101000000000001": {"_meta": {"loaded": True, "schema": "of orders"}},
            "20200101000000000000-lexicon": {},
            "29990101000000000000": {"_meta": {"made_by": "somebody else"}},
        }.items()
    ]
    versions = []
    for name in "abcd":
        elastic_index.replace(rows(name))
        versions.append(elastic_index.about().version)
    assert versions[0] > names[-1]
    for version in reversed(versions[1:3]):
        assert elastic_index.rollback().version == version
    with pytest.raises(IndexMissing, match="no version before"):
        elastic_index.rollback()
    assert all(is_unchanged(client, name) for name in names)


def test_a_version_of_another_alias_is_not_written_to_and_not_removed(
    node: Node, elastic_index: ElasticWriter, own: IndexSettings, client: Elasticsearch
):
    other = own.model_copy(update={"index_name": f"{own.index_name}-z"})
    theirs = ElasticWriter(node.url, other)
    for name in "ab":
        theirs.replace(rows(name))
        elastic_index.replace(rows(name))
    version = theirs.about().version
    point(client, own, version)
    for change in ("put", "delete", "rollback"):
        with pytest.raises(IndexForeign, match=f"points to {version}, which is not one of its own versions"):
            CHANGES[change](elastic_index)
    elastic_index.replace(rows("c"))
    assert ids(elastic_index) == ["c"]
    assert ids(theirs) == ["b"]
    assert theirs.rollback().version < version
    theirs.close()


def test_a_foreign_index_with_the_name_of_the_lease_is_not_written_to(
    elastic_index: ElasticWriter, own: IndexSettings, client: Elasticsearch
):
    lock = foreign(client, index_of_lease(own.index_name))
    for change in CHANGES.values():
        with pytest.raises(IndexForeign, match=f"the index {lock} was not created by Hearsay"):
            change(elastic_index)
    assert is_unchanged(client, lock)


def test_a_lease_created_before_the_mark_existed_is_accepted(
    elastic_index: ElasticWriter, own: IndexSettings, client: Elasticsearch
):
    elastic_index.replace(rows("a"))
    client.indices.put_mapping(index=index_of_lease(own.index_name), meta={})
    elastic_index.replace(rows("b"))
    assert ids(elastic_index) == ["b"]


def test_versions_created_before_the_mark_existed_are_accepted(
    elastic_index: ElasticWriter, own: IndexSettings, client: Elasticsearch
):
    versions = []
    for name in "abcd":
        elastic_index.replace(rows(name))
        versions.append(elastic_index.about().version)
        about = client.indices.get_mapping(index=versions[-1])[versions[-1]]["mappings"]["_meta"]
        client.indices.put_mapping(index=versions[-1], meta={key: about[key] for key in ("schema", "audio", "loaded")})
    assert not client.indices.exists(index=versions[0])
    assert elastic_index.rollback().version == versions[2]
    assert not client.indices.exists(index=f"{versions[3]}*", allow_no_indices=False)


def test_a_new_version_is_not_written_to_a_foreign_index_of_the_same_name(
    elastic_index: ElasticWriter, own: IndexSettings, client: Elasticsearch, monkeypatch: pytest.MonkeyPatch
):
    elastic_index.replace(rows("a"))
    taken = foreign(client, f"{own.index_name}-29990101000000000000")
    monkeypatch.setattr(elastic.ElasticVersions, "new_name", lambda _: taken)
    with pytest.raises(IndexForeign, match=f"the index {taken} was not created by Hearsay"):
        elastic_index.replace(rows("b"))
    assert is_unchanged(client, taken)
    assert ids(elastic_index) == ["a"]


def test_every_created_index_has_the_mark(elastic_index: ElasticWriter, own: IndexSettings, client: Elasticsearch):
    elastic_index.replace(rows("a"))
    made = client.indices.get_mapping(index=f"{own.index_name}*", expand_wildcards="all").body
    assert len(made) == 3
    assert all(mapping["mappings"]["_meta"]["made_by"] == "hearsay" for mapping in made.values())
