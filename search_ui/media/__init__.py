"""Audio of clips for the browser, and spectrograms."""
