"""Whole runs of 3-train.py."""

import csv
import json
import os
import shutil
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import Image

import config
import dataset
import networks
import tfutil
from common import card, safe_pickle
from fake_ffmpeg import FakeFFmpeg
from places import ONCE
from runs import TINY, assert_same_weights, events_histograms, random_networks, train, weights
from tfutil import tf
from training import optimizers
from training.train import TrainingLoop


def test_a_run_folder_holds_settings_logs_pictures_and_published_pickles(session, finished_run, training_data):
    names = os.listdir(finished_run)
    assert {
        'run.json',
        'log.txt',
        'log.csv',
        'reals.png',
        'fakes000000.png',
        'training.gif',
        'network-final.pkl',
    } < set(names)
    assert any(name.startswith('events.out.tfevents') for name in names)
    with open(finished_run + '/run.json') as f:
        about = json.load(f)
    assert (
        about['settings']['fmap_max'] == 8
        and about['data']['images'] == 40
        and about['versions']['tensorflow'] == tf.__version__
    )
    with open(finished_run + '/log.csv') as f:
        rows = list(csv.DictReader(f))
    assert [float(row['kimg']) for row in rows] == pytest.approx([0.064, 0.128, 0.192])
    assert [float(row['resolution']) for row in rows] == [4, 8, 8] and all(
        float(row['gradient_norm']) > 0 for row in rows
    )
    G, D, Gs = tfutil.load(finished_run + '/network-final.pkl', networks.BUILDERS)
    assert Gs.run(np.zeros([2, 8]), np.zeros([2, 0])).shape == (2, 1, 8, 8)
    assert np.abs(Gs.values()['4x4/Conv/weight'] - G.values()['4x4/Conv/weight']).max() > 0
    with Image.open(finished_run + '/reals.png') as picture:
        assert picture.size == (64, 64)


def test_pictures_are_those_of_the_moving_average(session, finished_run):
    (Gs,) = tfutil.load(finished_run + '/network-final.pkl', networks.BUILDERS, 'Gs')
    latents = np.random.RandomState([0, 3]).randn(64, 8)
    images = np.clip(np.rint((Gs.run(latents, np.zeros([64, 0])) + 1) * 127.5), 0, 255)
    with Image.open(finished_run + '/fakes000000.png') as picture:  # the last picture: the run is shorter than 1 kimg
        assert np.abs(np.asarray(picture)[8:16, :8] - images[8, 0]).max() <= 1


@pytest.mark.slow
@ONCE
def test_a_run_that_diverges_before_its_first_snapshot_stops_with_one_line(script, tmp_path, training_data):
    code, out, err = train(script, training_data, tmp_path, '--G-lrate', '1e30', '--D-lrate', '1e30')
    assert code == 2 and 'diverged' in err and 'smaller --G-lrate' in err and '--transfer' not in err
    assert err.strip().count('\n') == 0
    assert not [name for name in os.listdir(str(tmp_path / '000-AIS')) if name.endswith('.pkl')]


def test_a_run_that_diverges_names_the_last_good_snapshot(monkeypatch):
    def diverge(loop):
        raise optimizers.Diverged('no finite loss')

    for name in ('build', '_set_weights'):
        monkeypatch.setattr(TrainingLoop, name, lambda *arguments: None)
    monkeypatch.setattr(TrainingLoop, 'iterate', diverge)
    group = SimpleNamespace(stop_signal=lambda: 0)
    loop = TrainingLoop(SimpleNamespace(cfg=config.Train(), data=SimpleNamespace(top=6), group=group))
    loop.saved_path = 'network-snapshot-000400.pkl'
    with pytest.raises(ValueError, match='no finite loss.*--transfer network-snapshot-000400.pkl'):
        loop.loop()


@pytest.mark.slow
def test_transfer_takes_what_fits_by_resolution_and_says_what_it_left(script, tmp_path, training_data):
    small = random_networks(str(tmp_path / 'small.pkl'), resolution=4)
    expected = weights(small)[2]
    code, out, err = train(
        script, training_data, tmp_path / 'out', '--transfer', small, '--total-kimg', '0.008', '--G-lrate', '1e-12'
    )
    with open(str(tmp_path / 'out' / '000-AIS' / 'log.txt')) as f:
        line = [line for line in f if line.startswith('transfer')][0]
    assert code == 0 and 'G/8x8/Conv1/weight' in line and 'G/4x4' not in line, err
    values = weights(tmp_path / 'out' / '000-AIS' / 'network-final.pkl')[2]
    assert_allclose(values['4x4/Conv/weight'], expected['4x4/Conv/weight'], atol=0.02)  # a step towards G
    assert_allclose(values['ToRGB_lod1/weight'], expected['ToRGB_lod0/weight'], atol=0.02)


