import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

import dataset
from common import hounsfield
from created import CREATE, PHANTOM, facts, finest, phantom, read_picture, tree
from dataset_tools.phantom import phantom_slices
from places import ROOT, visible


def test_phantom_i_depends_on_the_seed_the_class_and_i_alone(made, tmp_path):
    made(*PHANTOM, '--number', 40, '--processes', 1)
    made(*PHANTOM, '--number', 35, '--processes', 3, '--name', 'three')
    one, three = [finest(tmp_path / 'out' / name) for name in ('MIA', 'three')]
    assert_array_equal(one[:35], three)
    drawn = phantom('MIA', np.random.RandomState([3, 1, 20]), 16)
    assert_array_equal(one[20, 0], hounsfield.to_gray(drawn.hu, (-1900, 1100)))
    assert facts(tmp_path / 'out' / 'MIA')['entries'][:35] == facts(tmp_path / 'out' / 'three')['entries']
    assert facts(tmp_path / 'out' / 'MIA')['mm_per_pixel'] == 0.6


def test_slices_of_a_phantom_follow_each_other_under_one_name(made, refuses, tmp_path):
    made(*PHANTOM, '--number', 9, '--slices', 5)
    read, about = finest(tmp_path / 'out' / 'MIA'), facts(tmp_path / 'out' / 'MIA')
    assert len(read) == about['images'] == 45 and about['nodules'] == 9
    assert about['slices'] == 5 and {e['slice_mm'] for e in about['entries']} == {1}
    drawn = phantom_slices('MIA', np.random.RandomState([3, 1, 4]), 16, 0.6, 5)
    assert_array_equal(read[20:25, 0], [hounsfield.to_gray(p.hu, (-1900, 1100)) for p in drawn])
    entries = about['entries'][20:25]
    assert [e['slice'] for e in entries] == [-2, -1, 0, 1, 2] and {e['nodule'] for e in entries} == {'MIA-3-00004'}
    made(*PHANTOM, '--number', 9, '--name', 'alone')
    assert_array_equal(finest(tmp_path / 'out' / 'alone'), read[2::5])
    refuses(CREATE, *PHANTOM, '--slices', 3, '--masks', parts=['--masks', '--slices 3'])
    refuses(CREATE, *PHANTOM, '--slices', 6, parts=['--slices'])


def test_slices_of_a_phantom_stay_on_one_side_of_a_fold(made, tmp_path):
    made(*PHANTOM, '--number', 6, '--slices', 3, '--folds', 3, '--name', 'cv')
    for fold in range(3):
        path = tmp_path / 'out' / 'cv' / ('fold%d' % fold)
        train, test = [[e['nodule'] for e in facts(path / side / 'MIA')['entries']] for side in ('train', 'test')]
        assert len(train) == 12 and len(test) == 6 and not set(train) & set(test)


def test_masks_lie_beside_the_phantoms_as_pairs(made, tmp_path):
    made(*PHANTOM, '--number', 3, '--masks', '--augment', '--shifts', 2)
    assert visible(tmp_path / 'out' / 'MIA' / 'pairs') == ['MIA-3-%05d.png' % i for i in range(3)]
    both = read_picture(tmp_path / 'out' / 'MIA' / 'pairs' / 'MIA-3-00001.png')
    assert_array_equal(both[:, :16], finest(tmp_path / 'out' / 'MIA')[10, 0])
    assert_array_equal(both[:, 16:], phantom('MIA', np.random.RandomState([3, 1, 1]), 36).mask[10:26, 10:26] * 255)


def test_pairs_of_phantoms_of_all_classes(made, tmp_path):
    made('pairs', '--phantom', 'all', '--number', 2, '--resolution', 16, '--name', 'demo')
    names = ['%s-0-0000%d.png' % (kind, i) for kind in ('AIS', 'IA', 'MIA') for i in range(2)]
    assert visible(tmp_path / 'out' / 'demo') == names + ['demo.json']
    both = read_picture(tmp_path / 'out' / 'demo' / 'IA-0-00001.png')
    assert both.shape == (16, 32) and both.dtype == np.uint8 and set(both[:, 16:].ravel()) == {0, 255}
    assert_array_equal(both[:, 16:] > 0, phantom('IA', np.random.RandomState([0, 2, 1]), 16).mask)


