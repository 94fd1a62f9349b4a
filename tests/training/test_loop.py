import csv
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

import config
import dataset
import losses
import networks
import runfolder
import snapshot
import tfutil
import training
from conftest import DATA, ROOT
from tfutil import tf

TINY = ['--fmap-base', '64', '--fmap-max', '8', '--minibatch', '8', '--lod-training-kimg', '0.064', '--lod-transition-kimg', '0.064',
        '--tick-kimg', '0.064', '--snapshot-kimg', '0.064', '--total-kimg', '0.32']


@pytest.fixture(scope='session')
def patches(tmp_path_factory):
    """A data set of 40 images of 16x16."""
    folder = str(tmp_path_factory.mktemp('data') / 'AIS')
    random = np.random.RandomState(0)
    dataset.write(folder, 'AIS', (random.randint(256) * random.rand(40, 1, 16, 16)).astype(np.uint8))
    return folder


def train(script, data, outdir, *arguments):
    return script('3-train.py', '--data', data, '--outdir', outdir, *(TINY + list(arguments)))


def weights(path):
    return [dict(state['variables']) for state in snapshot.read(str(path))]


def assert_same_weights(one, other, limit=0):
    for a, b in zip(weights(one), weights(other)):
        for name in a:
            assert np.abs(a[name] - b[name]).max() <= limit, name


@pytest.mark.parametrize('kimg, level, lod, minibatch', [
    (0, 2, 4.0, 128), (599, 2, 4.0, 128), (600, 2, 4.0, 128), (601, 3, 3 + 599 / 600., 128), (900, 3, 3.5, 128), (1200, 3, 3.0, 128),
    (2700, 4, 2.0, 128), (3300, 5, 1.5, 64), (4200, 5, 1.0, 64), (4500, 6, 0.5, 32), (5400, 6, 0.0, 32), (9999, 6, 0.0, 32)])
def test_phase_follows_the_paper(kimg, level, lod, minibatch):
    phase = training.phase(kimg, config.Progan(), 6)
    assert phase.level == level and phase.minibatch == minibatch and phase.lod == pytest.approx(lod)


def test_a_minibatch_may_be_set_for_some_resolutions_only():
    assert config.per_resolution('64:16') == '4:128,8:128,16:128,32:64,64:16'
    assert config.per_resolution('16') == '4:16,8:16,16:16,32:16,64:16'
    cfg = config.Progan(minibatch=config.per_resolution('32,64:8'))
    assert [training.phase(kimg, cfg, 6).minibatch for kimg in (0, 5000)] == [32, 8]
    assert list(training.phases(cfg, 6).items()) == [(2, 32), (3, 32), (4, 32), (5, 32), (6, 8)]
    assert list(training.phases(cfg._replace(total_kimg=600.0), 6)) == [2] and list(training.phases(cfg._replace(total_kimg=600.1), 6)) == [2, 3]
    for text in ('0', 'x', '4:0', '4:', ':4', '-3:8'):
        with pytest.raises(ValueError):
            config.per_resolution(text)


@pytest.mark.parametrize('lod', ['lod0.0', 'lod0.4', 'lod1.0', 'lod2.7', 'lod4.0'])
def test_losses_and_gradients_are_those_of_the_reference_implementation(session, lod):
    with np.load(os.path.join(DATA, 'cond.npz')) as file:
        measured = dict(file)
    G, D, _ = tfutil.load(os.path.join(DATA, 'cond.pkl'), networks.BUILDERS)
    for network in (G, D):
        network.set({'lod': np.float32(lod[3:])})
    level = 6 - int(float(lod[3:]))
    box = 2 ** (6 - level)
    reals = measured['images'].reshape(8, 1, 2 ** level, box, 2 ** level, box).mean(axis=(3, 5))
    labels = tf.constant(measured['labels'])
    found = losses.wgan_gp(lambda x: D(x, level=level), tf.constant(reals), G(tf.constant(measured['latents']), labels, level=level),
                           tf.constant(measured['mix']), labels, box)
    # A unit on the bend of a leaky ReLU may fall on either side: oneDNN rounds differently, and norms move by up to 2.6e-4.
    limit = 5e-4 if tf.__version__.startswith('2') and os.environ['TF_ENABLE_ONEDNN_OPTS'] == '1' else 1e-4
    for network, loss, role in ((G, found.generator, 'G'), (D, found.critic, 'D')):
        assert_allclose(tfutil.run(loss), measured['%s/%s_loss' % (lod, role)], rtol=1e-5)
        gradients = [tf.zeros([]) if g is None else g for g in tf.gradients(loss, list(network.trainables.values()))]
        norms = dict(zip(network.trainables, tfutil.run([tf.norm(g) for g in gradients])))
        expected = dict(zip(measured[role + '_trainables'], measured['%s/%s_grad_norms' % (lod, role)]))
        assert set(norms) == set(expected)
        errors = [abs(norms[name] - expected[name]) / (expected[name] or 1) for name in norms]
        assert max(errors) < limit


