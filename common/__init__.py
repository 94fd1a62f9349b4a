"""What has nothing to do with nodules or TensorFlow: flags, files, pictures, Hounsfield units, pickles, pages."""

import os
import sys

VERSION = '1.0.dev0'  # of the project; .dev0: what CHANGELOG.md calls unreleased
SUPPORTED = 'Python 3.10 to 3.13 (TensorFlow 2.21), 3.14 (TensorFlow 2.22) and 3.6 (TensorFlow 1.12)'

if sys.version_info < (3, 6):
    sys.stderr.write('this is Python %d.%d; supported are %s\n' % (sys.version_info[0], sys.version_info[1], SUPPORTED))
    sys.exit(2)


def _ended(kind, error, trace):
    if issubclass(kind, KeyboardInterrupt):  # Ctrl-C while the scripts import each other, before commandline.command
        os._exit(130)
    sys.__excepthook__(kind, error, trace)


sys.excepthook = _ended