def test_pairs_off_centre_are_cropped_from_larger_phantoms(made, refuses, tmp_path, folder):
    made('pairs', '--phantom', 'MIA', '--number', 6, '--resolution', 16, '--name', 'demo', '--off-centre')
    entries = facts(tmp_path / 'out' / 'demo')['entries']
    offsets = [entry['offset'] for entry in entries]
    assert len(set(map(tuple, offsets))) > 3 and np.abs(offsets).max() <= 10
    for i, (top, left) in enumerate(np.add(offsets, 10)):
        both = read_picture(tmp_path / 'out' / 'demo' / (entries[i]['nodule'] + '.png'))
        drawn = phantom('MIA', np.random.RandomState([0, 1, i]), 36)
        gray = hounsfield.to_gray(drawn.hu, (-1900, 1100))
        assert_array_equal(both[:, :16], gray[top : top + 16, left : left + 16])
        assert_array_equal(both[:, 16:] > 0, drawn.mask[top : top + 16, left : left + 16])
    refuses(CREATE, 'pairs', '--images', folder, '--masks', folder, '--off-centre', parts=['--off-centre'])


def test_phantoms_off_centre_are_cropped_from_larger_ones_with_their_masks(made, refuses, tmp_path):
    made(*PHANTOM, '--number', 6, '--off-centre', '--masks')
    path = tmp_path / 'out' / 'MIA'
    entries, images = facts(path)['entries'], finest(path)
    offsets = [entry['offset'] for entry in entries]
    assert len(set(map(tuple, offsets))) > 3 and np.abs(offsets).max() <= 10
    for i, (top, left) in enumerate(np.add(offsets, 10)):
        drawn = phantom('MIA', np.random.RandomState([3, 1, i]), 36)
        gray = hounsfield.to_gray(drawn.hu, (-1900, 1100))
        assert_array_equal(images[i, 0], gray[top : top + 16, left : left + 16])
        both = read_picture(path / 'pairs' / (entries[i]['nodule'] + '.png'))
        assert_array_equal(both[:, 16:] > 0, drawn.mask[top : top + 16, left : left + 16])
    refuses(CREATE, *PHANTOM, '--off-centre', '--augment', '--shifts', 3, parts=['--off-centre', '--shifts 3'])


def test_slices_of_a_phantom_off_centre_are_moved_alike(made, tmp_path):
    made(*PHANTOM, '--number', 4, '--slices', 3, '--off-centre')
    offsets = np.array([entry['offset'] for entry in facts(tmp_path / 'out' / 'MIA')['entries']]).reshape(4, 3, 2)
    assert (offsets == offsets[:, :1]).all() and len(np.unique(offsets)) > 3


def test_the_recipe_of_phantoms_is_chosen_and_recorded(made, refuses, tmp_path):
    made(*PHANTOM, '--number', 2)
    made(*PHANTOM, '--number', 2, '--recipe', '2026-11', '--name', 'old')
    made('pairs', '--phantom', 'MIA', '--number', 2, '--seed', 3, '--resolution', 16, '--recipe', '2026-11')
    assert facts(tmp_path / 'out' / 'MIA')['recipe'] == '2026-12'
    assert 'recipe' not in facts(tmp_path / 'out' / 'old')
    drawn = phantom_slices('MIA', np.random.RandomState([3, 1, 1]), 16, 0.6, 1, recipe='2026-11')[0]
    gray = hounsfield.to_gray(drawn.hu, (-1900, 1100))
    assert_array_equal(finest(tmp_path / 'out' / 'old')[1, 0], gray)
    assert_array_equal(read_picture(tmp_path / 'out' / 'pairs' / 'MIA-3-00001.png')[:, :16], gray)
    refuses(CREATE, *PHANTOM, '--recipe', '2026-10', parts=['--recipe', '2026-11'])


def test_pairs_of_image_and_mask_folders(made, refuses, tmp_path, folder):
    (tmp_path / 'masks').mkdir()
    for i in range(5):
        mask = Image.fromarray((np.arange(256).reshape(16, 16) > 100 + i).astype(np.uint8))
        mask.save(str(tmp_path / 'masks' / ('%d.png' % i)))
    both = ['pairs', '--images', folder, '--masks', tmp_path / 'masks', '--resolution', 16]
    made(*both, '--keep-names')
    read = read_picture(tmp_path / 'out' / 'pairs' / '3.png')
    assert_array_equal(read[:, :16], read_picture(folder / '3.png'))
    assert_array_equal(read[:, 16:].ravel(), (np.arange(256) > 103) * 255)
    (tmp_path / 'masks' / '4.png').rename(tmp_path / 'masks' / '5.png')
    refuses(CREATE, *both, parts=['4.png', 'same names'])
    refuses(CREATE, 'pairs', '--images', folder, parts=['--masks'])
    refuses(CREATE, 'pairs', parts=['--phantom'])
    refuses(CREATE, 'pairs', '--images', tmp_path / 'none', '--masks', folder, parts=['none'])


