"""The experiment over folds: what it writes, what it refuses, and that it goes on where it was stopped."""

import csv
import itertools
import json
import os
import shutil

import pytest

import dataset
import runs
from classification import classify_settings, experiment
from common import images, locks
from places import ONCE, visible
from training import signals

ARMS = 'raw,common,cutmix,duplicates,gan,pretrain,tstr,trts,shuffled'


@pytest.fixture(scope='module')
def generators(tmp_path_factory, cv):
    """Weights of each training split, beside the record of what they learned from; and the pattern that names them."""
    root = tmp_path_factory.mktemp('gans')
    path = str(root / 'some.pkl')
    runs.random_networks(path)
    for fold, inner, label in itertools.product((0, 1), (0, 1), ('AIS', 'IA', 'MIA')):
        place = os.path.join('fold%d' % fold, 'inner%d' % inner)
        folder = root / place / label / '000-x'
        os.makedirs(str(folder))
        shutil.copy(path, str(folder / 'network-final.pkl'))
        data = dataset.Pyramid(os.path.join(cv, place, 'train', label))
        (folder / 'run.json').write_text(json.dumps(dict(data=data.card.data())))
    return str(root / 'fold{fold}' / 'inner{inner}' / '{class}')


class Stop:
    """A signals.Stop that never asks to end, or does so after a number of trainings."""

    def __init__(self, trainings=None):
        self.left = trainings

    def check(self):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise signals.Stopped(15)


def run(cv, generators, outdir, stop=None, **options):
    cfg = dict(data=cv, generators=generators, outdir=str(outdir), arms=ARMS, repeats=1, steps=6, cpu=True)
    return experiment.run(classify_settings.Run(**dict(cfg, **options)), stop or Stop())


@pytest.fixture(scope='module')
def done(cv, generators, tmp_path_factory):
    outdir = tmp_path_factory.mktemp('done')
    run(cv, generators, outdir)
    return outdir


def table(outdir):
    with open(str(outdir / 'predictions.csv'), newline='', encoding='utf-8') as f:
        return list(csv.DictReader(f))


def test_each_nodule_is_predicted_once_by_a_network_that_did_not_see_it(done):
    rows = table(done)
    assert list(rows[0]) == 'arm ratio repeat fold patient nodule label p_AIS p_MIA p_IA'.split()
    assert {row['arm'] for row in rows} == set(ARMS.split(','))
    for arm in ARMS.split(','):
        of_arm = [row for row in rows if row['arm'] == arm]
        assert len(of_arm) == 30 and len({row['nodule'] for row in of_arm}) == 30
        for row in of_arm:
            assert sum(float(row['p_' + label]) for label in ('AIS', 'MIA', 'IA')) == pytest.approx(1, abs=1e-5)
            if arm != 'trts':
                label, number = row['nodule'].split('-')
                assert row['label'] == label and int(number) % 2 == int(row['fold'])
                assert row['patient'] == 'p-%s-%s' % (label.lower(), number)  # as in NAME.json, in one spelling
    assert {row['ratio'] for row in rows if row['arm'] in ('gan', 'duplicates')} == {'1'}
    assert {row['ratio'] for row in rows if row['arm'] == 'raw'} == {''}
    assert len(visible(done / 'classifiers')) == 2 * 9 * 2  # weights, and from whom each learned
    assert (done / 'classification.html').exists() and (done / 'classification.json').exists()


