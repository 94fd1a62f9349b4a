"""pix2pix: the networks against NumPy, training and generation as a user runs them."""
import functools
import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import config
import images
import networks
import snapshot
import tfutil
from conftest import ROOT
from pix2pix import data, training, unet
from pix2pix.__main__ import main

TINY = ['--ngf', '4', '--ndf', '4', '--minibatch', '4', '--epochs', '4', '--snapshot-epochs', '1', '--keep', '0', '--cpu']


@pytest.fixture
def pix2pix(outcome):
    """Runs python -m pix2pix; returns exit code, stdout and stderr."""
    return functools.partial(outcome, main)


@pytest.fixture(scope='module')
def pairs(tmp_path_factory):
    """A folder of 13 CT | mask pictures of 32x32; the nodule is bright where the mask is white."""
    folder, random = tmp_path_factory.mktemp('pairs'), np.random.RandomState(0)
    for i in range(13):
        mask = data.draw('ellipse', random.uniform(6, 12), 32, random)
        patch = np.clip(80 + 70. * (mask > 0) + 5 * random.randn(1, 32, 32), 0, 255).astype(np.uint8)
        images.save(str(folder / ('%02d.png' % i)), np.concatenate([patch, mask], axis=2))
    return str(folder)


@pytest.fixture(scope='module')
def trained(pairs, tmp_path_factory):
    """A pickle of 4 epochs."""
    outdir = tmp_path_factory.mktemp('trained')
    main(['train', '--data', pairs, '--outdir', str(outdir)] + TINY)
    return str(outdir / os.listdir(str(outdir))[0] / 'network-final.pkl')


def conv(x, w, stride):
    """[N,C,H,W] and [4,4,in,out], one pixel of zeros before and as many as it takes after."""
    x = np.pad(x, [(0, 0), (0, 0), (1, 2), (1, 2)], 'constant')
    size = (x.shape[2] - 3) // stride
    return sum(np.einsum('nihw,io->nohw', x[:, :, u:u + stride * size:stride, v:v + stride * size:stride], w[u, v]) for u in range(4) for v in range(4))


def deconv(x, w):
    """The transposed convolution of stride 2 with [4,4,out,in]: every pixel adds a 4x4 patch, whose middle 2x2 lie on its own four."""
    n, _, h, _ = x.shape
    y = np.zeros([n, w.shape[2], 2 * h + 2, 2 * h + 2])
    for u in range(4):
        for v in range(4):
            y[:, :, u:u + 2 * h:2, v:v + 2 * h:2] += np.einsum('nihw,oi->nohw', x, w[u, v])
    return y[:, :, 1:-1, 1:-1]


def normal(x, scale, offset):
    mean, variance = x.mean(axis=(0, 2, 3), keepdims=True), x.var(axis=(0, 2, 3), keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5) * scale.reshape(1, -1, 1, 1) + offset.reshape(1, -1, 1, 1)


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def numpy_unet(v, x, dropout):
    skips, used = [], 0
    for i in range(5):
        x = conv(leaky(x) if i else x, v['Down%d/weight' % i], 2)
        x = normal(x, v['Down%d/scale' % i], v['Down%d/offset' % i]) if 0 < i < 4 else x + v['Down%d/bias' % i].reshape(1, -1, 1, 1)
        skips.append(x)
    for i in (4, 3, 2, 1):
        x = normal(deconv(np.maximum(x, 0), v['Up%d/weight' % i]), v['Up%d/scale' % i], v['Up%d/offset' % i])
        if i > 1:
            count, (n, c, h, w) = x[0].size, x.shape
            x = x * dropout[:, used:used + count].reshape(n, h, w, c).transpose(0, 3, 1, 2)
            used += count
        x = np.concatenate([x, skips[i - 1]], axis=1)
    return np.tanh(deconv(np.maximum(x, 0), v['Up0/weight']) + v['Up0/bias'].reshape(1, -1, 1, 1))


