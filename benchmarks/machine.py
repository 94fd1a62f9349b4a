"""What the benchmarks share: the machine's matrix-product rate, and how results are printed."""
import json
import time

import numpy as np


def matrix_product(size=2048):
    """A function that multiplies two float32 matrices and returns the rate in GFLOP/s: on the session's GPU, else with NumPy."""
    from tfutil import native_layout, run, tf
    if native_layout() == 'NCHW':
        size *= 4
        a = tf.Variable(tf.ones([size, size]), trainable=False)
        run(a.initializer)
        product = tf.matmul(a, a).op
        multiply = lambda: run(product)                                  # noqa: E731
    else:
        a = np.ones([size, size], np.float32)
        multiply = lambda: a.dot(a)                                      # noqa: E731
    multiply()

    def rate():
        begin = time.time()
        multiply()
        return 2e-9 * size ** 3 / (time.time() - begin)
    return rate


def report(result):
    """A line for each figure, {name: value}; the last line is all of them as JSON."""
    for name, value in result.items():
        print('%-30s %s' % (name, value))
    print(json.dumps({name: round(float(value), 4) if isinstance(value, float) else value for name, value in result.items()}))
