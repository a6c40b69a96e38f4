"""What Streamlit runs for everybody who opens a page, again on every change."""

from pathlib import Path

import streamlit as st

from search_ui import search_page, try_page, understand_page
from search_ui.address import here
from search_ui.header import header_html

HERE = Path(__file__).parent

pages = [
    st.Page(search_page.show, title="Search", default=True),
    st.Page(understand_page.show, title="Understand", url_path="understand"),
    st.Page(try_page.show, title="Try", url_path="try"),
]
page = st.navigation(pages, position="hidden")
st.set_page_config(f"{page.title} · Hearsay", page_icon=HERE / "icon.svg", layout="centered")
st.html(HERE / "style.css")
parts = [HERE / name for name in ("page.js", "fold.js", "player.js", "picture.js")]
script = "".join(part.read_text(encoding="utf-8") for part in parts)
st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)
st.html(header_html(pages, page, here()))
page.run()