@pytest.mark.slow
@ONCE
def test_repeats_whose_inner_folds_differ_in_size_are_summarised_also_of_generated_test_images(make_folds, tmp_path):
    data = make_folds(each=14, name='uneven')
    sizes = [len(dataset.Pyramid(os.path.join(data, 'fold0', 'inner%d' % inner, 'train', 'AIS')).images[4])
             for inner in (0, 1)]  # fmt: skip
    assert sizes[0] != sizes[1]
    for label in ('AIS', 'IA', 'MIA'):
        runs.random_networks(str(tmp_path / (label + '.pkl')))
    weights = str(tmp_path / '{class}.pkl')
    options = dict(arms='raw,gan,trts', ratios='1', repeats=2, steps=2, trust_generators=True)
    run(data, weights, tmp_path / 'out', **options)
    rows = [row for row in table(tmp_path / 'out') if row['arm'] == 'trts']
    names = [{row['nodule'] for row in rows if row['repeat'] == repeat} for repeat in '01']
    assert names[0] == names[1] and len(names[0]) == 3 * 14


@pytest.mark.slow
@ONCE
def test_a_seed_gives_the_same_table_also_after_a_stop_or_a_damaged_result(done, cv, generators, tmp_path, capsys):
    for trainings in (7, 2):
        with pytest.raises(signals.Stopped):
            run(cv, generators, tmp_path, Stop(trainings))
        if trainings == 7:
            assert len(visible(tmp_path / 'parts')) == 7 and not (tmp_path / 'predictions.csv').exists()
            (tmp_path / 'parts' / 'raw-repeat0-fold0.json').write_text('{}')
            capsys.readouterr()
    assert 'raw-repeat0-fold0.json is damaged' in capsys.readouterr().err
    run(cv, generators, tmp_path)
    assert (tmp_path / 'predictions.csv').read_bytes() == (done / 'predictions.csv').read_bytes()


def test_another_experiment_does_not_go_on_in_the_same_folder_nor_a_second_process(done, cv, generators):
    with pytest.raises(ValueError, match='--steps 6'):
        run(cv, generators, done, steps=7)
    with locks.held(str(done), 'wait'):
        with pytest.raises(ValueError, match='is in use by process %d on .* since 20' % os.getpid()):
            run(cv, generators, done)
    before = (done / 'run.json').read_text()
    about = json.loads(before)
    about['data']['digest'] = 'of other data'
    (done / 'run.json').write_text(json.dumps(about))
    with pytest.raises(ValueError, match='other data'):
        run(cv, generators, done)
    (done / 'run.json').write_text(before)


@pytest.mark.slow
@ONCE
def test_a_generator_that_learned_from_a_test_nodule_or_from_unknown_data_is_refused(cv, generators, tmp_path):
    leak = str(tmp_path / 'leak')
    shutil.copytree(generators.split('fold{fold}')[0], leak)
    about = os.path.join(leak, 'fold1', 'inner0', 'IA', '000-x', 'run.json')
    pattern = os.path.join(leak, 'fold{fold}', 'inner{inner}', '{class}')
    shutil.copy(os.path.join(leak, 'fold0', 'inner0', 'IA', '000-x', 'run.json'), about)
    with pytest.raises(ValueError, match='network-final.pkl learned from the nodule IA-3, .* test split of fold 1'):
        run(cv, pattern, tmp_path / 'a')
    shutil.copy(os.path.join(leak, 'fold1', 'inner1', 'IA', '000-x', 'run.json'), about)
    with pytest.raises(ValueError, match='learned from the nodule IA-0, .* validation split of fold 1, inner fold 0'):
        run(cv, pattern, tmp_path / 'a')
    os.unlink(about)
    with pytest.raises(ValueError, match='other data .not recorded. .*--trust-generators'):
        run(cv, pattern, tmp_path / 'a')
    assert not (tmp_path / 'a').exists()
    run(cv, pattern, tmp_path / 'a', arms='tstr,raw', steps=1, trust_generators=True)
    shutil.rmtree(os.path.join(leak, 'fold0', 'inner0', 'MIA'))
    with pytest.raises(FileNotFoundError, match='fold 0, class MIA'):
        run(cv, pattern, tmp_path / 'b')


