# PYTHON_ARGCOMPLETE_OK
"""pix2pix: from a nodule's mask to a CT patch."""

import sys

import common


def main(argv=None):
    from common import commandline
    from pix2pix import pix2pix_settings

    command, cfg = commandline.parse_command(pix2pix_settings.COMMANDS, pix2pix_settings.DESCRIPTION, argv)
    if command == 'generate':
        commandline.require_weights(cfg.model, ('G', 'D'))
        from pix2pix import generate  # after the flags: TensorFlow takes seconds to load, and -h should not

        generate.generate(cfg)
        return
    from training import signals

    with signals.Stop() as stop:
        from pix2pix import launch

        stopped = launch.train(cfg, stop, commandline.explicit_flags(pix2pix_settings.Train, argv))
    if stopped:
        sys.exit(128 + stopped)


if __name__ == '__main__':
    common.run(main)