@pytest.mark.slow
@ONCE
def test_weights_go_on_at_the_place_of_the_schedule_that_is_named(script, tmp_path, training_data):
    file = random_networks(str(tmp_path / 'half_faded.pkl'), resolution=8)
    flags = '--resume-kimg 0.096 --total-kimg 0.104 --G-lrate 1e-12 --D-lrate 1e-12'.split()
    code, out, err = train(script, training_data, tmp_path / 'out', '--transfer', file, *flags)
    assert code == 0 and 'begins at 8x8' in out, err
    with open(str(tmp_path / 'out' / '000-AIS' / 'log.csv')) as f:
        (row,) = csv.DictReader(f)
    assert (row['kimg'], row['lod'], row['resolution']) == ('0.104', '0.5', '8')
    for before, after in zip(weights(file)[:2], weights(tmp_path / 'out' / '000-AIS' / 'network-final.pkl')):
        for name in set(before) - {'lod'}:
            assert_allclose(after[name], before[name], atol=1e-10)


@pytest.mark.slow
@ONCE
def test_training_below_the_finest_level_is_training_without_that_level(script, tmp_path, training_data):
    coarse = tmp_path / 'AIS'
    shutil.copytree(training_data, str(coarse))
    os.remove(str(coarse / 'AIS-r03.tfrecords'))
    for data, outdir, flags in ((training_data, 'whole', ['--resolution', '4']), (coarse, 'coarse', [])):
        code, out, err = train(script, data, tmp_path / outdir, '--total-kimg', '0.064', *flags)
        assert code == 0 and 'images of 4x4' in ' '.join(out.split()), err
    assert_same_weights(*(tmp_path / name / '000-AIS' / 'network-final.pkl' for name in ('whole', 'coarse')))
    model = str(tmp_path / 'whole' / '000-AIS' / 'network-final.pkl')
    assert card.of_weights(model).digest == dataset.Pyramid(training_data, 4).digest


@pytest.mark.slow
@ONCE
def test_ticks_and_the_most_images_of_a_device_may_differ_between_resolutions(script, tmp_path, training_data):
    flags = ['--tick-kimg', '0.032,8:0.064', '--max-minibatch-per-gpu', '8:4', '--cpu']
    code, out, err = train(script, training_data, tmp_path, *flags)
    assert code == 0, err
    with open(str(tmp_path / '000-AIS' / 'log.csv')) as f:
        rows = [(row['kimg'], row['resolution'], row['minibatch']) for row in csv.DictReader(f)]
    assert rows == [('0.%03d' % kimg, '4', '8') for kimg in (32, 64, 96)] + [('0.128', '8', '4'), ('0.192', '8', '4')]
    with open(str(tmp_path / '000-AIS' / 'run.json')) as f:
        assert json.load(f)['settings']['minibatch'] == '8'  # as asked for, whatever the devices


@pytest.mark.slow
def test_conditional_training_uses_the_classes(script, tmp_path, training_data):
    for name in ('AIS', 'MIA'):
        dataset.write(str(tmp_path / 'data' / name), name, dataset.read(training_data + '/AIS-r03.tfrecords'))
    code, out, err = train(script, tmp_path / 'data', tmp_path / 'out', '--conditional', '--total-kimg', '0.016')
    with open(str(tmp_path / 'out' / '000-data' / 'log.txt')) as f:
        assert code == 0 and 'label' in f.read(), err
    with open(str(tmp_path / 'out' / '000-data' / 'run.json')) as f:
        assert json.load(f)['data']['classes'] == ['AIS', 'MIA']
    with tfutil.init_tf():
        (Gs,) = tfutil.load(str(tmp_path / 'out' / '000-data' / 'network-final.pkl'), networks.BUILDERS, 'Gs')
        assert Gs.inputs[1].shape[1] == 2


