# PYTHON_ARGCOMPLETE_OK
"""Training of the progressive growing wGAN, from tfrecords to a (G, D, Gs) pickle."""

import sys

import config
from common import commandline


def main(argv=None):
    cfg = commandline.parse(config.Progan, __doc__, argv)
    from training import signals

    with signals.Stop() as stop:
        from training import launch  # after the flags: NumPy and TensorFlow take long to load, and -h should not

        stopped = launch.train(cfg, stop, commandline.explicit_flags(config.Progan, argv))
    if stopped:
        sys.exit(128 + stopped)


if __name__ == '__main__':
    commandline.command(main)
