"""What all commands share: their names, exit statuses, output and progress in a terminal or a pipe."""
