"""What Streamlit runs for everybody who opens the page, again on every change."""

from pathlib import Path

import streamlit as st

from search_ui import search_page

HERE = Path(__file__).parent

st.set_page_config("Hearsay", page_icon=HERE / "icon.svg", layout="centered", initial_sidebar_state="auto")
st.html(HERE / "style.css")
st.html(f"<script>{(HERE / 'page.js').read_text()}</script>", unsafe_allow_javascript=True)
st.html(HERE / "header.html")
search_page.show()
