import os

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from dataset_tools.patches import Patch
from dataset_tools.unfinished import Unfinished


@pytest.fixture
def patches(random):
    pixels = random.randint(256, size=[3, 1, 16, 16]).astype(np.uint8)
    blank = dict.fromkeys(Patch._fields)
    facts = dict(point=[0.1, -2.0, 1e-17], diameter_mm=None)
    return [
        Patch(**dict(blank, pixels=pixels[0], label='AIS', nodule='a#1', facts=facts)),
        Patch(**dict(blank, pixels=pixels[1], nodule='b', facts={}, mask=pixels[2, 0] > 100)),
    ]


def test_patches_come_back_as_they_were_kept(tmp_path, patches):
    Unfinished(str(tmp_path), 'MIA').store('key', patches, [['a'], 1])
    result, *rest = Unfinished(str(tmp_path), 'MIA', resume=True).load('key')
    assert rest == [['a'], 1] and len(result) == 2
    for kept, patch in zip(result, patches):
        assert_array_equal(kept.pixels, patch.pixels)
        assert (kept.mask is None) == (patch.mask is None)
        assert kept.mask is None or (kept.mask == patch.mask).all()
        assert kept._replace(pixels=0, mask=0) == patch._replace(pixels=0, mask=0)


def test_what_is_not_there_or_damaged_is_none(tmp_path, patches):
    unfinished = Unfinished(str(tmp_path), 'MIA')
    assert unfinished.load('key') is None
    unfinished.store('key', patches)
    assert unfinished.load('another key') is None
    path = unfinished.path('key')
    with open(path, 'r+b') as f:
        f.truncate(os.path.getsize(path) - 40)
    assert unfinished.load('key') is None


def test_an_earlier_run_is_gone_on_with_or_removed_but_never_by_accident(tmp_path, patches):
    Unfinished(str(tmp_path), 'MIA').store('key', patches)
    with pytest.raises(FileExistsError, match='holds 1 scans .* --resume'):
        Unfinished(str(tmp_path), 'MIA')
    assert Unfinished(str(tmp_path), 'MIA', resume=True).load('key')
    assert not Unfinished(str(tmp_path), 'MIA', force=True).load('key')
    assert os.listdir(str(tmp_path)) == []


def test_what_else_lies_in_the_folder_of_unfinished_work_stays(tmp_path, patches):
    unfinished = Unfinished(str(tmp_path), 'MIA')
    unfinished.store('key', patches)
    (tmp_path / '.MIA.unfinished' / 'thesis.npz').write_bytes(b'mine')
    unfinished.close()
    assert os.listdir(str(tmp_path / '.MIA.unfinished')) == ['thesis.npz']
