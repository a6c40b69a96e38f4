"""The table of layouts, and its documentation."""

import re

from hearsay.corpora.layouts import LAYOUTS
from tests.conftest import PROJECT


def test_every_layout_is_documented_with_its_files_and_columns_in_the_order_of_recognition():
    document = (PROJECT / "docs" / "collections.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| (.+?) \|", document, re.MULTILINE)
    assert [name for name, _ in rows] == [layout.name for layout in LAYOUTS]
    for layout, (_, recognised_by) in zip(LAYOUTS, rows, strict=True):
        needed = {layout.tables[0].removeprefix("**/"), *layout.needs} if layout.needs else set()
        assert all(f"`{name}`" in recognised_by for name in needed), layout.name
