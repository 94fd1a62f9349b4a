"""What has nothing to do with nodules or TensorFlow: flags, files, pictures, Hounsfield units, pickles, pages."""

import os
import sys


def _ended(kind, error, trace):
    if issubclass(kind, KeyboardInterrupt):  # Ctrl-C while the scripts import each other, before commandline.command
        os._exit(130)
    sys.__excepthook__(kind, error, trace)


sys.excepthook = _ended
