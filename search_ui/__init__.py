"""The Streamlit application: search, listen, transcribe, statistics."""