def alive(group):
    """Processes of a group that still run."""
    result = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open('/proc/%s/stat' % pid) as f:
                state, _, of = f.read().rpartition(')')[2].split()[:3]
        except OSError:
            continue
        if int(of) == group and state != 'Z':
            result.append(pid)
    return result


def own_group():
    """Ctrl-C reaches it even where these tests run in the background, which ignores it."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.slow
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGKILL])
def test_a_killed_run_leaves_no_data_set_and_no_process(tmp_path, number):
    command = [sys.executable, os.path.join(ROOT, CREATE), 'phantom', 'IA', '--outdir', str(tmp_path / 'out')]
    command += '--number 100000 --processes 2'.split()
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=own_group)
    for _ in range(600):
        time.sleep(0.1)
        if any(os.path.getsize(str(tmp_path / name)) > 0 for name in tree(tmp_path) if '-r06' in name):
            break
    os.kill(run.pid, number)
    _, err = run.communicate()  # ends when the last process that has our pipe does
    assert not os.path.exists(str(tmp_path / 'out' / 'IA'))
    if number == signal.SIGINT:
        assert run.returncode == 130 and err.count(b'\n') == 1 and os.listdir(str(tmp_path)) == []
    for _ in range(100):
        if not alive(run.pid):
            break
        time.sleep(0.1)
    assert not alive(run.pid)


def test_the_demo_data_are_the_phantoms_that_their_readme_says(script):
    assert script(CREATE, 'verify', os.path.join(ROOT, 'processData'))[0] == 0
    with open(os.path.join(ROOT, 'pix2pix', 'dataset-demo', 'dataset-demo.json')) as f:
        pairs = json.load(f)['entries']
    for index, kind in enumerate(('AIS', 'MIA', 'IA')):
        path = os.path.join(ROOT, 'processData', kind, kind)
        read = dataset.read(path + '-r06.tfrecords')
        assert len(read) == 300 and json.load(open(path + '.json'))['seed'] == 2020
        for i in (0, 299):
            gray = hounsfield.to_gray(phantom(kind, np.random.RandomState([2020, index, i])).hu, (-1900, 1100))
            assert np.abs(read[i, 0].astype(int) - gray).max() <= 1  # another FFT may round another way
        nodule = '%s-2020-00019' % kind
        pair = read_picture(os.path.join(ROOT, 'pix2pix', 'dataset-demo', nodule + '.png'))
        top, left = [10 + shift for entry in pairs for shift in entry['offset'] if entry['nodule'] == nodule]
        gray = hounsfield.to_gray(phantom(kind, np.random.RandomState([2020, index, 19]), 84).hu, (-1900, 1100))
        gray = gray[top : top + 64, left : left + 64]
        assert np.abs(pair[:, :64].astype(int) - gray).max() <= 1 and set(pair[:, 64:].ravel()) == {0, 255}
    names = os.listdir(os.path.join(ROOT, 'pix2pix', 'dataset-demo'))
    assert sum(name.endswith('.png') for name in names) == 60


def test_all_classes_go_into_folds_together_each_with_a_number_of_its_own(made, refuses, tmp_path):
    made('phantom', 'all', '--number', '3,12,6', '--resolution', 16, '--folds', 3, '--name', 'cv', '--seed', 3)
    result = {}
    for label in ('AIS', 'MIA', 'IA'):
        sides = [facts(tmp_path / 'out' / 'cv' / ('fold%d' % fold) / 'test' / label)['entries'] for fold in range(3)]
        assert len({len(side) for side in sides}) == 1
        result[label] = sorted(entry['nodule'] for side in sides for entry in side)
    assert [len(result[label]) for label in ('AIS', 'MIA', 'IA')] == [3, 12, 6]
    assert result['AIS'] == ['AIS-3-%05d' % i for i in range(3)]
    refuses(CREATE, 'phantom', 'all', '--number', '3,12', parts=['--number 3,12', 'one for each'])
    refuses(CREATE, *PHANTOM, '--number', '3,12,6', parts=['--number 3,12,6 for MIA', 'one number'])
