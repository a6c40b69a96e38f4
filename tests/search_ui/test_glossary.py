"""The *Glossary* page: its terms are those of the documentation."""

from streamlit.testing.v1 import AppTest

from hearsay.glossary import GLOSSARY
from tests.conftest import PROJECT
from tests.support.apps import SECONDS_TO_RUN

DOCUMENT = PROJECT / "docs" / "glossary.md"


def run_page() -> None:
    from search_ui import glossary

    glossary.show()


def test_the_glossary_of_the_page_is_that_of_the_documentation() -> None:
    assert GLOSSARY.read_text() == DOCUMENT.read_text(), "copy docs/glossary.md to hearsay/glossary.md"


def test_the_page_shows_all_terms() -> None:
    page = AppTest.from_function(run_page, default_timeout=SECONDS_TO_RUN).run()

    assert not page.exception
    (shown,) = (element.value for element in page.markdown)
    assert shown.startswith("## Glossary\n")
    for line in DOCUMENT.read_text().splitlines()[1:]:
        assert line in shown


def test_the_glossary_has_no_relative_links_which_the_page_could_not_follow() -> None:
    assert "](" not in GLOSSARY.read_text()
