"""What the benchmarks share: timing beside the machine's matrix-product rate, and printing of results."""

import json
import time

import numpy as np


def matrix_product(size=2048):
    """A function that multiplies two float32 matrices, on the session's GPU or with NumPy, and returns GFLOP/s."""
    from tfutil import native_layout, run, tf

    if native_layout() == 'NCHW':
        size *= 4
        matrix = tf.Variable(tf.ones([size, size]), trainable=False)
        run(matrix.initializer)
        product = tf.matmul(matrix, matrix).op

        def multiply():
            run(product)
    else:
        matrix = np.ones([size, size], np.float32)

        def multiply():
            matrix.dot(matrix)

    def rate():
        begin = time.time()
        multiply()
        return 2e-9 * size**3 / (time.time() - begin)

    multiply()
    return rate


class Timer:
    """Seconds of steps. The matrix-product rate is measured before each, as the speed of a shared machine drifts."""

    def __init__(self):
        self.rate = matrix_product()
        self.rates = []  # GFLOP/s
        self.seconds = []

    def run(self, step):
        self.rates.append(self.rate())
        begin = time.time()
        step()
        self.seconds.append(time.time() - begin)

    def median(self):
        return np.median(self.seconds)

    def speed(self, images, gflop_per_image):
        """Speed of a median step of `images` images, absolute and relative to the matrix-product rate."""
        gflops = gflop_per_image * images / self.median()
        rate = np.median(self.rates)
        return dict(
            images_per_sec=images / self.median(),
            gflop_per_image=gflop_per_image,
            gflops=gflops,
            matrix_product_gflops=rate,
            fraction_of_matrix_product=gflops / rate,
        )


def report(**figures):
    """Prints a line for each figure and, as the last line, all of them as JSON."""
    for name, value in figures.items():
        print('%-30s %s' % (name, value))
    print(json.dumps({name: round(float(x), 4) if isinstance(x, float) else x for name, x in figures.items()}))
