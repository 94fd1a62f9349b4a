"""How fast the generator makes images with random weights, beside the machine's matrix-product rate. The last line is JSON."""
import os
import sys
import time

BEGIN = time.time()
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import numpy as np      # noqa: E402

import commandline      # noqa: E402
import config           # noqa: E402
import machine          # noqa: E402


def main(argv=None):
    cfg = commandline.parse(config.GenerateBenchmark, __doc__, argv)
    import networks
    import tfutil
    import training
    with tfutil.init_tf(cpu=cfg.cpu):
        G = tfutil.Network('G', networks.G_paper, resolution=cfg.resolution, fmap_max=cfg.fmap_max)
        latents, labels = np.random.RandomState(0).randn(cfg.minibatch, int(G.inputs[0].shape[1])), np.zeros([cfg.minibatch, 0])
        G.run(latents, labels, minibatch=cfg.minibatch)
        first = time.time() - BEGIN
        rate = machine.matrix_product()
        seconds, rates = [], []
        for _ in range(max(cfg.number // cfg.minibatch, 1)):            # in turn, as the speed of a shared machine drifts
            rates.append(rate())
            begin = time.time()
            G.run(latents, labels, minibatch=cfg.minibatch)
            seconds.append(time.time() - begin)
        gflop = 2e-9 * training.work(G, level=None)
        gflops = gflop * cfg.minibatch / np.median(seconds)
        machine.report(dict(
            resolution=cfg.resolution, minibatch=cfg.minibatch, tensorflow=tfutil.tf.__version__, layout=G.data_format,
            images_per_sec=cfg.minibatch / np.median(seconds), seconds_to_first_images=first,
            whole_process_images_per_sec=(len(seconds) + 1) * cfg.minibatch / (first + sum(seconds)), gflop_per_image=gflop, gflops=gflops,
            matrix_product_gflops=np.median(rates), fraction_of_matrix_product=gflops / np.median(rates)))


if __name__ == '__main__':
    commandline.command(main)
