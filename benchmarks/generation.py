"""Times the generation of images with random weights, relative to the matrix-product rate. The last line is JSON."""

import os
import sys
import time

BEGIN = time.time()
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import numpy as np  # noqa: E402

from common.commandline import command, parse, settings  # noqa: E402
from common.types import positive  # noqa: E402
from config import CPU  # noqa: E402
from timing import Timer, report  # noqa: E402

Settings = settings(
    'Settings',
    'Times the generation of images with random weights, relative to the matrix-product rate. The last line is JSON.',
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
    from training.plan import multiply_accumulates

    with tfutil.init_tf(cpu=cfg.cpu):
        G = tfutil.Network('G', networks.G_paper, resolution=cfg.resolution, fmap_max=cfg.fmap_max)
        latents = np.random.RandomState(0).randn(cfg.minibatch, int(G.inputs[0].shape[1]))
        labels = np.zeros([cfg.minibatch, 0])
        G.run(latents, labels, minibatch=cfg.minibatch)
        first = time.time() - BEGIN
        timer = Timer()
        for _ in range(max(cfg.number // cfg.minibatch, 1)):
            timer.run(lambda: G.run(latents, labels, minibatch=cfg.minibatch))
        seconds = first + sum(timer.seconds)
        report(
            resolution=cfg.resolution,
            minibatch=cfg.minibatch,
            tensorflow=tfutil.tf.__version__,
            layout=G.data_format,
            seconds_to_first_images=first,
            whole_process_images_per_sec=(len(timer.seconds) + 1) * cfg.minibatch / seconds,
            **timer.speed(cfg.minibatch, 2e-9 * multiply_accumulates(G, level=None)),
        )


if __name__ == '__main__':
    command(main)
