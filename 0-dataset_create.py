# PYTHON_ARGCOMPLETE_OK
"""Make datasets: tfrecords of all resolutions, OUTDIR/NAME/NAME-r02.tfrecords (4x4) and so on, from images, CT volumes
or phantoms."""

import sys

from common import commandline
from dataset_tools import create_settings


def main(argv=None):
    command, cfg = commandline.parse_command(create_settings.COMMANDS, __doc__, argv)
    if command == 'verify':
        from dataset_tools import verify  # after the flags: TensorFlow takes seconds to load, and -h should not

        sys.exit(verify.report(cfg.datasets, cfg.channels, cfg.all))
    from dataset_tools import create_commands

    {
        'images': create_commands.images,
        'volumes': create_commands.volumes,
        'phantom': create_commands.phantoms,
        'pairs': create_commands.pairs,
    }[command](cfg)


if __name__ == '__main__':
    commandline.command(main)
