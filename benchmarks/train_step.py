"""How long a training iteration takes (a step of D and of Gs, a step of G), beside the machine's matrix-product rate. The last line is JSON."""
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import numpy as np      # noqa: E402

import commandline      # noqa: E402
import config           # noqa: E402
import machine          # noqa: E402


def main(argv=None):
    cfg = commandline.parse(config.TrainBenchmark, __doc__, argv)
    import dataset
    import tfutil
    import training
    level = cfg.resolution.bit_length() - 1
    settings = config.Progan(fmap_max=cfg.fmap_max, precision=cfg.precision)
    random = np.random.RandomState(0)
    with tfutil.init_tf(cpu=cfg.cpu, precision=cfg.precision, xla=cfg.xla), tempfile.TemporaryDirectory() as folder:
        dataset.write(folder, 'noise', random.randint(256, size=[cfg.minibatch, 1, cfg.resolution, cfg.resolution]).astype(np.uint8))
        trainer = training.Trainer(settings, dataset.Pyramid(folder))
        first = trainer.prepare(level, cfg.minibatch)
        trainer.reset_optimisers()
        trainer.set_lod(0.5 if cfg.level_fade else 0.0)
        rate = machine.matrix_product()
        seconds, rates = [], []
        for number in range(cfg.iterations):                # in turn, as the speed of a shared machine drifts
            rates.append(rate())
            begin = time.time()
            trainer.train(trainer.steps[level], number, number * cfg.minibatch)
            seconds.append(time.time() - begin)
        # D: fakes 1 G, scores of reals, fakes and mixed images and their gradients 12 D; G: 3 G and 2 D, each forward and backward.
        gflop = 2e-9 * (4 * training.work(trainer.first.G, level) + 14 * training.work(trainer.first.D, level))
        gflops = gflop * cfg.minibatch / np.median(seconds)
        machine.report(dict(
            resolution=cfg.resolution, minibatch=cfg.minibatch, tensorflow=tfutil.tf.__version__, layout=trainer.first.G.data_format,
            precision=cfg.precision, xla=cfg.xla, sec_per_iteration=np.median(seconds), images_per_sec=cfg.minibatch / np.median(seconds),
            seconds_to_build=first, gflop_per_image=gflop, gflops=gflops, matrix_product_gflops=np.median(rates),
            fraction_of_matrix_product=gflops / np.median(rates)))


if __name__ == '__main__':
    commandline.command(main)