def numpy_patchgan(v, x, y):
    x = np.concatenate([x, y], axis=1)
    for i in range(4):
        x = conv(x, v['Conv%d/weight' % i], 2 if i < 3 else 1)
        x = leaky(normal(x, v['Conv%d/scale' % i], v['Conv%d/offset' % i]) if i else x + v['Conv0/bias'].reshape(1, -1, 1, 1))
    return conv(x, v['Conv4/weight'], 1) + v['Conv4/bias'].reshape(1, -1, 1, 1)


def test_the_networks_equal_numpys(session, random):
    G, D = tfutil.Network('G', unet.U_net, size=32, ngf=4), tfutil.Network('D', unet.PatchGAN, size=32, ndf=4)
    for network in (G, D):
        network.set({name: random.randn(*value.shape) * 0.3 + name.endswith('scale') for name, value in network.values().items()})
    x, y = random.randn(2, 3, 1, 32, 32)
    dropout = training.dropout(random, 3, unet.dropout_size(32, 4))
    assert 0.4 < (dropout > 0).mean() < 0.6 and dropout.max() == 2
    if G.data_format == 'NHWC':
        assert_allclose(G.run(x, dropout), numpy_unet({k: v.astype(float) for k, v in G.values().items()}, x, dropout), atol=2e-5)
    assert_allclose(D.run(x, y), numpy_patchgan({k: v.astype(float) for k, v in D.values().items()}, x, y), atol=1e-4)


def test_layers_at_64_pixels_have_the_published_shapes(session):
    G, D = tfutil.Network('G', unet.U_net, ngf=8), tfutil.Network('D', unet.PatchGAN, ndf=8)
    down = [[4, 4, 1, 8], [4, 4, 8, 16], [4, 4, 16, 32], [4, 4, 32, 64], [4, 4, 64, 64], [4, 4, 64, 64]]
    up = [[4, 4, 1, 16], [4, 4, 8, 32], [4, 4, 16, 64], [4, 4, 32, 128], [4, 4, 64, 128], [4, 4, 64, 64]]
    assert [G.vars['Down%d/weight' % i].shape.as_list() for i in range(6)] == down
    assert [G.vars['Up%d/weight' % i].shape.as_list() for i in range(6)] == up
    assert {name for name in G.vars if name.endswith('scale')} == {'Down%d/scale' % i for i in (1, 2, 3, 4)} | {'Up%d/scale' % i for i in (1, 2, 3, 4, 5)}
    assert [D.vars['Conv%d/weight' % i].shape.as_list()[2:] for i in range(5)] == [[2, 8], [8, 16], [16, 32], [32, 64], [64, 1]]
    assert D.outputs[0].shape.as_list() == [None, 1, 8, 8]


def test_a_step_moves_every_weight_and_steps_lower_the_error(session, pairs):
    _, patches, masks = data.pairs(pairs)
    cfg = config.Pix2pixTrain(ngf=4, ndf=4, minibatch=6, lrate=1e-3)
    trainer = training.Trainer(cfg, masks, patches)
    trainer.initialise()
    before = [network.values() for network in (trainer.G, trainer.D)]
    first = trainer.train(0)
    for network, values in zip((trainer.G, trainer.D), before):
        after = network.values()
        assert [name for name in values if np.array_equal(values[name], after[name])] == []
    for number in range(1, 40):
        last = trainer.train(number)
    assert last['squared_error'] < first['squared_error'] / 3


def test_losses_are_those_of_the_original(session, pairs):
    _, patches, masks = data.pairs(pairs)
    trainer = training.Trainer(config.Pix2pixTrain(ngf=4, ndf=4, minibatch=5), masks, patches)
    trainer.initialise()
    drawn = trainer.draw(0)
    assert_array_equal([len(x) for x in drawn], 5)
    assert drawn[3].min() >= 0.8 and drawn[3].max() <= 1.1
    given, reals = [x / 127.5 - 1 for x in drawn[:2]]
    fakes = trainer.G.run(given, drawn[2])
    real, fake = [1 / (1 + np.exp(-trainer.D.run(given, x).astype(float))) for x in (reals, fakes)]
    terms = trainer.train(0)
    assert_allclose(terms['squared_error'], np.mean((fakes - reals) ** 2), rtol=1e-4)
    assert_allclose(terms['G_adversarial'], -np.mean(np.log(fake)), rtol=1e-4)
    wanted = -np.mean(drawn[3] * np.log(real) + (1 - drawn[3]) * np.log(1 - real)) - np.mean(np.log(1 - fake))
    assert_allclose(terms['D_loss'], wanted, rtol=1e-4)


