# PYTHON_ARGCOMPLETE_OK
"""Makes datasets from images, CT volumes or phantoms; see docs/data.md."""

import sys

import common


def main(argv=None):
    from common import commandline
    from dataset_tools import create_settings

    command, cfg = commandline.parse_command(create_settings.COMMANDS, create_settings.DESCRIPTION, argv)
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
    common.run(main)
