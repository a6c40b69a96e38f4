"""Text as it is indexed, highlighted and scored."""