def test_training_refuses_bad_input_in_one_line_and_writes_nothing(script, tmp_path, training_data):
    few, gap, uneven = (str(tmp_path / name) for name in ('few', 'gap', 'uneven'))
    images = dataset.read(training_data + '/AIS-r03.tfrecords')
    dataset.write(few, 'few', images[:7])
    shutil.copytree(training_data, gap)
    os.remove(gap + '/AIS-r02.tfrecords')
    shutil.copytree(training_data, uneven)
    shutil.copy(few + '/few-r02.tfrecords', uneven + '/AIS-r02.tfrecords')
    os.mkdir(str(tmp_path / 'empty'))
    outdir = tmp_path / 'out'
    for arguments, message in (
        (['--data', tmp_path / 'empty'], 'no NAME-r'),
        (['--data', tmp_path / 'nowhere'], 'not a folder'),
        (['--data', gap], 'lacks level r02'),
        (['--data', uneven], 'AIS-r03'),
        (['--conditional'], 'class folders'),
        (['--transfer', 'nothing.pkl'], 'nothing.pkl'),
        (['--lod-initial-resolution', '5'], 'power of two'),
        (['--lod-initial-resolution', '16'], '8'),
        (['--minibatch', '0'], '--minibatch'),
        (['--total-kimg', 'nan'], '--total-kimg'),
        (['--G-smoothing', '1'], '--G-smoothing'),
        (['--G-lrate', '-1'], '--G-lrate'),
        (['--precision', 'fp64'], '--precision'),
        (['--unknown'], '--unknown'),
        (['--minibatch', '6'], 'groups of 4'),
        (['--gpus', '9', '--cpu'], '--gpus 9'),
    ):
        base = ['3-train.py', '--outdir', outdir, '--data', training_data] + TINY
        code, _, err = script(*(base + arguments))
        assert code == 2 and err.count('\n') == 1 and message in err, (arguments, err)
        assert not os.path.exists(str(outdir)), arguments


@pytest.mark.slow
@pytest.mark.skipif(tf.__version__.startswith('1'), reason='bf16 needs TensorFlow 2')
def test_bf16_trains_and_stays_near_fp32(script, tmp_path, training_data):
    for precision in ('fp32', 'bf16'):
        assert (
            train(script, training_data, tmp_path / precision, '--precision', precision, '--total-kimg', '0.032')[0]
            == 0
        )
    for a, b in zip(
        *(weights(tmp_path / precision / '000-AIS' / 'network-final.pkl') for precision in ('fp32', 'bf16'))
    ):
        for name in a:
            assert b[name].dtype == np.float32 and np.abs(a[name] - b[name]).max() < 0.02
        assert any((a[name] != b[name]).any() for name in a)


@pytest.mark.slow
def test_histograms_and_a_video_change_nothing_about_a_run(script, tmp_path, training_data, finished_run, monkeypatch):
    ffmpeg = FakeFFmpeg()
    monkeypatch.setitem(sys.modules, 'imageio_ffmpeg', ffmpeg)
    code, out, err = train(script, training_data, tmp_path, '--weight-histograms', '--video', '1', '--keep', '0')
    assert code == 0 and 'training.mp4' in out and len(ffmpeg.frames) == 30, err
    run = str(tmp_path / '000-AIS')
    assert_same_weights(*(os.path.join(path, 'network-final.pkl') for path in (run, finished_run)))
    histograms = events_histograms(run)
    assert set(histograms) == {64, 128, 192} and events_histograms(finished_run) == {}
    for network, role in zip(weights(run + '/network-final.pkl'), ('G', 'D')):
        for kind in ('weight', 'bias'):
            histogram = histograms[192]['%s_%s/4x4_Conv' % (role, kind)]
            assert_allclose(histogram.sum, network['4x4/Conv/' + kind].sum(dtype=float), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_colour_images_are_learned_drawn_generated_and_resumed_bit_for_bit(script, succeeds, tmp_path, random):
    data, flags = str(tmp_path / 'RGB'), ['--cpu', '--mirror-augment', '--augment-critic', 'always']
    dataset.write(data, 'RGB', (random.randint(256, size=[40, 3, 1, 1]) * random.rand(40, 3, 8, 8)).astype(np.uint8))
    assert train(script, data, tmp_path / 'whole', *flags)[0] == 0
    assert train(script, data, tmp_path / 'part', *flags, '--total-kimg', '0.128')[0] == 0
    succeeds('3-train.py', '--resume', 'latest', '--outdir', tmp_path / 'part', '--total-kimg', '0.192')
    whole, part = [str(tmp_path / name / '000-RGB' / 'network-final.pkl') for name in ('whole', 'part')]
    assert_same_weights(whole, part)
    (Gs,) = [state['static_kwargs'] for state in safe_pickle.read(whole)[2:]]
    assert Gs['num_channels'] == 3
    for name in ('reals.png', 'fakes000000.png'):
        with Image.open(str(tmp_path / 'whole' / '000-RGB' / name)) as picture:
            assert (picture.mode, picture.size) == ('RGB', (64, 64))
    succeeds('2-inference.py', '--model', whole, '--number', 4, '--grid', '--outdir', tmp_path / 'out')
    with Image.open(str(tmp_path / 'out' / 'inference_grid.png')) as picture:
        assert (picture.mode, picture.size) == ('RGB', (16, 16))
