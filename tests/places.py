"""Paths of the project, and marks of tests."""

import os
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DATA = os.path.join(ROOT, 'tests', 'data')

# For slow tests of what does not depend on TensorFlow's version: they run on the newer one only.
ONCE = pytest.mark.skipif(sys.version_info < (3, 10), reason='runs on the newer TensorFlow')


def visible(folder):
    """Sorted names in a folder without hidden ones, such as the record of what programs wrote there."""
    return sorted(name for name in os.listdir(str(folder)) if not name.startswith('.'))
