"""How well classifiers and readers do: metrics, tests and intervals."""
