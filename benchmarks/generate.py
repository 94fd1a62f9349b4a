"""How fast the generator makes images with random weights, beside the matrix-product rate. The last line is JSON."""

import os
import sys
import time

BEGIN = time.time()
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import numpy as np  # noqa: E402

import machine  # noqa: E402
from common.commandline import command, parse, settings  # noqa: E402
from common.types import positive  # noqa: E402
from config import CPU  # noqa: E402

Settings = settings(
    'Settings',
    'How fast the generator makes images with random weights, beside the matrix-product rate',
    resolution=(64, 'width and height of the images', positive),
    minibatch=(16, 'images computed at a time', positive),
    number=(160, 'images to time in the steady state', positive),
    fmap_max=(512, 'most feature maps of a layer', positive),
    cpu=CPU,
)


def main(argv=None):
    cfg = parse(Settings, argv)
    import networks
    import tfutil
    from training.schedule import multiply_accumulates

    with tfutil.init_tf(cpu=cfg.cpu):
        G = tfutil.Network('G', networks.G_paper, resolution=cfg.resolution, fmap_max=cfg.fmap_max)
        latents, labels = (
            np.random.RandomState(0).randn(cfg.minibatch, int(G.inputs[0].shape[1])),
            np.zeros([cfg.minibatch, 0]),
        )
        G.run(latents, labels, minibatch=cfg.minibatch)
        first = time.time() - BEGIN
        rate = machine.matrix_product()
        timed = machine.Timed(rate)
        for _ in range(max(cfg.number // cfg.minibatch, 1)):
            timed.run(lambda: G.run(latents, labels, minibatch=cfg.minibatch))
        whole = first + sum(timed.seconds)
        machine.report(
            resolution=cfg.resolution,
            minibatch=cfg.minibatch,
            tensorflow=tfutil.tf.__version__,
            layout=G.data_format,
            images_per_sec=cfg.minibatch / np.median(timed.seconds),
            seconds_to_first_images=first,
            whole_process_images_per_sec=(len(timed.seconds) + 1) * cfg.minibatch / whole,
            **timed.figures(2e-9 * multiply_accumulates(G, level=None), cfg.minibatch),
        )


if __name__ == '__main__':
    command(main)
