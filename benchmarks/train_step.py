"""How long a training iteration (a step of D, of Gs and of G) takes, beside the matrix-product rate; last line JSON."""

import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import numpy as np  # noqa: E402

import config  # noqa: E402
import machine  # noqa: E402
from common.commandline import command, parse, settings  # noqa: E402
from common.types import positive  # noqa: E402

Settings = settings(
    'Settings',
    'How long a training iteration (a step of D, of Gs and of G) takes, beside the matrix-product rate; last line JSON',
    resolution=(64, 'resolution of the network and its images', positive),
    minibatch=(32, 'images in a step', positive),
    iterations=(10, 'iterations to time; one is a step of D and one of G', positive),
    fmap_max=(512, 'most feature maps of a layer', positive),
    precision=('fp32', 'of convolutions', ('fp32', 'tf32', 'bf16')),
    layout=('auto', 'of features: nchw, nhwc, or auto, which times what the device can do', ('auto', 'nchw', 'nhwc')),
    level_fade=(False, 'time the fading in of the resolution instead of its stable phase'),
    xla=(False, 'compile the steps with XLA'),
    cpu=config.CPU,
)


def measured(cfg, layout):
    """Figures of a training iteration with features in a layout (None: the one that training takes by itself)."""
    import dataset
    import tfutil
    from training.schedule import multiply_accumulates
    from training.trainer import Trainer

    level = cfg.resolution.bit_length() - 1
    progan = config.Progan(fmap_max=cfg.fmap_max, precision=cfg.precision)
    random = np.random.RandomState(0)
    shape = [cfg.minibatch, 1, cfg.resolution, cfg.resolution]
    session = tfutil.init_tf(cpu=cfg.cpu, precision=cfg.precision, xla=cfg.xla)
    with session, tempfile.TemporaryDirectory() as folder:
        dataset.write(folder, 'noise', random.randint(256, size=shape).astype(np.uint8))
        trainer = Trainer(progan, dataset.Pyramid(folder))
        for network in (trainer.first.G, trainer.first.D):
            network.data_format = layout or network.data_format
        first, _ = trainer.prepare(level, cfg.minibatch)
        trainer.reset_optimizers()
        trainer.set_lod(0.5 if cfg.level_fade else 0.0)
        timed = machine.Timed(machine.matrix_product())
        for number in range(cfg.iterations):
            timed.run(lambda n=number: trainer.train(trainer.steps[level], n, n * cfg.minibatch))
        # D: fakes 1 G, scores of reals, fakes and mixed images and their gradients 12 D; G: 3 G and 2 D, each forward
        # and backward.
        work_G, work_D = [multiply_accumulates(x, level) for x in (trainer.first.G, trainer.first.D)]
        return dict(
            resolution=cfg.resolution,
            minibatch=cfg.minibatch,
            tensorflow=tfutil.tf.__version__,
            layout=trainer.first.G.data_format,
            precision=cfg.precision,
            xla=cfg.xla,
            sec_per_iteration=np.median(timed.seconds),
            images_per_sec=cfg.minibatch / np.median(timed.seconds),
            seconds_to_build=first,
            **timed.figures(2e-9 * (4 * work_G + 14 * work_D), cfg.minibatch),
        )


def main(argv=None):
    cfg = parse(Settings, argv)
    found = [measured(cfg, cfg.layout.upper() if cfg.layout != 'auto' else None)]
    if cfg.layout == 'auto' and found[0]['layout'] == 'NCHW':  # on a GPU, which can do both
        found.append(measured(cfg, 'NHWC'))
    others = {'images_per_sec_' + each['layout'].lower(): each['images_per_sec'] for each in found}
    machine.report(**dict(max(found, key=lambda each: each['images_per_sec']), **others))


if __name__ == '__main__':
    command(main)
