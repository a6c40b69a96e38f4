"""The client of the API over HTTP: one connection, one retry policy and one reader of its replies."""
