"""Folds for cross-validation: who is where, and how evenly."""

import os

import numpy as np
import pytest

from common import card
from created import CREATE, facts
from dataset_tools import fold_assignment, verification
from dataset_tools.fold_assignment import NO_FOLDS, Folds, all_splits
from scans import POINT, complaint, picture, write

PUBLISHED = ['AIS'] * 30 + ['MIA'] * 119 + ['IA'] * 57


def cohort(seed, patients=120):
    """(class, patient) of the published 206 nodules, each patient with one or more."""
    random = np.random.RandomState(seed)
    owners = list(range(patients)) + list(random.randint(patients, size=len(PUBLISHED) - patients))
    return [(label, 'p%d' % owner) for label, owner in zip(random.permutation(PUBLISHED), owners)]


def on_test_sides(folds, groups, inner=None, fold=0):
    """Nodules of each class on each test side, [folds, classes]."""
    sides = [
        side
        for side in all_splits(folds.folds, folds.inner_folds)
        if side.side == 'test' and (side.inner is not None) == bool(inner)
    ]
    sides = [side for side in sides if not inner or side.fold == fold]
    names = sorted({label for label, _ in groups})
    return np.array(
        [[sum(label == name and side in folds.splits(g) for label, g in groups) for name in names] for side in sides]
    )


@pytest.mark.parametrize('seed', range(5))
def test_test_sides_of_the_published_classes_differ_by_one_nodule_at_most(seed):
    groups = cohort(seed)
    counts = on_test_sides(Folds(groups, 5, None, seed), groups)
    assert np.ptp(counts, axis=0).max() <= 1 and counts.sum() == 206
    assert counts.sum(axis=0).tolist() == [30, 57, 119]  # AIS, IA, MIA


def test_inner_folds_split_the_training_side_alone_and_are_as_even():
    groups = cohort(1)
    folds = Folds(groups, 5, 4, 1)
    assert len(all_splits(5, 4)) == 5 * 2 + 5 * 4 * 2
    for fold in range(5):
        counts = on_test_sides(folds, groups, 4, fold)
        assert counts.sum() == 206 - on_test_sides(folds, groups)[fold].sum() and np.ptp(counts, axis=0).max() <= 1
    for _, group in groups:
        sides = folds.splits(group)
        (out,) = [side.fold for side in sides if side.inner is None and side.side == 'test']
        inner = [side for side in sides if side.inner is not None]
        assert {side.fold for side in inner} == set(range(5)) - {out} and len(inner) == 4 * 4
        for fold in {side.fold for side in inner}:
            assert [side.side for side in inner if side.fold == fold].count('test') == 1


def test_groups_of_all_sizes_are_assigned_evenly():
    sizes = [40] + [1] * 160
    groups = [(None, 'g%d' % i) for i, size in enumerate(sizes) for _ in range(size)]
    assert sorted(on_test_sides(Folds(groups, 5), groups).sum(axis=1)) == [40] * 5


def test_the_seed_decides_and_nothing_else():
    groups = cohort(2)
    first, again, other = [Folds(groups, 5, None, seed).test_fold for seed in (7, 7, 8)]
    assert first == again != other
    assert all_splits(None, None) == Folds(groups).splits('p1') == [NO_FOLDS]
    complaint(ValueError, lambda: Folds(groups, None, 4), '--inner 4', '--folds')
    complaint(ValueError, lambda: Folds(groups[:3], 4), '4 folds of 3 groups', '--folds')


TABLE = 'path,x,y,z,class%s\n'
PLACES = [(POINT[0] + dx, POINT[1], POINT[2] + dz) for dx in (-4, 0, 4) for dz in (-4, 0, 4)]


@pytest.fixture
def create(made, tmp_path):
    """Makes folds of a table whose lines are (scan, class, patient or None), a nodule each; -> the folder of all."""
    write(tmp_path, picture(), 'mha')

    def call(lines, *flags):
        for scan, _, _ in lines:
            if not os.path.exists(str(tmp_path / scan)):
                os.link(str(tmp_path / 'scan.mha'), str(tmp_path / scan))
        text, used = TABLE % (',patient' if lines[0][2] else ''), {}
        for scan, label, patient in lines:
            used[scan] = used.get(scan, -1) + 1
            text += '%s,%.2f,%.2f,%.2f,%s' % ((scan,) + PLACES[used[scan]] + (label,))
            text += (',' + patient if patient else '') + '\n'
        (tmp_path / 'nodules.csv').write_text(text)
        made('volumes', tmp_path / 'nodules.csv', '--resolution', 16, '--keep-names', *flags)
        return tmp_path / 'out' / 'nodules'

    return call


def held(folder, kind, labels=('AIS', 'IA')):
    return {entry[kind] for label in labels for entry in facts(folder / label)['entries']}


