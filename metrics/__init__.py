"""How good, how varied and how new generated images are: gray levels 0..255, uint8 or float [N, C, R, R].

Most metrics come as a function of weights, how often each image of a set counts, because that is what a bootstrap
repeats: with ones it is the metric itself. `stats.bootstrap.estimate` makes the interval.
"""


def evaluate(images, real_images, seed=0, number=2000, audit=1000, cpu=False, training_images=None):
    """The Evaluation of generated images against real ones; print it for a table, `.row('recall')` is a line of it.

    images: uint8 [N, C, R, R], the path of a weight file, or a sampling.Generator. real_images: uint8 [M, C, R, R] or
    the path of a dataset. training_images: uint8 [K, C, R, R] that the generator learned from; without them half of
    real_images are that side: they are searched for copies and are the baseline, and generated images are compared with
    the other half. number: images of each kind, at most. audit: images that are searched for copies.

    `.verdicts` is a list of {topic, state}; `['rows']` and so on are what evaluation.json holds under that name.
    ValueError for what cannot be compared.
    """
    from metrics import suite  # here, as TensorFlow takes seconds to load

    return suite.evaluate(images, real_images, seed, number, audit, cpu, training_images)
