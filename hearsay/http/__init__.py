"""HTTP: the client of the API, with one retry policy and one reader of its replies, and the addresses of servers."""
