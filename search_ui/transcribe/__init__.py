"""The page on which people transcribe recordings of their own."""
