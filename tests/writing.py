"""What tests of written files share."""

import pytest

from common import files, manifest

RECORD = '.written.jsonl'  # not manifest.RECORD: folders of earlier versions hold this name


@pytest.fixture(autouse=True)
def program():
    """A program without inputs."""
    manifest.begin('test', [])


def write(path, content, **options):
    with files.atomic(str(path), **options) as f:
        f.write(content)