def start(pairs, outdir, *arguments):
    return subprocess.Popen([sys.executable, '-m', 'pix2pix', 'train', '--data', pairs, '--outdir', str(outdir)] + TINY + list(arguments), cwd=ROOT,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)


def run_of(outdir):
    return os.path.join(str(outdir), sorted(os.listdir(str(outdir)))[0])


def test_a_run_that_was_killed_or_interrupted_and_resumed_is_the_same_run(pix2pix, pairs, tmp_path, trained):
    process = start(pairs, tmp_path / 'killed', '--epochs', '2000')
    while not (os.path.isdir(str(tmp_path / 'killed')) and os.path.exists(os.path.join(run_of(tmp_path / 'killed'), 'network-snapshot-000002.npz'))):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.kill()
    process.communicate()
    run = run_of(tmp_path / 'killed')
    for name in os.listdir(run):                                # as if it had been killed after two epochs
        if re.match(r'network-snapshot-0*([3-9]|\d\d+)\.', name):
            os.unlink(os.path.join(run, name))
    code, _, err = pix2pix('train', '--resume', run, '--epochs', '4')
    assert code == 0, err
    for mine, other in zip(*(snapshot.read(path, training.ROLES) for path in (os.path.join(run, 'network-final.pkl'), trained))):
        for (name, array), (_, wanted) in zip(mine['variables'], other['variables']):
            assert_array_equal(array, wanted, name)
    with open(os.path.join(run, 'log.csv')) as f:
        assert [line.split(',')[0] for line in f] == ['epoch', '1', '2', '3', '4']
    process = start(pairs, tmp_path / 'stopped', '--epochs', '2000')
    while 'epoch 1 ' not in process.stdout.readline():
        assert process.poll() is None, process.communicate()
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 143
    assert [name for name in os.listdir(run_of(tmp_path / 'stopped')) if name.endswith('.npz')]


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
        code, out, err = pix2pix('generate', '--model', trained, '--masks', pairs, '--samples', '2', '--seed', seed, '--outdir', tmp_path / name, '--cpu')
        assert code == 0, err
    found = {name: np.stack([images.read(str(tmp_path / name / ('%02d_%d.png' % (i, k)))) for i in range(13) for k in range(2)]) for name in 'abc'}
    assert_array_equal(found['a'], found['b'])
    assert (found['a'] != found['c']).any() and (found['a'][::2] != found['a'][1::2]).any()
    with open(str(tmp_path / 'a' / 'index.html')) as f:
        page = f.read()
    assert page.count('data:image/png') == 13 * 4 and not re.search(r'(src|href)="(?!data:)', page)
    assert pix2pix('generate', '--model', trained, '--masks', pairs, '--samples', '2', '--no-dropout', '--minibatch', '26', '--outdir', tmp_path / 'd')[0] == 0
    one, two = [images.read(str(tmp_path / 'd' / ('00_%d.png' % k))) for k in range(2)]
    assert_array_equal(one, two)


def test_drawn_masks_have_the_wanted_shape_and_size(pix2pix, tmp_path, trained, random):
    for shape in ('ellipse', 'spiculated'):
        areas = [(data.draw(shape, 12, 64, random) > 0).sum() for _ in range(50)]
        assert_allclose(np.mean(areas), np.pi * 36, rtol=0.05)
    code, _, err = pix2pix('generate', '--model', trained, '--shape', 'ellipse,spiculated', '--diameter', '6-10', '--number', '3', '--outdir', tmp_path)
    assert code == 0, err
    assert {'ellipse_000_0.png', 'ellipse_000_mask.png', 'spiculated_001_0.png', 'index.html'} <= set(os.listdir(str(tmp_path)))


