"""Times a pix2pix step of G and D, relative to the matrix-product rate. The last line is JSON."""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import numpy as np  # noqa: E402

from common.commandline import command, parse, settings  # noqa: E402
from common.types import integer_between, positive, power_of_two  # noqa: E402
from config import CPU  # noqa: E402
from pix2pix.pix2pix_settings import Train  # noqa: E402
from timing import Timer, report  # noqa: E402

Settings = settings(
    'Settings',
    'Times a pix2pix step of G and D, relative to the matrix-product rate. The last line is JSON.',
    resolution=(64, 'width and height of the patches', power_of_two(32, 1024)),
    minibatch=(16, 'pairs in a step', integer_between(2, 4096)),
    iterations=(10, 'steps to time', positive),
    ngf=(64, 'feature maps of the first layers', positive),
    precision=('fp32', 'of convolutions', ('fp32', 'tf32', 'bf16')),
    cpu=CPU,
)


def multiply_accumulates(network):
    """Multiply-accumulates of one forward pass for one image."""
    size, total = int(network.static_kwargs['size']), 0
    for name, variable in network.trainables.items():
        if name.endswith('weight'):
            layer = int(re.search(r'\d+', name).group())
            # A transposed convolution works once for each pixel of its input, a convolution for each of its output.
            pixels = (size >> (layer + 1)) ** 2 if name[0] in 'DU' else (size >> min(layer + 1, 3)) ** 2
            total += pixels * int(np.prod(variable.shape.as_list()))
    return total


def main(argv=None):
    cfg = parse(Settings, argv)
    import tfutil
    from pix2pix.trainer import Trainer

    shape = [2, cfg.minibatch, 1, cfg.resolution, cfg.resolution]
    pixels = np.random.RandomState(0).randint(256, size=shape).astype(np.uint8)
    train = Train(ngf=cfg.ngf, ndf=cfg.ngf, minibatch=cfg.minibatch, precision=cfg.precision)
    with tfutil.init_tf(cpu=cfg.cpu, precision=cfg.precision):
        trainer = Trainer(train, *pixels)
        trainer.initialise()
        trainer.train_step(0)
        timer = Timer()
        for step in range(1, cfg.iterations + 1):
            timer.run(lambda n=step: trainer.train_step(n))
        # Forward and backward of G 3; of D: reals 3, fakes 3, and once more through it to G 1.
        gflop = 2e-9 * (3 * multiply_accumulates(trainer.G) + 7 * multiply_accumulates(trainer.D))
        report(
            resolution=cfg.resolution,
            minibatch=cfg.minibatch,
            ngf=cfg.ngf,
            tensorflow=tfutil.tf.__version__,
            precision=cfg.precision,
            sec_per_iteration=timer.median(),
            **timer.speed(cfg.minibatch, gflop),
        )


if __name__ == '__main__':
    command(main)
