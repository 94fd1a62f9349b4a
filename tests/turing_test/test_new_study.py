"""A new study: balanced, of real patches that the weights did not learn from, at most two of a nodule."""

import collections
import json
import os
import re

import numpy as np
import pytest

import dataset
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
    """Weights of both classes that name the nodules which they learnt from."""
    root, paths = tmp_path_factory.mktemp('weights'), []
    for label in ('MIA', 'AIS'):
        paths.append(random_networks(str(root / (label + '.pkl')), fmap_max=8, fmap_base=64))
        known = dict(data=dict(digest='1-1', names=dict(nodule=['%s-%d' % (label, i) for i in range(50, 60)])))
        (root / (label + '.json')).write_text(json.dumps(known))
    return paths


@pytest.fixture
def made(script, reals, weights, tmp_path):
    """Runs create into tmp_path/study with further flags; returns (exit code, stdout, stderr)."""

    def call(*flags):
        return script(SCRIPT, 'create', '--model', *weights, '--data', reals, '--outdir', tmp_path / 'study', '--cpu',
                      '--number', 24, '--practice', 4, *flags)  # fmt: skip

    return call


def test_half_of_the_patches_are_real_in_each_class_and_none_is_there_twice(made, tmp_path):
    code, out, err = made()
    assert (code, err) == (0, '')
    found = study.readings(str(tmp_path / 'study'))
    counts = collections.Counter((case.label, case.signal) for case in found.cases.values())
    assert set(counts.values()) == {6} and len(counts) == 4
    assert len({case.pixels.tobytes() for case in found.cases.values()}) == 24
    assert found.protocol['window'] == [-1000, 275] and found.protocol['mm'] == 0.7


