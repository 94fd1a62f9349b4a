"""How good, how varied and how new generated images are: gray levels 0..255, uint8 or float [N, C, R, R].

Most metrics come as a function of weights, how often each image of a set counts, because that is what a bootstrap
repeats: with ones it is the metric itself. `stats.bootstrap.estimate` makes the interval.
"""


def evaluate(generated, real, seed=0, number=2000, audit=1000, cpu=False):
    """The Evaluation of generated images against real ones; print it for a table, `.row('recall')` is a line of it.

    generated: the path of a weight file, a sampling.Generator, or uint8 [N, 1, R, R]. real: the path of a dataset, or
    uint8 [M, 1, R, R] of twice as many images. number: images of each kind, at most. audit: images that are searched
    for copies. ValueError for what cannot be compared.
    """
    from metrics import suite  # here, as TensorFlow takes seconds to load

    return suite.evaluate(generated, real, seed, number, audit, cpu)
