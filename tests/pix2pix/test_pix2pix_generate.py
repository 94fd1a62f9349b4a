"""Masks, patches and pages, and what is refused."""

import json
import os
import re
import shutil

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import tfutil
from common import images
from common.card import PHANTOMS
from pix2pix import data, unet
from places import visible
from runs import random_networks


def test_a_folder_of_patches_and_one_of_masks_are_the_same_as_pairs(pairs, tmp_path):
    names, patches, masks = data.pairs(pairs)
    for folder, batch in (('ct', patches), ('mask', masks)):
        os.mkdir(str(tmp_path / folder))
        for name, image in zip(names, batch):
            images.save(str(tmp_path / folder / name), image)
    again = data.pairs(str(tmp_path / 'ct'), str(tmp_path / 'mask'))
    assert again[0] == names
    assert_array_equal(again[1], patches)
    assert_array_equal(again[2], masks)


def test_patches_and_a_page_are_made_of_masks_and_depend_on_the_seed_alone(pix2pix, pairs, tmp_path, trained):
    for name, seed in (('a', 1), ('b', 1), ('c', 2)):
        made_of = ['--model', trained, '--masks', pairs, '--samples', '2', '--seed', seed]
        code, _, err = pix2pix('generate', *made_of, '--outdir', tmp_path / name, '--cpu')
        assert code == 0, err
    files = ['%02d_%d.png' % (i, k) for i in range(13) for k in range(2)]
    result = {name: np.stack([images.read(str(tmp_path / name / file)) for file in files]) for name in 'abc'}
    assert_array_equal(result['a'], result['b'])
    assert (result['a'] != result['c']).any() and (result['a'][::2] != result['a'][1::2]).any()
    with open(str(tmp_path / 'a' / 'index.html'), encoding='utf-8') as f:
        page = f.read()
    assert page.count('data:image/png') == 13 * 4 and not re.search(r'(src|href)="(?!data:|#)|https?:', page)
    assert page.count('<symbol id="mask-') == 13 and page.count('<use href="#mask-13"/>') == 3
    assert 'gray 0 is taken as \u22121000, gray 255 as 400' in page  # as the data that it learned from
    flags = '--samples 2 --no-dropout --minibatch 26'.split()
    assert pix2pix('generate', '--model', trained, '--masks', pairs, *flags, '--outdir', tmp_path / 'd')[0] == 0
    one, two = [images.read(str(tmp_path / 'd' / ('00_%d.png' % k))) for k in range(2)]
    assert_array_equal(one, two)


def test_patches_beside_a_mask_are_called_real_or_simulated_as_their_folder_records(pix2pix, pairs, tmp_path, trained):
    for folder, facts, word in (('a', {}, 'real'), ('b', dict(source=PHANTOMS), 'simulated')):
        masks, outdir = tmp_path / folder, tmp_path / (folder + '-out')
        os.mkdir(str(masks))
        shutil.copy(os.path.join(pairs, '00.png'), str(masks))
        (masks / (folder + '.json')).write_text(json.dumps(facts))
        assert pix2pix('generate', '--model', trained, '--masks', masks, '--outdir', outdir, '--cpu')[0] == 0
        page = (outdir / 'index.html').read_text(encoding='utf-8')
        assert 'is the %s patch' % word in ' '.join(page.split()) and '<small class="soft">%s</small>' % word in page
        assert 'digital phantoms' not in page  # the weights learned from other pictures


def test_patches_of_an_earlier_run_go_with_their_page_and_files_of_others_stay(pix2pix, tmp_path, trained):
    (tmp_path / 'mine_1.png').write_bytes(b'mine')
    draw = ['generate', '--model', trained, '--outdir', tmp_path, '--shape', 'ellipse', '--number']
    assert pix2pix(*draw, 3)[0] == 0
    (tmp_path / 'ellipse_002_0.png').write_bytes(b'drawn upon')
    code, out, err = pix2pix(*draw, 1)
    assert code == 0 and 'removed 3, left 2 as they were' in out, err
    assert visible(tmp_path) == [
        'ellipse_000_0.png',
        'ellipse_000_mask.png',
        'ellipse_002_0.png',
        'index.html',
        'mine_1.png',
    ]
    code, _, err = pix2pix(*draw, 3)
    assert code == 2 and 'ellipse_002_0.png is there already' in err
    assert (tmp_path / 'ellipse_002_0.png').read_bytes() == b'drawn upon'


def test_masks_are_not_written_over_by_their_patches(pix2pix, tmp_path, trained):
    draw = ['generate', '--model', trained, '--outdir', tmp_path, '--shape', 'ellipse', '--number', 1]
    assert pix2pix(*draw)[0] == 0
    before = (tmp_path / 'ellipse_000_0.png').read_bytes()
    images.save(str(tmp_path / 'ellipse_000.png'), images.read(str(tmp_path / 'ellipse_000_mask.png')))
    code, _, err = pix2pix('generate', '--model', trained, '--masks', tmp_path, '--outdir', tmp_path)
    assert code == 2 and 'is the folder of the masks' in err
    assert (tmp_path / 'ellipse_000_0.png').read_bytes() == before


