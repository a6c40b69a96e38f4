"""Matches, and apart from them possible matches with their probabilities.

`search` runs a plan and keeps both apart. `evidence` finds what was transcribed in place of the words of a query,
`features` describes it, and `probability` estimates from that how probable it is that the words were said. `training`
fits the estimate, on queries that `query_sampling` draws from references. `result_json` is the result as JSON.
"""
