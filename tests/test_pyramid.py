import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import dataset
from common import capacity
from places import ONCE, ROOT


def test_class_folders_are_pooled_and_labelled(tmp_path, training_data):
    for name in ('AIS', 'MIA'):
        dataset.write(
            str(tmp_path / name), name, dataset.read(training_data + '/AIS-r03.tfrecords')[: 3 if name == 'AIS' else 5]
        )
    data = dataset.Pyramid(str(tmp_path))
    assert (
        data.classes == ['AIS', 'MIA']
        and data.labels.tolist() == [0] * 3 + [1] * 5
        and data.images[3].shape == (8, 1, 8, 8)
    )


def test_a_pyramid_up_to_a_resolution_is_that_of_the_levels_below_with_larger_pixels(tmp_path, training_data):
    shutil.copytree(training_data, str(tmp_path / 'AIS'))
    (tmp_path / 'AIS' / 'AIS.json').write_text('{"mm_per_pixel": 0.7}')
    whole, part = dataset.Pyramid(str(tmp_path / 'AIS')), dataset.Pyramid(str(tmp_path / 'AIS'), 4)
    os.remove(str(tmp_path / 'AIS' / 'AIS-r03.tfrecords'))
    below = dataset.Pyramid(str(tmp_path / 'AIS'))
    assert (part.top, part.digest, part.parts) == (below.top, below.digest, below.parts)
    assert list(part.images) == [2] and whole.digest != part.digest
    assert_array_equal(part.images[2], below.images[2])
    assert (whole.card.mm_per_pixel, part.card.mm_per_pixel) == (0.7, 1.4)
    with pytest.raises(ValueError, match='holds images of up to 4 pixels, not of 8'):
        dataset.Pyramid(str(tmp_path / 'AIS'), 8)


def test_what_fills_the_memory_is_mapped_from_a_file_without_a_name_and_is_the_same(
    tmp_path, training_data, monkeypatch
):
    held = dataset.Pyramid(training_data)
    before = os.listdir(training_data)
    monkeypatch.setattr(capacity, 'free_memory', lambda: 4000)
    mapped = dataset.Pyramid(training_data)
    assert sorted(os.listdir(training_data)) == sorted(before)
    assert isinstance(mapped.images[3].base, np.memmap) and not isinstance(held.images[3].base, np.memmap)
    for level in held.images:
        assert_array_equal(mapped.images[level], held.images[level])
    assert (mapped.digest, mapped.parts) == (held.digest, held.parts)
    monkeypatch.setattr(capacity, 'free_disk', lambda path: 2000)
    with pytest.raises(ValueError, match='2 KB are free'):
        dataset.Pyramid(training_data)


@ONCE
@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists('/proc/self/status'), reason='needs /proc')
def test_loading_a_dataset_takes_little_more_memory_than_its_arrays(tmp_path):
    dataset.write(str(tmp_path), 'a', (np.full([1, 64, 64], i % 256, np.uint8) for i in range(12000)))
    code = 'import dataset, resource, sys; before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; '
    code += 'data = dataset.Pyramid(sys.argv[1]); after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; '
    code += 'print((after - before) * 1024 / sum(x.nbytes for x in data.images.values()))'
    ratio = subprocess.check_output([sys.executable, '-c', code, str(tmp_path)], cwd=ROOT)
    assert float(ratio) < 1.5


def test_class_folders_with_numbers_are_labelled_in_the_order_of_these_numbers(tmp_path, training_data):
    images = dataset.read(training_data + '/AIS-r03.tfrecords')
    for name in ('10', '2', '1'):
        dataset.write(str(tmp_path / name), name, images[: int(name)])
    data = dataset.Pyramid(str(tmp_path))
    assert data.classes == ['1', '2', '10'] and data.labels.tolist() == [0] + [1] * 2 + [2] * 10


def test_colour_images_are_refused_with_what_to_do(tmp_path, random):
    dataset.write(str(tmp_path), 'c', random.randint(256, size=[5, 3, 8, 8]).astype(np.uint8))
    with pytest.raises(ValueError, match='c-r02.tfrecords record 0 has the shape .3, 4, 4.; .*; .* from gray pictures'):
        dataset.Pyramid(str(tmp_path))


def test_colour_images_are_read_where_they_are_wanted_and_have_gray_levels_instead_of_hu(tmp_path, random):
    images = random.randint(256, size=[5, 3, 8, 8]).astype(np.uint8)
    dataset.write(str(tmp_path / 'c'), 'c', images)
    (tmp_path / 'c' / 'c.json').write_text('{"channels": 3, "window": [-1000, 400]}')
    data = dataset.Pyramid(str(tmp_path / 'c'), colour=True)
    assert_array_equal(data.images[3], images)
    halves = images.astype(float).reshape(5, 3, 4, 2, 4, 2).mean(axis=(3, 5))
    assert_array_equal(data.images[2], np.rint(halves))
    assert (data.card.channels, data.card.unit, data.card.gray_window) == (3, 'gray levels', (0, 255))
    dataset.write(str(tmp_path / 'd'), 'd', images[:, :1])
    gray = dataset.Pyramid(str(tmp_path / 'd'), colour=True)
    assert gray.images[3].shape == (5, 1, 8, 8) and (gray.card.channels, gray.card.unit) == (1, 'HU')
    with pytest.raises(ValueError, match='d-r02.tfrecords record 0 has the shape .1, 4, 4.; wanted are square colour'):
        dataset.Pyramid(str(tmp_path), colour=True)
