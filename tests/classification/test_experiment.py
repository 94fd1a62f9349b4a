"""The experiment over folds: what it writes, what it refuses, and that it goes on where it was stopped."""

import csv
import json
import os
import shutil

import numpy as np
import pytest

import runs
from classification import classify_settings, experiment
from common import images
from places import ONCE, ROOT, visible
from training import signals

ARMS = 'raw,common,cutmix,duplicates,gan,pretrain,tstr,trts,shuffled'


@pytest.fixture(scope='module')
def generators(tmp_path_factory, cv):
    """Weights for each fold and class, beside what they say they learnt from; and the pattern that names them."""
    root = tmp_path_factory.mktemp('gans')
    path = str(root / 'some.pkl')
    runs.random_networks(path, fmap_base=64, fmap_max=8)
    for fold in (0, 1):
        for label in ('AIS', 'IA', 'MIA'):
            folder = root / ('fold%d' % fold) / label / '000-x'
            os.makedirs(str(folder))
            shutil.copy(path, str(folder / 'network-final.pkl'))
            names = ['%s-%d' % (label, i) for i in range(6) if i % 2 != fold]
            about = dict(digest='x', names=dict(nodule=names, scan=[], patient=['p-' + name for name in names]))
            (folder / 'run.json').write_text(json.dumps(dict(data=about)))
    return str(root / 'fold{fold}' / '{class}')


class Calm:
    """A signals.Stop that asks for nothing, or to end after so many jobs."""

    def __init__(self, jobs=None):
        self.left = jobs

    def check(self):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise signals.Stopped(15)


def run(cv, generators, outdir, stop=None, **options):
    cfg = dict(data=cv, generators=generators, outdir=str(outdir), arms=ARMS, repeats=1, steps=6, cpu=True)
    return experiment.run(classify_settings.Run(**dict(cfg, **options)), stop or Calm())


@pytest.fixture(scope='module')
def done(cv, generators, tmp_path_factory):
    outdir = tmp_path_factory.mktemp('done')
    return outdir, run(cv, generators, outdir)


def test_each_nodule_is_predicted_once_by_a_network_that_did_not_see_it(done, cv):
    outdir, (several, found) = done
    with open(str(outdir / 'predictions.csv')) as f:
        rows = list(csv.DictReader(f))
    assert list(rows[0]) == 'arm ratio repeat fold nodule label p_AIS p_MIA p_IA'.split()
    assert {row['arm'] for row in rows} == set(ARMS.split(','))
    for arm in ARMS.split(','):
        own = [row for row in rows if row['arm'] == arm]
        assert len(own) == 18 and len({row['nodule'] for row in own}) == 18
        for row in own:
            assert sum(float(row['p_' + label]) for label in several.classes) == pytest.approx(1, abs=1e-5)
            if arm != 'trts':
                label, number = row['nodule'].split('-')
                assert row['label'] == label and int(number) % 2 == int(row['fold'])
    assert {row['ratio'] for row in rows if row['arm'] in ('gan', 'duplicates')} == {'1'}
    assert {row['ratio'] for row in rows if row['arm'] == 'raw'} == {''}
    assert len(visible(outdir / 'classifiers')) == 2 * 9 * 2  # and whom each learnt from


@ONCE
def test_a_seed_gives_the_same_table_also_after_it_was_stopped_in_between(done, cv, generators, tmp_path):
    with pytest.raises(signals.Stopped):
        run(cv, generators, tmp_path, Calm(7))
    assert len(visible(tmp_path / 'parts')) == 7 and not (tmp_path / 'predictions.csv').exists()
    run(cv, generators, tmp_path)
    assert (tmp_path / 'predictions.csv').read_bytes() == (done[0] / 'predictions.csv').read_bytes()


def test_another_experiment_does_not_go_on_in_the_same_folder(done, cv, generators):
    with pytest.raises(ValueError, match='--steps 6'):
        run(cv, generators, done[0], steps=7)
    about = json.loads((done[0] / 'run.json').read_text())
    about['data']['digest'] = 'of other data'
    (done[0] / 'run.json').write_text(json.dumps(about))
    with pytest.raises(ValueError, match='other data'):
        run(cv, generators, done[0])


