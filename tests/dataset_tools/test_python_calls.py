"""Data sets made and checked by Python calls."""

import os

import pytest

import dataset_tools
from scans import POINT, picture, write


def test_volumes_become_a_data_set_that_verify_finds_nothing_wrong_with(tmp_path):
    path = write(tmp_path, picture(), 'nii.gz')
    (tmp_path / 'nodules.csv').write_text('path,x,y,z\n%s,%f,%f,%f\n' % ((path.name,) + tuple(POINT)))
    made = dataset_tools.create_volumes(tmp_path / 'nodules.csv', tmp_path / 'out', resolution=32, keep_names=True)
    assert made == [str(tmp_path / 'out' / 'nodules')] and os.path.exists(made[0] + '/nodules-r05.tfrecords')
    assert dataset_tools.verify(*made) == []
    with pytest.raises(FileExistsError):
        dataset_tools.create_volumes(tmp_path / 'nodules.csv', tmp_path / 'out', resolution=32, keep_names=True)


def test_phantoms_and_pairs_are_made_with_plain_arguments(tmp_path):
    made = dataset_tools.create_phantoms('all', tmp_path, number=1, resolution=16, processes=1)
    assert [os.path.basename(path) for path in made] == ['AIS', 'MIA', 'IA']
    again = dataset_tools.create_phantoms('all', tmp_path, number=2, resolution=16, processes=1, force=True)
    assert again == made and dataset_tools.verify(tmp_path) == []
    folder = dataset_tools.create_pairs(tmp_path, phantom='MIA', number=1, resolution=16)
    assert os.listdir(folder).count('pairs.json') == 1


def test_a_setting_of_another_name_is_refused(tmp_path):
    with pytest.raises(TypeError, match='resolutoin'):
        dataset_tools.create_images(tmp_path, resolutoin=16)
