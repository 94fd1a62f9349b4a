"""How good, how varied and how new generated images are: uint8 or float arrays of gray levels 0..255, [N, C, R, R].

Most metrics come as a function of weights, how often each image of a set counts, because that is what a bootstrap
repeats: with ones it is the metric itself. `bootstrap.estimate` makes the interval.
"""