def test_the_penalty_is_that_of_a_linear_critic_in_closed_form(session, random):
    w, reals, fakes = (random.randn(4, 1, 4, 4).astype(np.float32) for _ in range(3))
    critic = lambda x: (tf.reduce_sum(x * w[:1], axis=[2, 3]), tf.zeros([4, 0]))       # noqa: E731
    found = losses.wgan_gp(critic, tf.constant(reals), tf.constant(fakes), tf.constant(random.rand(4, 1, 1, 1).astype(np.float32)), tf.zeros([4, 0]), 8)
    scores = [(x * w[:1]).sum(axis=(1, 2, 3)) for x in (reals, fakes)]
    norm = np.sqrt((w[:1] ** 2).sum()) / 8
    expected = scores[1].mean() - scores[0].mean() + 10 * (norm - 1) ** 2 + 0.001 * (scores[0] ** 2).mean()
    assert_allclose(tfutil.run(found.critic), expected, rtol=1e-4)
    assert_allclose(tfutil.run(found.generator), -scores[1].mean(), rtol=1e-5)
    assert_allclose(tfutil.run(found.terms['gradient_norm']), norm, rtol=1e-5)


def test_two_adam_steps_equal_numpys(session, random):
    w, gradients = random.randn(5).astype(np.float32), random.randn(2, 5).astype(np.float32)
    variable, gradient = tf.get_variable('w', initializer=w, use_resource=True), tf.placeholder(tf.float32, [5])
    optimiser = training.adam(0.01)
    step = optimiser.apply_gradients([(gradient, variable)])
    tfutil.run([variable.initializer] + [v.initializer for v in optimiser.variables()])
    v = np.zeros(5)
    for t, g in enumerate(gradients.astype(np.float64), 1):
        tfutil.run(step, {gradient: g})
        v = 0.99 * v + 0.01 * g ** 2
        w = w - 0.01 * np.sqrt(1 - 0.99 ** t) * g / (np.sqrt(v) + 1e-8)
        assert_allclose(tfutil.run(variable), w, rtol=1e-6)


def test_softened_reals_are_mixed_with_their_box_averages(session, random):
    x = random.randn(2, 1, 4, 4).astype(np.float32)
    coarse = x.reshape(2, 1, 2, 2, 2, 2).mean(axis=(3, 5)).repeat(2, axis=2).repeat(2, axis=3)
    for fade in (0.0, 0.25, 1.0):
        assert_allclose(tfutil.run(training.soften(tf.constant(x), tf.constant(fade))), x * (1 - fade) + coarse * fade, atol=1e-6)


def test_moving_average_follows_the_trained_weights_and_copies_the_rest(session):
    G = tfutil.Network('G', networks.G_paper, resolution=4, fmap_max=4, fmap_base=32)
    Gs = G.clone('Gs')
    before = Gs.values()
    G.set(dict({name: value + 1 for name, value in before.items() if name != 'lod'}, lod=np.float32(0.5)))
    tfutil.run(Gs.follow(G, 0.9))
    for name, value in Gs.values().items():
        assert_allclose(value, 0.5 if name == 'lod' else before[name] + 0.1, atol=1e-6)


