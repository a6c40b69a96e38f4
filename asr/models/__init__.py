"""Which model a name means, where its weights come from, and what identifies it."""
