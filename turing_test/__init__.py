"""A visual Turing test: whether readers can tell generated nodules from real ones."""
