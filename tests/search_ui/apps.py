"""The page as Streamlit runs it without a browser: rows to look at, and what is read off it."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from clips.row import ClipRow

AGES = ("teens", "twenties", "")

ROWS = [
    ClipRow(
        f"set/{number:02}.mp3",
        generated_text=f"the dog number {number} barks",
        age=AGES[number % 3],
        duration=1.0 + number,
        emotion="angry" if number % 2 else "uncertain",
        sentiment="negative" if number % 2 else "uncertain",
        asr_model="pocketsphinx",
    )
    for number in range(25)
]

Open = Callable[..., AppTest]
"""Opens the page over an index of rows, where some are given, at the address with these parameters."""


def html(page: AppTest) -> str:
    assert not page.exception
    bodies = [element.proto.body for element in page.get("html")]
    return "\n".join(body for body in bodies if not body.startswith(("<script>", "<style>")))


def hits(page: AppTest) -> int:
    return html(page).count('<li class="hit">')


def choices(page: AppTest, facet: str) -> list[str]:
    return [option.content for option in page.button_group(key=facet).proto.options]


def address(page: AppTest) -> dict[str, list[str]]:
    return {name: values if isinstance(values, list) else [values] for name, values in page.query_params.items()}
