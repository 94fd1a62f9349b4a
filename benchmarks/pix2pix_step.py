"""Times a training step of pix2pix, G and D, on random pairs, and sets it against the machine's matrix-product rate in the same run."""
import os
import re
import sys
import time

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import commandline      # noqa: E402
import config           # noqa: E402
import machine          # noqa: E402


def work(network):
    """Multiply-accumulates of one forward pass for one image."""
    size, total = int(network.static_kwargs['size']), 0
    for name, variable in network.trainables.items():
        if name.endswith('weight'):
            number = int(re.search(r'\d+', name).group())
            # A transposed convolution works once for each pixel of its input, a convolution for each of its output.
            pixels = (size >> (number + 1)) ** 2 if name[0] in 'DU' else (size >> min(number + 1, 3)) ** 2
            total += pixels * int(np.prod(variable.shape.as_list()))
    return total


def main(argv=None):
    cfg = commandline.parse(config.Pix2pixBenchmark, __doc__, argv)
    import tfutil
    from pix2pix import training
    random = np.random.RandomState(0)
    pixels = random.randint(256, size=[2, cfg.minibatch, 1, cfg.resolution, cfg.resolution]).astype(np.uint8)
    settings = config.Pix2pixTrain(ngf=cfg.ngf, ndf=cfg.ngf, minibatch=cfg.minibatch, precision=cfg.precision)
    with tfutil.init_tf(cpu=cfg.cpu, precision=cfg.precision):
        trainer = training.Trainer(settings, *pixels)
        trainer.initialise()
        trainer.train(0)
        rate = machine.matrix_product()
        seconds, rates = [], []
        for number in range(1, cfg.iterations + 1):         # in turn, as the speed of a shared machine drifts
            rates.append(rate())
            begin = time.time()
            trainer.train(number)
            seconds.append(time.time() - begin)
        # Forward and backward of G 3; of D: reals 3, fakes 3, and once more through it to G 1.
        gflop = 2e-9 * (3 * work(trainer.G) + 7 * work(trainer.D))
        gflops = gflop * cfg.minibatch / np.median(seconds)
        machine.report(dict(
            resolution=cfg.resolution, minibatch=cfg.minibatch, ngf=cfg.ngf, tensorflow=tfutil.tf.__version__, precision=cfg.precision,
            sec_per_iteration=np.median(seconds), images_per_sec=cfg.minibatch / np.median(seconds), gflop_per_image=gflop, gflops=gflops,
            matrix_product_gflops=np.median(rates), fraction_of_matrix_product=gflops / np.median(rates)))


if __name__ == '__main__':
    commandline.command(main)
