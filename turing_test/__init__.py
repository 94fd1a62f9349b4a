"""Whether generated nodules help a classifier: networks, experiments over folds, and predictions."""
