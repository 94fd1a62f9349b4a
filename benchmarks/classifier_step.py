"""How long a training step of a classifier takes, beside the matrix-product rate; last line JSON."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import numpy as np  # noqa: E402

import machine  # noqa: E402
from common.commandline import command, parse, settings  # noqa: E402
from common.types import integer_between, positive  # noqa: E402
from config import CPU  # noqa: E402

Settings = settings(
    'Settings',
    'How long a training step of a classifier takes, beside the matrix-product rate; last line JSON',
    network=('small', 'small or resnet10', ('small', 'resnet10')),
    resolution=(64, 'width and height of the images', integer_between(16, 1024, power_of_two=True)),
    minibatch=(32, 'images in a step', positive),
    iterations=(20, 'steps to time', positive),
    cpu=CPU,
)


def multiply_accumulates(network):
    """Multiply-accumulates of one forward pass for one image."""
    size, total = int(network.static_kwargs['size']), 0
    for name, variable in network.trainables.items():
        stage = [int(letter) for letter in name if letter.isdigit()]
        if name.endswith('weight'):
            pixels = 1 if name.startswith('Dense') else (size >> (stage[0] if stage else 0)) ** 2
            total += pixels * int(np.prod(variable.shape.as_list()))
    return total


def main(argv=None):
    cfg = parse(Settings, argv)
    import tfutil
    from classification import arms, learner

    random = np.random.RandomState(0)
    pixels = random.randint(256, size=[200, 1, cfg.resolution, cfg.resolution]).astype(np.uint8)
    with tfutil.init_tf(cpu=cfg.cpu):
        model = learner.Learner(cfg.network, pixels.shape[1:], ['AIS', 'MIA', 'IA'], 0.001)
        model.initialise([0])
        pool, timed = arms.Pool(pixels, np.arange(200) % 3, 3), machine.Timed(machine.matrix_product())

        def step(number):
            images, labels = pool.draw(random, cfg.minibatch, number)
            model.train(learner.as_images(arms.changed(images, random)), np.eye(3)[labels], random)

        step(0)
        for number in range(1, cfg.iterations + 1):
            timed.run(lambda n=number: step(n))
        machine.report(
            network=cfg.network,
            resolution=cfg.resolution,
            minibatch=cfg.minibatch,
            tensorflow=tfutil.tf.__version__,
            sec_per_step=np.median(timed.seconds),
            images_per_sec=cfg.minibatch / np.median(timed.seconds),
            **timed.figures(6e-9 * multiply_accumulates(model.C), cfg.minibatch),
        )


if __name__ == '__main__':
    command(main)
