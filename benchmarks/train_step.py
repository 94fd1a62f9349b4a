"""Times a training iteration (steps of D, Gs and G), relative to the matrix-product rate. The last line is JSON."""

import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import numpy as np  # noqa: E402

import config  # noqa: E402
from common.commandline import command, parse, settings  # noqa: E402
from common.types import positive  # noqa: E402
from timing import Timer, report  # noqa: E402

Settings = settings(
    'Settings',
    'Times a training iteration (steps of D, Gs and G), relative to the matrix-product rate. The last line is JSON.',
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


def measure(cfg, layout):
    """Figures of a training iteration with features in a layout; None: the default of the device."""
    import dataset
    import tfutil
    from training.plan import multiply_accumulates
    from training.step import Trainer

    level = cfg.resolution.bit_length() - 1
    train_cfg = config.Train(fmap_max=cfg.fmap_max, precision=cfg.precision)
    random = np.random.RandomState(0)
    shape = [cfg.minibatch, 1, cfg.resolution, cfg.resolution]
    session = tfutil.init_tf(cpu=cfg.cpu, precision=cfg.precision, xla=cfg.xla)
    with session, tempfile.TemporaryDirectory() as folder:
        dataset.write(folder, 'noise', random.randint(256, size=shape).astype(np.uint8))
        trainer = Trainer(train_cfg, dataset.Pyramid(folder))
        for network in (trainer.first.G, trainer.first.D):
            network.data_format = layout or network.data_format
        first, _ = trainer.prepare(level, cfg.minibatch)
        trainer.reset_optimizers()
        trainer.set_lod(0.5 if cfg.level_fade else 0.0)
        timer = Timer()
        for step in range(cfg.iterations):
            timer.run(lambda n=step: trainer.train_step(level, n, n * cfg.minibatch))
        # A step of D: 1 pass through G; 12 through D, for the scores of real, fake and mixed images and their
        # gradients. A step of G: 3 passes through G and 2 through D.
        work_G, work_D = [multiply_accumulates(x, level) for x in (trainer.first.G, trainer.first.D)]
        return dict(
            resolution=cfg.resolution,
            minibatch=cfg.minibatch,
            tensorflow=tfutil.tf.__version__,
            layout=trainer.first.G.data_format,
            precision=cfg.precision,
            xla=cfg.xla,
            sec_per_iteration=timer.median(),
            seconds_to_build=first,
            **timer.speed(cfg.minibatch, 2e-9 * (4 * work_G + 14 * work_D)),
        )


def main(argv=None):
    cfg = parse(Settings, argv)
    results = [measure(cfg, None if cfg.layout == 'auto' else cfg.layout.upper())]
    if cfg.layout == 'auto' and results[0]['layout'] == 'NCHW':  # on a GPU, which supports both
        results.append(measure(cfg, 'NHWC'))
    fastest = max(results, key=lambda result: result['images_per_sec'])
    speeds = {'images_per_sec_' + result['layout'].lower(): result['images_per_sec'] for result in results}
    report(**dict(fastest, **speeds))


if __name__ == '__main__':
    command(main)
