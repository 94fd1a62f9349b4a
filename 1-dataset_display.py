# PYTHON_ARGCOMPLETE_OK
"""Images of a dataset as PNG files, or a table of its levels."""

import common


def main(argv=None):
    import os

    import config
    from common import commandline

    cfg = commandline.parse(config.Display, argv, abbreviated=True)
    if not os.path.exists(cfg.tfrecords):
        remedy = 'name a tfrecords file or a dataset folder with --tfrecords'
        raise FileNotFoundError('%s does not exist; %s' % (cfg.tfrecords, remedy))
    from dataset_tools import display  # after the flags: -h should not wait for NumPy

    display.show(cfg)


if __name__ == '__main__':
    common.run(main)