def test_every_epoch_shows_every_image_once_in_an_order_of_its_own(patches):
    data = dataset.Pyramid(patches)
    shown = data.order(0, 80, seed=1)
    assert sorted(shown[:40]) == sorted(shown[40:]) == list(range(40)) and (shown[:40] != shown[40:]).any()
    assert_array_equal(np.concatenate([data.order(0, 33, 1), data.order(33, 30, 1), data.order(63, 17, 1)]), shown)
    assert (data.order(0, 40, seed=2) != shown[:40]).any()


def test_class_folders_are_pooled_and_labelled(tmp_path, patches):
    for name in ('AIS', 'MIA'):
        dataset.write(str(tmp_path / name), name, dataset.read(patches + '/AIS-r04.tfrecords')[:3 if name == 'AIS' else 5])
    data = dataset.Pyramid(str(tmp_path))
    assert data.classes == ['AIS', 'MIA'] and data.labels.tolist() == [0] * 3 + [1] * 5 and data.images[4].shape == (8, 1, 16, 16)


@pytest.fixture(scope='session')
def whole(tmp_path_factory, patches):
    """The folder of an uninterrupted run."""
    outdir = str(tmp_path_factory.mktemp('whole'))
    subprocess.check_call([sys.executable, os.path.join(ROOT, '3-train.py'), '--data', patches, '--outdir', outdir] + TINY)
    return os.path.join(outdir, '000-AIS')


def test_a_run_folder_holds_settings_logs_pictures_and_published_pickles(session, whole, patches):
    names = os.listdir(whole)
    assert {'run.json', 'log.txt', 'log.csv', 'reals.png', 'fakes000000.png', 'training.gif', 'network-final.pkl'} < set(names)
    assert any(name.startswith('events.out.tfevents') for name in names)
    with open(whole + '/run.json') as f:
        about = json.load(f)
    assert about['settings']['fmap_max'] == 8 and about['data']['images'] == 40 and about['versions']['tensorflow'] == tf.__version__
    with open(whole + '/log.csv') as f:
        rows = list(csv.DictReader(f))
    assert [float(row['kimg']) for row in rows] == pytest.approx([0.064, 0.128, 0.192, 0.256, 0.32])
    assert [float(row['resolution']) for row in rows] == [4, 8, 8, 16, 16] and all(float(row['gradient_norm']) > 0 for row in rows)
    G, D, Gs = tfutil.load(whole + '/network-final.pkl', networks.BUILDERS)
    assert Gs.run(np.zeros([2, 8]), np.zeros([2, 0])).shape == (2, 1, 16, 16)
    assert np.abs(Gs.values()['4x4/Conv/weight'] - G.values()['4x4/Conv/weight']).max() > 0
    with Image.open(whole + '/reals.png') as picture:
        assert picture.size == (128, 128)


def test_pictures_are_those_of_the_moving_average(session, whole):
    Gs, = tfutil.load(whole + '/network-final.pkl', networks.BUILDERS, 'Gs')
    latents = np.random.RandomState([0, 3]).randn(64, 8)
    images = np.clip(np.rint((Gs.run(latents, np.zeros([64, 0])) + 1) * 127.5), 0, 255)
    with Image.open(whole + '/fakes000000.png') as picture:         # the last picture: the run is shorter than 1 kimg
        assert np.abs(np.asarray(picture)[16:32, :16] - images[8, 0]).max() <= 1


def test_training_changes_all_weights_of_the_final_resolution(whole, patches):
    cfg = config.Progan(fmap_base=64, fmap_max=8)
    with tfutil.init_tf():
        trainer = training.Trainer(cfg, dataset.Pyramid(patches))
        trainer.initialise()
        first = {role: getattr(trainer.first, role).values() for role in ('G', 'D', 'Gs')}
    for role, last in zip(('G', 'D', 'Gs'), weights(whole + '/network-final.pkl')):
        same = [name for name in last if np.array_equal(first[role][name], last[name])]
        assert same == ['lod'] or same == []


def start(patches, outdir, *arguments):
    return subprocess.Popen([sys.executable, os.path.join(ROOT, '3-train.py'), '--data', patches, '--outdir', str(outdir)] + TINY + list(arguments),
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def await_file(process, path):
    while not os.path.exists(str(path)):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)