SCANS = [('s%d.mha' % (i // 2), ('AIS', 'IA')[i % 2], None) for i in range(12)]


def test_all_nodules_of_a_scan_stay_together(create):
    out = create(SCANS, '--folds', 3)
    for fold in ('fold0', 'fold1', 'fold2'):
        train, test = [held(out / fold / side, 'scan') for side in ('train', 'test')]
        assert not train & test and len(test) == 2 and len(train) == 4


def test_all_scans_of_a_patient_stay_together_and_nested_folds_lie_within(create, script):
    out = create([(scan, label, 'p%d' % (i // 4)) for i, (scan, label, _) in enumerate(SCANS)], *'--folds 3'.split())
    for fold in ('fold0', 'fold1', 'fold2'):
        train, test = [held(out / fold / side, 'patient') for side in ('train', 'test')]
        assert not train & test and len(test) == 1 and len(train) == 2
    out = create(SCANS, *'--folds 3 --inner 2 --force'.split())
    train, test = [held(out / 'fold1' / side, 'scan') for side in ('train', 'test')]
    for inner in ('inner0', 'inner1'):
        parts = [held(out / 'fold1' / inner / side, 'scan') for side in ('train', 'test')]
        assert not parts[0] & parts[1] and parts[0] | parts[1] == train and not train & test


def test_nested_folds_as_they_are_made_are_without_findings(made, script, tmp_path):
    made(*'phantom AIS --number 9 --resolution 16 --folds 3 --inner 2 --augment'.split())
    assert script(CREATE, 'verify', tmp_path / 'out')[0] == 0
    about = facts(tmp_path / 'out' / 'AIS' / 'fold2' / 'inner1' / 'test' / 'AIS')
    assert (about['fold'], about['inner'], about['side'], about['folds'], about['images']) == (2, 1, 'test', 3, 3)
    assert about['variants'] == ['original']


def sets_of_splits():
    """{folder: verification.Dataset} of nested folds of nine patients, each with a scan and a nodule."""
    patients = range(9)
    folds = Folds([(None, patient) for patient in patients], 3, 2)
    sets = {}
    for split in all_splits(3, 2):
        held = [patient for patient in patients if split in folds.splits(patient)]
        entries = [dict(patient='p%d' % i, scan='s%d' % i, nodule='n%d' % i, records=1) for i in held]
        path = fold_assignment.folder(split)
        sets[path] = verification.Dataset(path, {}, card.Card(entries=entries), 1, tuple(map(str, split)))
    return sets


def leaks(sets):
    groups = verification._disjoint_groups(list(sets.values()))
    return [finding.message for group in groups for finding in verification._leaks(group)]


@pytest.mark.parametrize('kind', ['patient', 'scan', 'nodule'])
@pytest.mark.parametrize(
    'source, target',
    [
        ('fold1/train', 'fold1/test'),
        ('fold0/inner1/train', 'fold0/inner1/test'),
        ('fold2/test', 'fold2/inner0/train'),
        ('fold2/test', 'fold2/inner1/test'),
    ],
)
def test_a_name_that_is_planted_on_the_other_side_is_found(kind, source, target):
    sets = sets_of_splits()
    assert leaks(sets) == []
    sets[target].card.entries[0][kind] = name = sets[source].card.entries[0][kind]
    messages = [message for message in leaks(sets) if message.startswith('%s %s is both' % (kind, name))]
    assert any(source in message and target in message for message in messages), messages


def test_another_split_in_the_folder_is_refused_and_the_same_one_takes_another_class(made, script, tmp_path):
    phantoms = '--number 9 --resolution 16 --name cv --folds'.split()
    made('phantom', 'AIS', *phantoms, 3)
    made('phantom', 'IA', *phantoms, 3)
    assert sorted(os.listdir(str(tmp_path / 'out' / 'cv' / 'fold2' / 'train'))) == ['AIS', 'IA']
    for flags, result in (([2], 'fold2'), ([3, '--inner', 2], None)):
        code, _, err = script(CREATE, 'phantom', 'MIA', *phantoms, *flags, '--outdir', tmp_path / 'out')
        assert (code, err.count('\n')) == ((2, 1) if result else (0, 0)) and (result or '') in err
    code, _, err = script(CREATE, 'phantom', 'MIA', *phantoms, 3, '--force', '--outdir', tmp_path / 'out')
    assert code == 2 and 'fold0/inner0' in err and '--name' in err


def test_a_side_without_a_class_is_refused_before_anything_is_drawn(create, refuses, tmp_path):
    create(SCANS, '--folds', 3)
    table = (tmp_path / 'nodules.csv').read_text().replace('AIS', 'IA').replace('IA', 'AIS', 1)
    (tmp_path / 'nodules.csv').write_text(table)
    expected = ['hold no nodule', 'AIS', 'lower --folds']
    refuses(CREATE, 'volumes', tmp_path / 'nodules.csv', '--resolution', 16, '--folds', 3, parts=expected)
