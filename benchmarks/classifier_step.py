"""Times a training step of a classifier, relative to the matrix-product rate. The last line is JSON."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import numpy as np  # noqa: E402

from common.commandline import command, parse, settings  # noqa: E402
from common.types import positive, power_of_two  # noqa: E402
from config import CPU  # noqa: E402
from timing import Timer, report  # noqa: E402

Settings = settings(
    'Settings',
    'Times a training step of a classifier, relative to the matrix-product rate. The last line is JSON.',
    network=('small', 'small or resnet10', ('small', 'resnet10')),
    resolution=(64, 'width and height of the images', power_of_two(16, 1024)),
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
    from classification import arms, classifier, classifier_training

    random = np.random.RandomState(0)
    pixels = random.randint(256, size=[200, 1, cfg.resolution, cfg.resolution]).astype(np.uint8)
    with tfutil.init_tf(cpu=cfg.cpu):
        model = classifier_training.TrainableClassifier(cfg.network, pixels.shape[1:], ['AIS', 'MIA', 'IA'], 0.001)
        model.initialise([0])
        pool = arms.Pool(pixels, np.arange(200) % 3, 3)
        timer = Timer()

        def train(step):
            images, labels = pool.draw(random, cfg.minibatch, step)
            model.train_step(classifier.as_floats(arms.augment(images, random)), np.eye(3)[labels], random)

        train(0)
        for step in range(1, cfg.iterations + 1):
            timer.run(lambda n=step: train(n))
        report(
            network=cfg.network,
            resolution=cfg.resolution,
            minibatch=cfg.minibatch,
            tensorflow=tfutil.tf.__version__,
            sec_per_step=timer.median(),
            **timer.speed(cfg.minibatch, 6e-9 * multiply_accumulates(model.C)),
        )


if __name__ == '__main__':
    command(main)
