"""How good, how varied and how new generated images are: uint8 or float arrays of gray levels 0..255, [N, C, R, R].

Most metrics come as a function of weights, how often each image of a set counts, because that is what a bootstrap
repeats: with ones it is the metric itself. `bootstrap.estimate` makes the interval.
"""

import os

# NumPy's BLAS reads this while it is loaded. `parallel` shares the cores; threads of BLAS would take as much of them
# for waiting, and several times as long where other programs run.
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