def test_at_most_two_real_patches_of_a_nodule_are_shown_and_none_of_those_of_practice(made, reals, tmp_path):
    assert made('--number', 40, '--practice', 8)[0] == 0
    found = study.readings(str(tmp_path / 'study'))
    nodules = collections.Counter(int(case.pixels.min()) // 5 for case in found.cases.values() if case.signal)
    assert sum(nodules.values()) == 20 and max(nodules.values()) <= 2
    reading = {case.pixels.tobytes() for case in found.cases.values()}
    signals = study.truth(str(tmp_path / 'study'))
    practice = {min(pixels) // 5 for pixels, real in signals.items() if real and pixels not in reading}
    assert practice and not practice & set(nodules)


def test_generated_patches_are_those_of_the_seed_in_the_gray_levels_of_the_other_scripts(made, weights, tmp_path):
    assert made('--seed', 3)[0] == 0
    with Generator(weights[1], cpu=True) as generator:
        wanted = {image.tobytes() for image in generator.sample(7, seed=3)}
    signals = study.truth(str(tmp_path / 'study'))
    fakes = {pixels for pixels, real in signals.items() if not real}
    assert wanted <= fakes


def test_pairs_are_of_one_class_with_the_real_one_on_either_side(made, tmp_path):
    assert made('--mode', '2afc', '--number', 12)[0] == 0
    found = study.readings(str(tmp_path / 'study'))
    counts = collections.Counter((case.label, case.signal) for case in found.cases.values())
    assert dict(counts) == {(label, side): 3 for label in ('AIS', 'MIA') for side in (True, False)}
    real = [case.pixels[int(case.signal)] for case in found.cases.values()]
    assert all(np.ptp(patch) <= 2 for patch in real)  # as those of the dataset are, and noise of random weights is not


def seen(folder, readers=1):
    """(token, truths, patches of each case) of a study, in the order in which so many new readers are shown them."""
    with reading_session.opened(folder) as served:
        for number in range(readers):
            served.enter('reader %d' % number, 3)
        rows = served._db.execute(
            'SELECT signal, group_concat(hex(pixels)) FROM items JOIN truth USING (number) JOIN patches USING (number) '
            'GROUP BY id ORDER BY reader, position'
        ).fetchall()
        return (served.token,) + tuple(zip(*rows))


def test_the_same_seed_makes_the_same_patches_in_another_order_with_another_link(made, tmp_path):
    for name in ('first', 'second', 'third'):
        assert made(*['--seed', 3][: 2 * (name != 'third')])[0] == 0
        os.rename(str(tmp_path / 'study'), str(tmp_path / name))
    (one, signals, first), (two, _, second), (_, _, third) = [
        seen(str(tmp_path / name)) for name in ('first', 'second', 'third')
    ]
    assert one != two and first != second and set(first) == set(second)
    fakes = {pixels for pixels, real in zip(first, signals) if not real}
    assert len(fakes) == 14 and not fakes & set(third)  # nobody knows the seed that was not given


@pytest.mark.parametrize('mode', ['yes-no', '2afc'])
def test_who_makes_the_same_study_from_public_code_data_and_weights_guesses_at_chance(
    mode, made, tmp_path, monkeypatch
):
    monkeypatch.setattr(new_study, 'MAX_PER_NODULE', 4)  # real patches of a nodule, to have enough of them
    truths = []
    for name in ('theirs', 'mine'):
        assert made('--mode', mode, '--number', 80, '--seed', 0, '--practice', 4)[0] == 0
        os.rename(str(tmp_path / 'study'), str(tmp_path / name))
        truths.append(np.array(seen(str(tmp_path / name), readers=5)[1]))
    right, total = (truths[0] == truths[1]).sum(), len(truths[0])
    assert total == 5 * 92 and abs(right - total / 2) < 4 * np.sqrt(total) / 2, right


def test_the_models_are_named_after_their_classes_in_files_or_folders():
    classes = ['AIS', 'IA', 'MIA']
    paths = ['a/MIA.pkl', 'results/003-AIS/network-final.pkl', 'IA-best.pkl']
    assert new_study.weights_of_classes(paths, classes) == dict(zip(['MIA', 'AIS', 'IA'], paths))
    assert new_study.weights_of_classes(['x.pkl'], classes) == dict.fromkeys(classes, 'x.pkl')


def refused(made, tmp_path, *flags):
    code, out, err = made(*flags)
    assert code == 2 and err.count('\n') == 1 and not (tmp_path / 'study').exists(), err
    return err


def test_weights_that_learnt_from_a_nodule_of_the_data_are_refused(made, weights, tmp_path):
    path = re.sub('pkl$', 'json', weights[0])
    with open(path) as f:
        before = f.read()
    try:
        with open(path, 'w') as f:
            json.dump(dict(data=dict(digest='1-1', names=dict(nodule=['MIA-3', 'other']))), f)
        assert 'learned from the nodule MIA-3' in refused(made, tmp_path)
        os.unlink(path)
        code, out, err = made()
        assert code == 0 and 'not known whether' in err and weights[0] in err
    finally:
        with open(path, 'w') as f:
            f.write(before)


@pytest.mark.parametrize(
    'flags, words',
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
def test_what_cannot_be_is_one_line(flags, words, made, tmp_path):
    assert words in refused(made, tmp_path, *flags)


def test_models_of_another_class_or_with_too_few_labels_are_refused(made, weights, tmp_path):
    labels = random_networks(str(tmp_path / 'labels.pkl'), fmap_max=8, fmap_base=64, label_size=1)
    assert 'labels of 1 classes' in refused(made, tmp_path, '--model', labels)
    assert 'each once' in refused(made, tmp_path, '--model', weights[0], weights[0])
    assert 'of which class it is' in refused(made, tmp_path, '--model', weights[0], labels)


def test_a_folder_that_is_there_is_left_alone(made, tmp_path):
    (tmp_path / 'study').mkdir()
    (tmp_path / 'study' / 'mine').write_text('mine')
    code, out, err = made()
    assert code == 2 and 'is there already' in err and os.listdir(str(tmp_path / 'study')) == ['mine']
