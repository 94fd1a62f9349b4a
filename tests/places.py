"""Where things are, and what runs where."""

import os
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DATA = os.path.join(ROOT, 'tests', 'data')

# For what takes long and shows the same on both TensorFlows: the newer one runs it.
ONCE = pytest.mark.skipif(sys.version_info < (3, 10), reason='runs on the newer TensorFlow')


def visible(folder):
    """Names in a folder, sorted, without hidden ones such as the record of what programs wrote there."""
    return sorted(name for name in os.listdir(str(folder)) if not name.startswith('.'))