def test_a_killed_run_goes_on_to_the_same_weights(tmp_path, patches, whole):
    run = tmp_path / '000-AIS'
    process = start(patches, tmp_path)
    await_file(process, run / 'network-snapshot-000000.npz')
    time.sleep(0.05)
    process.kill()
    process.wait()
    assert not os.path.exists(str(run / 'network-final.pkl'))
    process = start(patches, tmp_path, '--resume', 'latest')
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert b'going on from' in out
    assert_same_weights(whole + '/network-final.pkl', run / 'network-final.pkl')
    with open(str(run / 'log.csv')) as f:
        assert [row['kimg'] for row in csv.DictReader(f)] == ['0.064', '0.128', '0.192', '0.256', '0.32']


@pytest.mark.parametrize('number, code', [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_finishes_the_step_and_leaves_a_snapshot_to_go_on_from(tmp_path, patches, whole, number, code):
    process = start(patches, tmp_path, '--snapshot-kimg', '100')
    await_file(process, tmp_path / '000-AIS' / 'reals.png')
    process.send_signal(number)
    out, err = process.communicate()
    assert process.returncode == code and b'Traceback' not in err
    assert runfolder.restore(str(tmp_path / '000-AIS'))[0]
    process = start(patches, tmp_path, '--resume', str(tmp_path / '000-AIS'), '--snapshot-kimg', '100')
    assert process.wait() == 0
    assert_same_weights(whole + '/network-final.pkl', tmp_path / '000-AIS' / 'network-final.pkl')


def test_resuming_refuses_what_does_not_fit(script, tmp_path, patches, whole, random):
    copy = str(tmp_path / '000-AIS')
    shutil.copytree(whole, copy)
    other = str(tmp_path / 'other')
    dataset.write(other, 'AIS', random.randint(256, size=[40, 1, 16, 16]).astype(np.uint8))

    def refused(*arguments):
        code, _, err = script('3-train.py', '--total-kimg', '1', *arguments)
        assert code == 2 and err.count('\n') == 1, err
        return err
    assert 'is not the data set' in refused('--resume', copy, '--data', other)
    assert '--fmap-max 16' in refused('--resume', copy, '--fmap-max', '16')
    assert 'not a run folder' in refused('--resume', other)
    assert 'no runs' in refused('--resume', 'latest', '--outdir', other)
    with runfolder.Run(copy):
        assert 'in use' in refused('--resume', copy)
    with open(copy + '/network-snapshot-000000.npz', 'r+b') as f:
        f.truncate(3000)
    assert 'network-snapshot-000000.npz is damaged' in refused('--resume', copy)
    with open(copy + '/run.json', 'w') as f:
        f.write('{')
    assert 'run.json is damaged' in refused('--resume', copy)


def test_a_finished_run_can_be_lengthened(script, tmp_path, patches, whole):
    shutil.copytree(whole, str(tmp_path / '000-AIS'))
    code, out, err = script('3-train.py', '--resume', 'latest', '--outdir', tmp_path, '--total-kimg', '0.4')
    assert code == 0 and 'kimg 0.4' in out, err


def test_a_run_that_diverges_stops_and_names_the_last_good_snapshot(script, tmp_path, patches):
    code, out, err = train(script, patches, tmp_path, '--G-lrate', '1e30', '--D-lrate', '1e30')
    assert code == 2 and 'diverged' in err and 'snapshot is none' in err and err.strip().count('\n') == 0
    assert not [name for name in os.listdir(str(tmp_path / '000-AIS')) if name.endswith('.pkl')]


def test_a_disk_that_fills_up_ends_the_run_with_the_snapshot_before_it_intact(tmp_path, patches):
    process = subprocess.Popen(
        [sys.executable, os.path.join(ROOT, '3-train.py'), '--data', patches, '--outdir', str(tmp_path)] + TINY + ['--keep', '0'],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60000, 60000)))
    _, err = process.communicate()
    assert process.returncode == 2 and b'network-snapshot-000000.pkl: File too large' in err and b'Traceback' not in err
    assert not [name for name in os.listdir(str(tmp_path / '000-AIS')) if name.endswith(('.pkl', '.part', '.npz'))]