def test_bad_input_is_refused_in_one_line(pix2pix, script, pairs, tmp_path, trained, random):
    outdir = tmp_path / 'out'
    folders = {name: tmp_path / name for name in ('empty', 'blank', 'colour', 'uneven', 'odd', 'text', 'few', 'ct', 'twice')}
    for folder in folders.values():
        folder.mkdir()
    good = images.read(os.path.join(pairs, '00.png'))
    blank = good.copy()
    blank[:, :, 32:] = 0
    for name, image in (('blank', blank), ('colour', random.randint(256, size=[3, 32, 64]).astype(np.uint8)), ('uneven', good[:, :, :50]),
                        ('odd', random.randint(1, 256, size=[1, 48, 96]).astype(np.uint8)), ('few', good)):
        images.save(str(folders[name] / 'x.png'), image)
    images.save(str(folders['ct'] / 'other.png'), good[:, :, :32])
    for name in ('x.png', 'x.bmp'):
        images.save(str(folders['twice'] / name), good)
    (folders['text'] / 'x.png').write_bytes(b'hello')
    growing = str(tmp_path / 'growing.pkl')
    with tfutil.init_tf():
        tfutil.save(growing, [tfutil.Network(name, build, resolution=8, fmap_max=8) for name, build in (
            ('G', networks.G_paper), ('D', networks.D_paper), ('Gs', networks.G_paper))])
    for arguments, words in (
            (['--data', folders['empty']], 'no pictures'), (['--data', folders['blank']], 'blank'), (['--data', folders['colour']], '--channels 3'),
            (['--data', folders['uneven']], 'x.png'), (['--data', folders['odd']], 'power of two'), (['--data', folders['text']], 'x.png'),
            (['--data', folders['few']], 'holds 1 pairs'), (['--data', tmp_path / 'nowhere'], 'nowhere'),
            (['--data', folders['ct'], '--masks', pairs], 'equal names'), (['--validation', '1'], '--validation'), (['--lrate', '0'], '--lrate')):
        code, _, err = pix2pix('train', '--outdir', outdir, '--ngf', '4', '--ndf', '4', *arguments)
        assert code == 2 and err.count('\n') == 1 and words in err, (arguments, err)
    for arguments, words in (
            (['--model', 'missing.pkl'], 'missing.pkl'), (['--model', growing], 'networks (G, D)'), (['--model', trained, '--masks', folders['blank']], 'blank'),
            (['--model', trained, '--masks', folders['twice']], 'rename one'),
            (['--model', os.path.join(pairs, '00.png')], 'PNG'), (['--model', trained, '--shape', 'square'], '--shape'),
            (['--model', trained, '--shape', 'ellipse', '--diameter', '9-3'], '--diameter')):
        code, _, err = pix2pix('generate', '--outdir', outdir, *arguments)
        assert code == 2 and err.count('\n') == 1 and words in err, (arguments, err)
    code, _, err = script('2-inference.py', '--model', trained, '--outdir', outdir)
    assert code == 2 and err.count('\n') == 1 and '(G, D, Gs)' in err
    assert not outdir.exists()


def test_a_weight_that_is_not_finite_stops_the_run_in_words(pix2pix, pairs, tmp_path):
    code, _, err = pix2pix('train', '--data', pairs, '--outdir', tmp_path, *(TINY + ['--lrate', '1e30']))
    assert code == 2 and err.count('\n') == 1 and 'diverged' in err and '--lrate' in err


def test_pickles_hold_the_settings_and_the_source_of_the_networks(trained):
    states = snapshot.read(trained, training.ROLES)
    assert [state['build_func_name'] for state in states] == ['U_net', 'PatchGAN'] and states[0]['static_kwargs']['ngf'] == 4
    with open(os.path.join(os.path.dirname(trained), 'run.json')) as f:
        assert json.load(f)['settings']['ndf'] == 4
