"""The statistics page: charts, error rates by group, word errors."""