def test_drawn_masks_have_the_wanted_shape_and_size(pix2pix, tmp_path, trained, random):
    for shape in ('ellipse', 'spiculated'):
        areas = [(data.draw(shape, 12, 64, random) > 0).sum() for _ in range(50)]
        assert_allclose(np.mean(areas), np.pi * 36, rtol=0.05)
    flags = '--shape ellipse,spiculated --diameter 6-10 --number 3'.split()
    code, _, err = pix2pix('generate', '--model', trained, *flags, '--outdir', tmp_path)
    assert code == 0, err
    assert {'ellipse_000_0.png', 'ellipse_000_mask.png', 'spiculated_001_0.png', 'index.html'} <= set(
        os.listdir(str(tmp_path))
    )


@pytest.mark.slow
def test_diameters_are_in_mm_where_weights_record_the_scale_and_in_pixels_otherwise(pix2pix, tmp_path):
    for name, mm, unit in (('scaled', 0.5, 'mm'), ('unscaled', None, 'pixels')):
        path, facts = str(tmp_path / (name + '.pkl')), dict(digest='1-1', **(dict(mm_per_pixel=mm) if mm else {}))
        with tfutil.init_tf(cpu=True):
            G = tfutil.Network('G', unet.U_net, size=64, ngf=2)
            tfutil.save(path, (G, tfutil.Network('D', unet.PatchGAN, size=64, ndf=2)))
        (tmp_path / (name + '.json')).write_text(json.dumps(dict(data=facts)))
        flags = '--shape ellipse --diameter 10 --number 12 --cpu'.split()
        code, out, err = pix2pix('generate', '--model', path, '--outdir', tmp_path / name, *flags)
        assert code == 0 and '10 to 10 %s' % unit in out, err
        masks = [images.read(str(tmp_path / name / ('ellipse_%03d_mask.png' % i))) for i in range(12)]
        assert_allclose((np.array(masks) > 0).sum() / 12.0, np.pi * (5 / (mm or 1)) ** 2, rtol=0.05)


@pytest.mark.slow
def test_a_network_of_five_channels_is_refused_with_the_file(pix2pix, pairs, tmp_path):
    path, size = str(tmp_path / 'five.pkl'), dict(size=32, out_channels=5)
    with tfutil.init_tf(cpu=True):
        G, D = [tfutil.Network(name, unet.BUILDERS[name], **size) for name in ('U_net', 'PatchGAN')]
        tfutil.save(path, (G, D))
    code, _, err = pix2pix('generate', '--model', path, '--masks', pairs, '--outdir', tmp_path / 'out')
    assert code == 2 and err.count('\n') == 1 and 'five.pkl makes images of 5 channels' in err


def test_bad_input_is_refused_in_one_line(pix2pix, script, pairs, tmp_path, trained, random):
    outdir = tmp_path / 'out'
    folders = {
        name: tmp_path / name for name in ('empty', 'blank', 'colour', 'uneven', 'odd', 'text', 'few', 'ct', 'twice')
    }
    for folder in folders.values():
        folder.mkdir()
    good = images.read(os.path.join(pairs, '00.png'))
    blank = good.copy()
    blank[:, :, 32:] = 0
    for name, image in (
        ('blank', blank),
        ('colour', random.randint(256, size=[3, 32, 64]).astype(np.uint8)),
        ('uneven', good[:, :, :50]),
        ('odd', random.randint(1, 256, size=[1, 48, 96]).astype(np.uint8)),
        ('few', good),
    ):
        images.save(str(folders[name] / 'x.png'), image)
    images.save(str(folders['ct'] / 'other.png'), good[:, :, :32])
    for name in ('x.png', 'x.bmp'):
        images.save(str(folders['twice'] / name), good)
    (folders['text'] / 'x.png').write_bytes(b'hello')
    growing = random_networks(str(tmp_path / 'growing.pkl'), resolution=8)
    for arguments, message in (
        (['--data', folders['empty']], 'no pictures'),
        (['--data', folders['blank']], 'blank'),
        (['--data', folders['colour']], '--channels 3'),
        (['--data', folders['uneven']], 'x.png'),
        (['--data', folders['odd']], 'power of two'),
        (['--data', folders['text']], 'x.png'),
        (['--data', folders['few']], 'holds 1 pairs'),
        (['--data', tmp_path / 'nowhere'], 'nowhere'),
        (['--data', folders['ct'], '--masks', pairs], 'equal names'),
        (['--validation', '1'], '--validation'),
        (['--lrate', '0'], '--lrate'),
    ):
        code, _, err = pix2pix('train', '--outdir', outdir, '--ngf', '4', '--ndf', '4', *arguments)
        assert code == 2 and err.count('\n') == 1 and message in err, (arguments, err)
    for arguments, message in (
        (['--model', 'missing.pkl'], 'missing.pkl'),
        (['--model', growing], 'use 2-inference.py'),
        (['--model', trained, '--masks', folders['blank']], 'blank'),
        (['--model', trained, '--masks', folders['twice']], 'rename one'),
        (['--model', os.path.join(pairs, '00.png')], 'PNG'),
        (['--model', trained, '--shape', 'square'], '--shape'),
        (['--model', trained, '--shape', 'ellipse', '--diameter', '9-3'], '--diameter'),
    ):
        code, _, err = pix2pix('generate', '--outdir', outdir, *arguments)
        assert code == 2 and err.count('\n') == 1 and message in err, (arguments, err)
    code, _, err = script('2-inference.py', '--model', trained, '--outdir', outdir)
    assert code == 2 and err.count('\n') == 1 and 'use python -m pix2pix generate' in err
    assert not outdir.exists()
