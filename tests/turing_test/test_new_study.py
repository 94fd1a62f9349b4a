"""A new study: balanced, of real patches that the weights did not learn from, at most two of a nodule."""

import collections
import json
import os
import re
import shutil

import numpy as np
import pytest

import dataset
from common import card
from places import ROOT
from runs import random_networks
from sampling import Generator
from turing_test import new_study, reading_session, study

SCRIPT = '6-turing_test.py'


@pytest.fixture(scope='module')
def reals(tmp_path_factory):
    """Two classes of 12 nodules with four patches each; the gray level tells the nodule."""
    root = tmp_path_factory.mktemp('reals')
    for index, label in enumerate(('AIS', 'MIA')):
        folder = str(root / label)
        random = np.random.RandomState(index)
        images = [100 + 60 * index + 5 * (i // 4) + random.randint(3, size=(1, 16, 16)) for i in range(48)]
        dataset.write(folder, label, np.array(images, np.uint8))
        entries = [dict(nodule='%s-%d' % (label, i), records=4) for i in range(12)]
        about = dict(records=48, resolution=16, channels=1, entries=entries, window=[-1000, 275], mm_per_pixel=0.7)
        (root / label / (label + '.json')).write_text(json.dumps(about))
    return str(root)


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    """Weights of both classes that name the nodules from which they learned."""
    root, paths = tmp_path_factory.mktemp('weights'), []
    for label in ('MIA', 'AIS'):
        paths.append(random_networks(str(root / (label + '.pkl'))))
        known = dict(data=dict(digest='1-1', names=dict(nodule=['%s-%d' % (label, i) for i in range(50, 60)])))
        (root / (label + '.json')).write_text(json.dumps(known))
    return paths


@pytest.fixture
def create(script, reals, weights, tmp_path):
    """Runs create into tmp_path/study with further flags; returns (exit code, stdout, stderr)."""

    def call(*flags):
        return script(SCRIPT, 'create', '--model', *weights, '--data', reals, '--outdir', tmp_path / 'study', '--cpu',
                      '--number', 24, '--practice', 4, *flags)  # fmt: skip

    return call


@pytest.mark.slow
def test_a_study_is_half_real_in_each_class_without_a_nodule_too_often_or_in_practice_too(create, weights, tmp_path):
    code, _, err = create('--number', 40, '--practice', 8, '--seed', 3)
    assert (code, err) == (0, '')
    protocol, cases = study.cases(str(tmp_path / 'study'))
    assert protocol['window'] == [-1000, 275] and protocol['mm'] == 0.7
    assert not protocol['phantoms'] and protocol['title'] == 'Real or generated?'
    assert len({case.pixels.tobytes() for case in cases}) == 48
    counts = collections.Counter((case.kind, case.label, case.signal) for case in cases)
    assert set(counts.values()) == {2, 10} and len(counts) == 8
    real = [(case.kind, int(case.pixels.min()) // 5) for case in cases if case.signal]
    nodules = collections.Counter(nodule for kind, nodule in real if kind == 'reading')
    assert sum(nodules.values()) == 20 and max(nodules.values()) <= 2
    practice = {nodule for kind, nodule in real if kind == 'practice'}
    assert practice and not practice & set(nodules)
    with Generator(weights[1], cpu=True) as generator:
        expected = {image.tobytes() for image in generator.sample(12, seed=3)}
    fakes = {case.pixels.tobytes() for case in cases if case.label == 'AIS' and not case.signal}
    assert fakes == expected


def as_shown(folder, readers=1):
    """(token, truths, patches of each case) of a study, in the order in which so many new readers are shown them."""
    with reading_session.opened(folder) as session:
        for number in range(readers):
            session.enter('reader %d' % number, 3)
        rows = session._db.execute(
            'SELECT signal, group_concat(hex(pixels)) FROM items JOIN truth USING (number) JOIN patches USING (number) '
            'GROUP BY id ORDER BY reader, position'
        ).fetchall()
        return (session.token,) + tuple(zip(*rows))


@pytest.mark.slow
@pytest.mark.parametrize('mode', ['yes-no', '2afc'])
def test_who_makes_the_same_study_from_public_code_data_and_weights_guesses_at_chance(
    mode, create, tmp_path, monkeypatch
):
    monkeypatch.setattr(new_study, 'MAX_PER_NODULE', 4)  # to have enough real patches
    for name, seed in (('theirs', [0]), ('mine', [0]), ('without a seed', [])):
        assert create('--mode', mode, '--number', 80, *['--seed'][: len(seed)] + seed)[0] == 0
        os.rename(str(tmp_path / 'study'), str(tmp_path / name))
    token, truths, shown = as_shown(str(tmp_path / 'theirs'), readers=5)
    my_token, my_truths, shown_of_mine = as_shown(str(tmp_path / 'mine'), readers=5)
    right, total = (np.array(truths) == np.array(my_truths)).sum(), len(truths)
    assert total == 5 * 92 and abs(right - total / 2) < 4 * np.sqrt(total) / 2, right
    assert token != my_token and shown != shown_of_mine
    patches, of_mine, others = [
        {patch for pair in patches for patch in pair.split(',')}
        for patches in (shown, shown_of_mine, as_shown(str(tmp_path / 'without a seed'))[2])
    ]
    assert patches == of_mine
    _, cases = study.cases(str(tmp_path / 'mine'))
    if mode == '2afc':
        counts = collections.Counter((case.label, case.signal) for case in cases if case.kind == 'reading')
        assert dict(counts) == {(label, side): 20 for label in ('AIS', 'MIA') for side in (True, False)}
        real = [case.pixels[int(case.signal)] for case in cases]
        assert all(np.ptp(patch) <= 2 for patch in real)  # as in the dataset, unlike the noise of random weights
        fakes = [case.pixels[1 - int(case.signal)] for case in cases]
    else:
        fakes = [case.pixels for case in cases if not case.signal]
    assert not {fake.tobytes().hex().upper() for fake in fakes} & others  # nobody knows the seed that was not given


@pytest.mark.slow
def test_a_study_of_phantoms_says_so_and_calls_them_simulated(create, reals, tmp_path):
    phantoms = str(tmp_path / 'phantoms')
    shutil.copytree(reals, phantoms)
    for label in ('AIS', 'MIA'):
        path = os.path.join(phantoms, label, label + '.json')
        with open(path) as f:
            about = json.load(f)
        with open(path, 'w') as f:
            json.dump(dict(about, source=card.PHANTOMS), f)
    code, out, _ = create('--data', phantoms)
    protocol, _ = study.cases(str(tmp_path / 'study'))
    assert code == 0 and 'holds phantoms, so readers see "simulated" instead of "real"' in out
    assert protocol['phantoms'] and protocol['title'] == 'Simulated or generated?'


def test_the_models_are_named_after_their_classes_in_files_or_folders():
    classes = ['AIS', 'IA', 'MIA']
    paths = ['a/MIA.pkl', 'results/003-AIS/network-final.pkl', 'IA-best.pkl']
    assert new_study.weights_of_classes(paths, classes) == dict(zip(['MIA', 'AIS', 'IA'], paths))
    assert new_study.weights_of_classes(['x.pkl'], classes) == dict.fromkeys(classes, 'x.pkl')


def test_names_of_classes_may_have_hyphens_and_contain_each_other():
    classes = ['ground-glass', 'part-solid', 'solid', 'ÄIS 1.5+']
    runs = ['results/gans/fold0/inner0/%s/00%d-%s' % (label, i, label) for i, label in enumerate(classes)]
    paths = [run + '/network-%s.pkl' % end for run, end in zip(runs, ['best', 'final'] * 2)]
    assert new_study.weights_of_classes(paths[::-1], classes) == dict(zip(classes, paths))
    files = ['a/solid_best.pkl', 'solid/part-solid.pkl', 'part-solid/ground-glass.pkl', 'ÄIS 1.5+.pkl']
    assert new_study.weights_of_classes(files, classes) == dict(zip(['solid', 'part-solid'] + classes[::3], files))
    with pytest.raises(ValueError, match='^a/solids.pkl: not known of which class'):
        new_study.weights_of_classes(['a/solids.pkl', 'solid/x.pkl'], classes)


def refused(create, tmp_path, *flags):
    code, out, err = create(*flags)
    assert code == 2 and err.count('\n') == 1 and not (tmp_path / 'study').exists(), err
    return err


def test_weights_that_learned_from_a_nodule_of_the_data_are_refused(create, weights, tmp_path):
    path = re.sub('pkl$', 'json', weights[0])
    with open(path) as f:
        before = f.read()
    try:
        with open(path, 'w') as f:
            json.dump(dict(data=dict(digest='1-1', names=dict(nodule=['MIA-3', 'other']))), f)
        assert 'learned from the nodule MIA-3' in refused(create, tmp_path)
        os.unlink(path)
        code, out, err = create()
        assert code == 0 and 'not known whether' in err and weights[0] in err
    finally:
        with open(path, 'w') as f:
            f.write(before)


@pytest.mark.parametrize(
    'flags, message',
    [
        (['--number', '400'], 'use a smaller --number'),
        (['--number', '1'], '--number'),
        (['--model', os.path.join(ROOT, 'README.md')], 'README.md'),
        (['--model', 'nothing/AIS.pkl'], 'does not exist'),
        (['--data', 'nothing'], 'nothing'),
        (['--repeat', '1'], '--repeat'),
        (['--margin', '0.5'], '--margin'),
        (['--mode', '3afc'], '3afc'),
    ],
)
def test_what_cannot_be_is_one_line(flags, message, create, tmp_path):
    assert message in refused(create, tmp_path, *flags)


@pytest.mark.slow
def test_models_of_another_class_or_with_too_few_labels_are_refused(create, weights, tmp_path):
    labels = random_networks(str(tmp_path / 'labels.pkl'), label_size=1)
    assert 'labels of 1 classes' in refused(create, tmp_path, '--model', labels)
    assert 'each once' in refused(create, tmp_path, '--model', weights[0], weights[0])
    assert 'of which class it is' in refused(create, tmp_path, '--model', weights[0], labels)


def test_a_folder_that_is_there_is_left_alone(create, tmp_path):
    (tmp_path / 'study').mkdir()
    (tmp_path / 'study' / 'mine').write_text('mine')
    code, out, err = create()
    assert code == 2 and 'is there already' in err and os.listdir(str(tmp_path / 'study')) == ['mine']