@pytest.mark.parametrize(
    'change',
    [
        lambda data: data.update(names=dict(nodule=[], scan=[], patient=[])),
        lambda data: data.update(names={kind: ['other-%s' % name for name in names]
                                        for kind, names in data['names'].items()}),
    ],
    ids=['emptied', 'renamed'],
)  # fmt: skip
def test_a_record_of_other_data_is_refused_though_its_names_were_emptied_or_changed(cv, generators, tmp_path, change):
    leak = str(tmp_path / 'leak')
    shutil.copytree(generators.split('fold{fold}')[0], leak)
    about = os.path.join(leak, 'fold1', 'inner0', 'IA', '000-x', 'run.json')
    with open(os.path.join(leak, 'fold0', 'inner0', 'IA', '000-x', 'run.json')) as f:
        record = json.load(f)
    change(record['data'])
    with open(about, 'w') as f:
        json.dump(record, f)
    with pytest.raises(ValueError, match='learned from other data .* than the training split of fold 1, inner fold 0'):
        run(cv, os.path.join(leak, 'fold{fold}', 'inner{inner}', '{class}'), tmp_path / 'a')


def test_an_unknown_arm_and_one_without_its_images_are_refused(cv, generators, tmp_path):
    with pytest.raises(ValueError, match='choose from raw,common'):
        run(cv, generators, tmp_path / 'a', arms='raw,magic')
    with pytest.raises(ValueError, match='none of them is tested on real images'):
        run(cv, generators, tmp_path / 'a', arms='trts')
    with pytest.raises(ValueError, match='needs --phantoms'):
        run(cv, generators, tmp_path / 'a', arms='phantom')


@pytest.mark.slow
@ONCE
def test_results_of_other_phantoms_are_refused_although_all_are_there(cv, generators, make_side, tmp_path):
    for seed, label in enumerate(('AIS', 'IA', 'MIA')):
        make_side(tmp_path, [(label, 'p-' + label, None)], seed=41 + seed)
    options = dict(arms='raw,phantom', steps=1, phantoms=str(tmp_path / '{class}'))
    run(cv, generators, tmp_path / 'out', **options)
    shutil.rmtree(str(tmp_path / 'AIS'))
    make_side(tmp_path, [('AIS', 'p-AIS', None)], seed=44)
    with pytest.raises(ValueError, match=r'other phantoms \(2 of 4 parts\).*remove \S+phantom-\*$'):
        run(cv, generators, tmp_path / 'out', **options)


def predicted(script, *arguments):
    code, _, err = script('5-classify.py', 'predict', '--cpu', *arguments)
    assert code == 0, err
    with open(str(arguments[-1])) as f:
        return list(csv.DictReader(f)), err


def test_a_kept_classifier_predicts_what_the_experiment_says_of_a_data_set_and_of_pictures(done, cv, script, tmp_path):
    model, out = done / 'classifiers' / 'gan-1-fold1.pkl', tmp_path / 'a.csv'
    rows, err = predicted(script, '--model', model, '--data', os.path.join(cv, 'fold1', 'test'), '--out', out)
    expected = {row['nodule']: row for row in table(done) if (row['arm'], row['fold']) == ('gan', '1')}
    nodules = [row for row in rows if row['of'] == 'nodule']
    assert len(nodules) == 15 and len(rows) == 45 and not err
    for row in nodules:
        for name in ('p_AIS', 'p_MIA', 'p_IA'):
            assert float(row[name]) == pytest.approx(float(expected[row['nodule']][name]), abs=1e-5)
    test = experiment.cross_validation.Folds(cv, 1).test_split(1)
    for i in range(3):
        images.save(str(tmp_path / ('%d.png' % i)), test.images[i])
    pictures, _ = predicted(script, '--model', model, '--data', tmp_path, '--out', tmp_path / 'b.csv')
    assert [row['p_MIA'] for row in pictures[:3]] == [row['p_MIA'] for row in rows[:3]]
    _, err = predicted(script, '--model', model, '--data', os.path.join(cv, 'fold1', 'train'), '--out', out)
    assert 'learned from 15 of these nodules' in err  # to choose the step, too
