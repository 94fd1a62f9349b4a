# PYTHON_ARGCOMPLETE_OK
"""Dataset demo pipeline: transform pictures from a tfrecords file to png format."""

import os

import config
from common import commandline


def main(argv=None):
    cfg = commandline.parse(config.Display, __doc__, argv, abbreviated=True)
    if not os.path.exists(cfg.tfrecords):
        remedy = 'name a tfrecords file or a dataset folder with --tfrecords'
        raise FileNotFoundError('%s does not exist; %s' % (cfg.tfrecords, remedy))
    from dataset_tools import display  # after the flags: TensorFlow takes seconds to load, and -h should not

    display.show(cfg)


if __name__ == '__main__':
    commandline.command(main)
