import pytest

import studies


@pytest.fixture
def make_study(tmp_path):
    """A function that writes a study of noise; options: of its protocol."""

    def make(name='study', **options):
        (tmp_path / name).mkdir()
        studies.noise(str(tmp_path / name), **options)
        return str(tmp_path / name)

    return make
