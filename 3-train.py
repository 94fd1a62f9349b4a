# PYTHON_ARGCOMPLETE_OK
"""Training of the progressive growing wGAN, from tfrecords to a (G, D, Gs) pickle."""

import common


def main(argv=None):
    import config
    from common import commandline

    cfg = commandline.parse(config.Train, argv)
    from training import signals

    with signals.Stop() as stop:
        from training import launch  # after the flags: NumPy and TensorFlow take long to load, and -h should not

        launch.launch(cfg, stop, commandline.explicit_flags(config.Train, argv))


if __name__ == '__main__':
    common.run(main)
