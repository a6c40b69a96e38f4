"""Shared by all commands: names, exit statuses, output and progress in a terminal or a pipe."""