@ONCE
def test_a_generator_that_learnt_from_a_test_nodule_is_refused_and_so_is_one_of_which_nobody_knows(
    cv, generators, tmp_path
):
    root = os.path.dirname(os.path.dirname(generators))
    leak = str(tmp_path / 'leak')
    shutil.copytree(root, leak)
    about = os.path.join(leak, 'fold1', 'IA', '000-x', 'run.json')
    pattern = os.path.join(leak, 'fold{fold}', '{class}')
    shutil.copy(os.path.join(leak, 'fold0', 'IA', '000-x', 'run.json'), about)
    with pytest.raises(ValueError, match='network-final.pkl learnt from the nodule IA-1, .* test side of fold 1'):
        run(cv, pattern, tmp_path / 'a')
    os.rename(os.path.join(leak, 'fold1', 'IA'), os.path.join(leak, 'fold1', 'renamed'))
    shutil.copytree(os.path.join(leak, 'fold1', 'renamed'), os.path.join(leak, 'fold1', 'IA'))
    with pytest.raises(ValueError, match='IA-1'):
        run(cv, pattern, tmp_path / 'a')
    os.unlink(about)
    with pytest.raises(ValueError, match='--trust-generators'):
        run(cv, pattern, tmp_path / 'a')
    assert not (tmp_path / 'a').exists()
    run(cv, pattern, tmp_path / 'a', arms='gan', trust_generators=True)
    shutil.rmtree(os.path.join(leak, 'fold0', 'MIA'))
    with pytest.raises(FileNotFoundError, match='fold 0, class MIA'):
        run(cv, pattern, tmp_path / 'b')


def test_an_arm_that_there_is_not_and_one_without_its_images_are_refused(cv, generators, tmp_path):
    with pytest.raises(ValueError, match='choose from raw,common'):
        run(cv, generators, tmp_path / 'a', arms='raw,magic')
    with pytest.raises(ValueError, match='none of them is tested on real images'):
        run(cv, generators, tmp_path / 'a', arms='trts')
    with pytest.raises(ValueError, match='needs --phantoms'):
        run(cv, generators, tmp_path / 'a', arms='phantom')


def test_ratios_add_as_many_images_of_each_class(cv):
    train, test = experiment.cross_validation.Folds(cv).sides(0)
    added = dict(gan=(np.repeat(train.images[:3], 40, axis=0), np.repeat([0, 1, 2], 40)))
    fold = experiment.Fold(train, test, 3, added)
    for ratio, expected in ((0.5, 9), (1, 12), (4, 30)):
        pool = fold.pool(['real', 'gan'], ratio, train.labels, np.arange(18))
        assert [len(members) for members in pool.members] == [expected] * 3
    doubled = fold.pool(['real', 'duplicates'], 2, train.labels, np.arange(18))
    assert [len(members) for members in doubled.members] == [18] * 3
    assert {image.tobytes() for image in doubled.images} == {image.tobytes() for image in train.images}


def predicted(script, *arguments):
    code, out, err = script('5-classify.py', 'predict', '--cpu', *arguments)
    assert code == 0, err
    with open(str(arguments[-1])) as f:
        return list(csv.DictReader(f)), err


def test_a_kept_classifier_predicts_what_the_experiment_says_of_a_data_set_and_of_pictures(done, cv, script, tmp_path):
    outdir, (several, _) = done
    model = outdir / 'classifiers' / 'gan-1-fold1.pkl'
    rows, err = predicted(
        script, '--model', model, '--data', os.path.join(cv, 'fold1', 'test'), '--out', tmp_path / 'a.csv'
    )
    with open(str(outdir / 'predictions.csv')) as f:
        known = {row['nodule']: row for row in csv.DictReader(f) if (row['arm'], row['fold']) == ('gan', '1')}
    nodules = [row for row in rows if row['of'] == 'nodule']
    assert len(nodules) == 9 and len(rows) == 27 and not err
    for row in nodules:
        for label in several.classes:
            assert float(row['p_' + label]) == pytest.approx(float(known[row['nodule']]['p_' + label]), abs=1e-5)
    test = several.sides(1)[1]
    for i in range(3):
        images.save(str(tmp_path / ('%d.png' % i)), test.images[i])
    pictures, _ = predicted(script, '--model', model, '--data', tmp_path, '--out', tmp_path / 'b.csv')
    assert [row['p_MIA'] for row in pictures[:3]] == [row['p_MIA'] for row in rows[:3]]
    _, err = predicted(
        script, '--model', model, '--data', os.path.join(cv, 'fold1', 'train'), '--out', tmp_path / 'a.csv'
    )
    assert 'learnt from 9 of these nodules' in err


def test_other_weights_and_images_of_another_size_are_refused(done, script, tmp_path):
    model, other = done[0] / 'classifiers' / 'raw-fold0.pkl', os.path.join(ROOT, 'demo', 'weight', 'AIS.pkl')
    images.save(str(tmp_path / 'large.png'), np.zeros([1, 32, 32], np.uint8))
    for name, data, words in (
        (tmp_path / 'no.pkl', tmp_path, 'no.pkl does not exist'),
        (other, tmp_path, 'AIS.pkl'),
        (model, tmp_path, 'large.png'),
        (model, tmp_path / 'nothing', 'nothing'),
    ):
        arguments = ['--model', name, '--data', data, '--out', tmp_path / 'out.csv', '--cpu']
        code, _, err = script('5-classify.py', 'predict', *arguments)
        assert code == 2 and words in err and err.count('\n') == 1 and not (tmp_path / 'out.csv').exists()
