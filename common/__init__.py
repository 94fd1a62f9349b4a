"""What all packages share: flags, files, pictures, Hounsfield units, cards of data and weights, pickles, pages.

Nothing here imports TensorFlow; `prepare_libraries` sets what it reads when it is loaded.
"""

import os
import sys

VERSION = '1.0.dev0'  # of the project; .dev0: what CHANGELOG.md calls unreleased
SUPPORTED = 'Python 3.10 to 3.13 (TensorFlow 2.21), 3.14 (TensorFlow 2.22) and 3.6 (TensorFlow 1.12)'


def prepare_libraries():
    """Set what NumPy and TensorFlow read while they are loaded, unless the user did; without effect after that.

    TensorFlow and Matplotlib log errors only. TensorFlow uses oneDNN, whose kernels are up to twice as fast and off by
    default on many CPUs. NumPy's products take one core: `metrics` shares the cores itself, and threads of BLAS would
    only wait for them.
    """
    import logging  # here, as a script's first import is of this file, and Ctrl-C should find it short

    os.environ.setdefault('TF_ENABLE_ONEDNN_OPTS', '1')
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')
    os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
    for name in 'tensorflow', 'matplotlib':  # deprecations, and the font cache
        logging.getLogger(name).setLevel(logging.ERROR)


def run(main):
    """Run a script's main as commandline.command does, with a line in place of a traceback where Python is too old.

    This file and the scripts are the only ones that an old Python has to be able to read.
    """
    if sys.version_info < (3, 6):
        sys.stderr.write('this is Python %d.%d; supported are %s\n' % (sys.version_info[:2] + (SUPPORTED,)))
        sys.exit(2)
    try:
        from common import commandline
    except KeyboardInterrupt:
        os._exit(130)
    commandline.command(main)