def test_old_snapshots_are_kept_as_told(tmp_path):
    path = runfolder.create(str(tmp_path), 'AIS')
    with runfolder.Run(path, keep=2) as run:
        for kimg in (1, 2, 3):
            run.save(kimg, lambda name: open(name, 'w').close(), dict(number=1, shown=1, elapsed=0, level=2, lod=0, minibatch=8))
        assert [name[-10:] for name in runfolder.snapshots(path)] == ['000002.pkl', '000003.pkl']
        with open(path + '/network-snapshot-000003.pkl', 'w') as f:
            f.write('cut off')
        assert runfolder.restore(path)[0].endswith('000002.pkl')
    assert os.path.basename(runfolder.create(str(tmp_path), 'MIA')) == '001-MIA'


def test_latest_is_the_run_of_the_highest_number(tmp_path):
    for name in ('999-AIS', 'notes', '12'):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'run.json').write_bytes(b'{}')
    path = runfolder.create(str(tmp_path), 'MIA')
    assert os.path.basename(path) == '1000-MIA' and os.path.basename(runfolder.find('latest', str(tmp_path))) == '999-AIS'
    shutil.copy(str(tmp_path / '12' / 'run.json'), path)
    assert runfolder.find('latest', str(tmp_path)) == path


def test_transfer_takes_what_fits_by_resolution_and_says_what_it_left(script, tmp_path, patches):
    small = str(tmp_path / 'small.pkl')
    with tfutil.init_tf():
        trio = [tfutil.Network(name, build, resolution=8, fmap_base=64, fmap_max=8) for name, build in (
            ('G', networks.G_paper), ('D', networks.D_paper), ('Gs', networks.G_paper))]
        tfutil.save(small, trio)
        expected = trio[2].values()
    code, out, err = train(script, patches, tmp_path / 'out', '--transfer', small, '--total-kimg', '0.008', '--G-lrate', '1e-12')
    line = [line for line in out.split('\n') if line.startswith('transfer')][0]
    assert code == 0 and 'G/16x16/Conv1/weight' in line and 'G/8x8' not in line, err
    values = weights(tmp_path / 'out' / '000-AIS' / 'network-final.pkl')[2]
    assert_allclose(values['8x8/Conv1/weight'], expected['8x8/Conv1/weight'], atol=0.02)       # a step towards G
    assert_allclose(values['ToRGB_lod1/weight'], expected['ToRGB_lod0/weight'], atol=0.02)


def test_conditional_training_uses_the_classes(script, tmp_path, patches):
    for name in ('AIS', 'MIA'):
        dataset.write(str(tmp_path / 'data' / name), name, dataset.read(patches + '/AIS-r04.tfrecords'))
    code, out, err = train(script, tmp_path / 'data', tmp_path / 'out', '--conditional', '--total-kimg', '0.016')
    assert code == 0 and 'label' in out, err
    with open(str(tmp_path / 'out' / '000-data' / 'run.json')) as f:
        assert json.load(f)['data']['classes'] == ['AIS', 'MIA']
    with tfutil.init_tf():
        Gs, = tfutil.load(str(tmp_path / 'out' / '000-data' / 'network-final.pkl'), networks.BUILDERS, 'Gs')
        assert Gs.inputs[1].shape[1] == 2


