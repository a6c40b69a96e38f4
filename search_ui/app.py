"""The script that Streamlit runs for each visitor, again on every change."""

import streamlit as st

from search_ui import glossary
from search_ui.header import header_html
from search_ui.insights import page as insights_page
from search_ui.search import page as search_page
from search_ui.static import STATIC
from search_ui.transcribe import page as transcribe_page
from search_ui.url import current_search

pages = [
    st.Page(search_page.show, title="Search", default=True),
    st.Page(insights_page.show, title="Insights", url_path="insights"),
    st.Page(transcribe_page.show, title="Transcribe", url_path="transcribe"),
    st.Page(glossary.show, title="Glossary", url_path="glossary"),
]
page = st.navigation(pages, position="hidden")
st.set_page_config(f"{page.title} · Hearsay", page_icon=STATIC / "icon.svg", layout="centered")
st.html(STATIC / "style.css")
parts = [STATIC / name for name in ("page.js", "fold.js", "player.js", "spectrogram.js")]
script = "".join(part.read_text(encoding="utf-8") for part in parts)
st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)
st.html(header_html(pages, page, current_search()))
page.run()
