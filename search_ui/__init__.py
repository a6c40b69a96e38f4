"""The Streamlit application: search, playback, statistics, transcription, glossary."""