def test_training_refuses_bad_input_in_one_line_and_writes_nothing(script, tmp_path, patches):
    few, gap, uneven, one = (str(tmp_path / name) for name in ('few', 'gap', 'uneven', 'one'))
    images = dataset.read(patches + '/AIS-r04.tfrecords')
    dataset.write(few, 'few', images[:7])
    dataset.write(one, 'one', images[:1])
    shutil.copytree(patches, gap)
    os.remove(gap + '/AIS-r03.tfrecords')
    shutil.copytree(patches, uneven)
    shutil.copy(few + '/few-r03.tfrecords', uneven + '/AIS-r03.tfrecords')
    os.mkdir(str(tmp_path / 'empty'))
    outdir = tmp_path / 'out'
    for arguments, words in (
            (['--data', tmp_path / 'empty'], 'no NAME-r'), (['--data', tmp_path / 'nowhere'], 'not a folder'), (['--data', few], 'fewer than the minibatch of 8'),
            (['--data', one], 'holds 1 images'), (['--data', gap], 'lacks level r03'), (['--data', uneven], 'AIS-r03'), (['--conditional'], 'class folders'),
            (['--transfer', 'nothing.pkl'], 'nothing.pkl'), (['--lod-initial-resolution', '5'], 'power of two'), (['--lod-initial-resolution', '32'], '16'),
            (['--minibatch', '0'], '--minibatch'), (['--total-kimg', 'nan'], '--total-kimg'), (['--G-smoothing', '1'], '--G-smoothing'),
            (['--G-lrate', '-1'], '--G-lrate'), (['--precision', 'fp64'], '--precision'), (['--unknown'], '--unknown'), (['--minibatch', '6'], 'groups of 4'),
            (['--gpus', '9', '--cpu'], '--gpus 9')):
        base = ['3-train.py', '--outdir', outdir, '--data', patches] + TINY
        code, _, err = script(*(base + arguments))
        assert code == 2 and err.count('\n') == 1 and words in err, (arguments, err)
        assert not os.path.exists(str(outdir)), arguments


