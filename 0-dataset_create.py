# PYTHON_ARGCOMPLETE_OK
"""Makes datasets from images, CT volumes or phantoms; see docs/data.md."""

import sys

import common


def main(argv=None):
    import dataset_tools
    from common import commandline
    from dataset_tools import create_settings

    command, cfg = commandline.parse_command(create_settings.COMMANDS, create_settings.DESCRIPTION, argv)
    if command == 'verify':
        from dataset_tools import verification  # after the flags: -h should not wait for NumPy

        sys.exit(verification.report(cfg.datasets, cfg.channels, cfg.all))
    if command == 'card':
        from dataset_tools import croissant

        print(croissant.write(cfg.dataset, cfg.license, cfg.url))
        return
    create = {
        'images': dataset_tools.create_images,
        'volumes': dataset_tools.create_volumes,
        'lidc': dataset_tools.create_lidc,
        'phantom': dataset_tools.create_phantoms,
        'pairs': dataset_tools.create_pairs,
    }
    create[command](**cfg._asdict())


if __name__ == '__main__':
    common.run(main)
