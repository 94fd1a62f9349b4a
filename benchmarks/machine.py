"""What the benchmarks share: the machine's matrix-product rate, and how results are printed."""

import json
import time

import numpy as np


def matrix_product(size=2048):
    """A function that multiplies two float32 matrices, on the session's GPU or with NumPy; it returns GFLOP/s."""
    from tfutil import native_layout, run, tf

    if native_layout() == 'NCHW':
        size *= 4
        a = tf.Variable(tf.ones([size, size]), trainable=False)
        run(a.initializer)
        product = tf.matmul(a, a).op

        def multiply():
            run(product)
    else:
        a = np.ones([size, size], np.float32)

        def multiply():
            a.dot(a)

    multiply()

    def rate():
        begin = time.time()
        multiply()
        return 2e-9 * size**3 / (time.time() - begin)

    return rate


class Timed:
    """Seconds of runs, each after a look at the matrix-product rate, as the speed of a shared machine drifts."""

    def __init__(self, rate):
        self.rate, self.seconds, self.rates = rate, [], []

    def run(self, work):
        self.rates.append(self.rate())
        begin = time.time()
        work()
        self.seconds.append(time.time() - begin)

    def figures(self, gflop, images):
        """Speeds of a median run of so many images of so many GFLOP each."""
        gflops, product = gflop * images / np.median(self.seconds), np.median(self.rates)
        figures = dict(gflop_per_image=gflop, gflops=gflops, matrix_product_gflops=product)
        return dict(figures, fraction_of_matrix_product=gflops / product)


def report(**figures):
    """A line for each figure; the last line is all of them as JSON."""
    for name, value in figures.items():
        print('%-30s %s' % (name, value))
    print(json.dumps({name: round(float(x), 4) if isinstance(x, float) else x for name, x in figures.items()}))
