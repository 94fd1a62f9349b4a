# PYTHON_ARGCOMPLETE_OK
"""What metrics measure with: the network that outlines nodules, and its training."""

import common


def main(argv=None):
    from common import commandline
    from metrics import outline_settings

    _, cfg = commandline.parse_command(outline_settings.COMMANDS, outline_settings.DESCRIPTION, argv)
    from metrics import outline_trainer  # after the flags: TensorFlow takes seconds to load, and -h should not

    outline_trainer.train(cfg)


if __name__ == '__main__':
    common.run(main)
