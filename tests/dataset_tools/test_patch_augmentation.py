import numpy as np
from numpy.testing import assert_array_equal
from PIL import Image

from common import hounsfield
from created import CREATE, PHANTOM, facts, finest, picture
from dataset_tools import patches, verification
from dataset_tools.phantom import phantom


def test_augment_writes_each_image_and_its_four_variants(made, tmp_path, folder):
    made('images', folder, '--resolution', 16, '--augment')
    read = finest(tmp_path / 'out' / 'images')
    x = np.asarray(Image.open(str(folder / '2.png')))
    assert_array_equal(read[10:15, 0], [x, x[:, ::-1], x[::-1], np.rot90(x), np.rot90(x, 3)])
    told = facts(tmp_path / 'out' / 'images')
    assert (
        told['variants'] == ['original', 'left-right', 'up-down', 'rot90', 'rot270']
        and told['entries'][2]['records'] == 5
    )
    assert (told['images'], told['nodules'], told['records']) == (5, 5, 25)


def test_shifts_are_cut_from_larger_images_and_nothing_is_filled_up(made, refuses, tmp_path):
    large = np.arange(36 * 36).reshape(36, 36) % 251
    (tmp_path / 'in').mkdir()
    Image.fromarray(large.astype(np.uint8)).save(str(tmp_path / 'in' / 'a.png'))
    made('images', tmp_path / 'in', '--resolution', 16, '--augment', '--shifts', 4)
    cuts = facts(tmp_path / 'out' / 'images')['entries'][0]['cuts']
    assert cuts[0] == [0, 0] and len({tuple(c) for c in cuts}) == 4 and np.abs(cuts).max() <= 10
    for read, (down, right) in zip(finest(tmp_path / 'out' / 'images')[::5], cuts):
        assert_array_equal(read[0], large[10 + down : 26 + down, 10 + right : 26 + right])
    refuses(CREATE, 'images', tmp_path / 'in', '--resolution', 16, '--shifts', 4, words=['--augment'])
    picture(tmp_path / 'in' / 'b.png')
    refuses(
        CREATE, 'images', tmp_path / 'in', '--resolution', 16, '--augment', '--shifts', 4, words=['b.png', '36 x 36']
    )


def test_offsets_reach_every_shift_of_up_to_ten_pixels_once(random):
    every = patches.offsets(441, random)
    assert len(set(every)) == 441 and np.abs(every).max() == 10


def test_phantoms_are_shifted_within_a_larger_phantom(made, tmp_path):
    made(*PHANTOM, '--number', 2, '--augment', '--shifts', 3)
    read = finest(tmp_path / 'out' / 'MIA')
    assert len(read) == 2 * 3 * 5
    hu = phantom('MIA', np.random.RandomState([3, 1, 1]), 36).hu
    assert_array_equal(read[15, 0], hounsfield.to_gray(hu[10:26, 10:26], (-1900, 1100)))
    down, right = facts(tmp_path / 'out' / 'MIA')['entries'][1]['cuts'][2]
    assert_array_equal(
        read[26, 0], hounsfield.to_gray(hu[10 + down : 26 + down, 10 + right : 26 + right], (-1900, 1100))[:, ::-1]
    )


def test_no_nodule_is_on_both_sides_of_a_fold_and_each_is_tested_once(made, tmp_path, random):
    (tmp_path / 'in').mkdir()
    for nodule in range(7):
        for piece in range(3):
            Image.fromarray(random.randint(256, size=(16, 16)).astype(np.uint8)).save(
                str(tmp_path / 'in' / ('n%d_slice%d.png' % (nodule, piece)))
            )
    made(
        'images',
        tmp_path / 'in',
        '--resolution',
        16,
        '--folds',
        3,
        '--augment',
        '--nodules',
        '(.*)_slice',
        '--keep-names',
    )
    tested = []
    for fold in range(3):
        sides = {
            side: facts(tmp_path / 'out' / 'images' / ('fold%d' % fold) / side / 'images') for side in ('train', 'test')
        }
        train, test = [{entry['nodule'] for entry in sides[side]['entries']} for side in ('train', 'test')]
        assert not train & test and len(train | test) == 7 and len(test) in (2, 3)
        assert sides['train']['records'] == len(train) * 15 and sides['test']['records'] == len(test) * 3
        assert sides['test']['variants'] == ['original'] and sides['test']['fold'] == fold
        tested += sorted(test)
    assert sorted(tested) == ['n%d' % i for i in range(7)]
    assert list(verification.verify(verification.find([str(tmp_path / 'out')]))) == []


def test_folds_that_would_be_empty_and_patterns_that_do_not_fit_are_refused(refuses, folder):
    images_ = ['images', folder, '--resolution', 16]
    refuses(CREATE, *images_, '--folds', 6, words=['fold', 'lower --folds'])
    refuses(CREATE, *images_, '--folds', 1, words=['--folds', 'from 2'])
    refuses(CREATE, *images_, '--nodules', '(', words=['--nodules'])
    refuses(CREATE, *images_, '--nodules', 'x', words=['--nodules', 'group'])
    refuses(CREATE, *images_, '--nodules', '(x)', words=['0.png', '--nodules'])