def test_two_replicas_equal_one(patches, tmp_path):
    """Two devices of one machine, here two virtual CPUs, 20 steps without minibatch stddev."""
    cfg = config.Progan(fmap_base=64, fmap_max=8, mbstd_group_size=0)
    data, results = dataset.Pyramid(patches), []
    for cpus in (1, 2):
        with tfutil.init_tf(cpu=True, cpus=cpus):
            trainer = training.Trainer(cfg, data)
            assert len(trainer.replicas) == cpus
            trainer.prepare(3, 16)
            trainer.reset_optimisers()
            trainer.initialise()
            trainer.set_lod(1.5)
            for number in range(20):
                trainer.train(trainer.steps[3], number, number * 16)
            results.append([network.values() for network in (trainer.first.G, trainer.first.D, trainer.first.Gs)])
            if cpus == 2:
                last = trainer.replicas[1].G.values()
                assert all(np.array_equal(last[name], value) for name, value in results[1][0].items())
    for one, two in zip(*results):
        for name in one:
            assert_allclose(two[name], one[name], atol=1e-5)


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def test_two_workers_equal_one_and_only_the_first_writes(patches, tmp_path):
    arguments = ['--mbstd-group-size', '0', '--minibatch', '16']
    workers = ['127.0.0.1:%d' % free_port() for _ in range(2)]
    processes = []
    for index in (0, 1):
        environment = dict(os.environ, TF_CONFIG=json.dumps({'cluster': {'worker': workers}, 'task': {'type': 'worker', 'index': index}}))
        processes.append(subprocess.Popen([sys.executable, os.path.join(ROOT, '3-train.py'), '--data', patches, '--outdir', str(
            tmp_path / ('out%d' % index))] + TINY + arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
    for process in processes:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    assert not os.path.exists(str(tmp_path / 'out1'))
    process = start(patches, tmp_path / 'alone', *arguments)
    _, err = process.communicate()
    assert process.returncode == 0, err
    assert_same_weights(tmp_path / 'out0' / '000-AIS' / 'network-final.pkl', tmp_path / 'alone' / '000-AIS' / 'network-final.pkl', 5e-5)


@pytest.mark.parametrize('text', ['{', '[]', '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
                                  '{"cluster": {"worker": ["a:1"]}, "task": {"type": "ps", "index": 0}}'])
def test_a_bad_cluster_description_is_refused_in_words(monkeypatch, text):
    monkeypatch.setenv('TF_CONFIG', text)
    with pytest.raises(ValueError, match='TF_CONFIG'):
        tfutil.cluster()


@pytest.mark.skipif(tf.__version__.startswith('1'), reason='bf16 needs TensorFlow 2')
def test_bf16_trains_and_stays_near_fp32(script, tmp_path, patches):
    for precision in ('fp32', 'bf16'):
        assert train(script, patches, tmp_path / precision, '--precision', precision, '--total-kimg', '0.032')[0] == 0
    for a, b in zip(*(weights(tmp_path / precision / '000-AIS' / 'network-final.pkl') for precision in ('fp32', 'bf16'))):
        for name in a:
            assert b[name].dtype == np.float32 and np.abs(a[name] - b[name]).max() < 0.02
        assert any((a[name] != b[name]).any() for name in a)


@pytest.fixture
def trainer(patches):
    cfg = config.Progan(fmap_base=64, fmap_max=8, mirror_augment=True, D_repeats=2)
    with tfutil.init_tf():
        trainer = training.Trainer(cfg, dataset.Pyramid(patches))
        trainer.prepare(3, 8)
        trainer.reset_optimisers()
        trainer.initialise()
        trainer.set_lod(1.5)
        yield trainer


def test_each_step_draws_anew_from_the_seed_and_its_number(trainer):
    first, again, other = (trainer.draw(number, 0, 40, 3) for number in (5, 5, 6))
    for one, same, new in zip(first, again, other):
        assert_array_equal(one, same)
        assert one.size == 0 or (one != new).any()          # no labels; the same images, but others of them mirrored
    plain = trainer.data.images[3][trainer.data.order(0, 40, 0)]
    mirrored = [(shown == image[..., ::-1]).all() and not (shown == image).all() for shown, image in zip(first[2], plain)]
    assert 10 <= sum(mirrored) <= 30 and all((shown == image).all() for shown, image, flip in zip(first[2], plain, mirrored) if not flip)
    assert (trainer.draw(5, 0, 40, 3, generator_only=True)[0] != first[0]).any()


def test_an_iteration_has_as_many_steps_of_d_as_told_and_a_reset_forgets_them(trainer):
    def powers():
        return {name: float(value) for name, value in trainer.slot_values().items() if name.endswith('beta2_power')}
    trainer.train(trainer.steps[3], 0, 0)
    trainer.train(trainer.steps[3], 1, 16)
    assert powers() == pytest.approx({'D/beta2_power': 0.99 ** 5, 'G/beta2_power': 0.99 ** 3})
    trainer.reset_optimisers()
    assert powers() == pytest.approx({'D/beta2_power': 0.99, 'G/beta2_power': 0.99})
    assert all((value == 0).all() for name, value in trainer.slot_values().items() if name.endswith(('/m', '/v')))


def test_a_run_without_a_whole_snapshot_is_not_begun_anew(script, tmp_path, whole):
    copy = str(tmp_path / '000-AIS')
    shutil.copytree(whole, copy)
    with open(copy + '/network-snapshot-000000.pkl', 'r+b') as f:
        f.truncate(9000)
    code, _, err = script('3-train.py', '--resume', copy, '--total-kimg', '0.4')
    assert code == 2 and 'no snapshot is whole' in err and err.count('\n') == 1
    assert len(open(copy + '/log.csv').readlines()) == 6


def test_a_run_can_be_lengthened_to_another_resolution_even_by_a_default(script, tmp_path, patches):
    assert train(script, patches, tmp_path, '--total-kimg', '0.064')[0] == 0
    code, _, err = script('3-train.py', '--resume', 'latest', '--outdir', tmp_path, '--fmap-max', '512')
    assert code == 2 and '--fmap-max 512' in err
    code, _, err = script('3-train.py', '--resume', 'latest', '--outdir', tmp_path)
    assert code == 2 and 'larger --total-kimg' in err
    code, out, err = script('3-train.py', '--resume', 'latest', '--outdir', tmp_path, '--total-kimg', '0.1')
    assert code == 0 and '8x8' in out, err


def test_half_a_line_of_a_log_is_forgotten(tmp_path):
    path = runfolder.create(str(tmp_path), 'AIS')
    with runfolder.Run(path) as run:
        for kimg in (1, 2, 3):
            run.tick({'kimg': kimg, 'lod': 0})
        with open(run.file('log.csv'), 'a') as f:
            f.write('3.5')
        run.rewind(2)
        with open(run.file('log.csv')) as f:
            assert [row['kimg'] for row in csv.DictReader(f)] == ['1', '2']
