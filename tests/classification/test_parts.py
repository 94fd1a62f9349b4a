"""Parts of an experiment: what they were made of, and those that are damaged."""

import csv
import json
import os
import runpy
import shutil

import pytest

from classification import parts
from common import locks
from places import ONCE, ROOT, visible

JOB = parts.Job('gan', 1.0, 0, 1)
MADE_OF = dict(data='a', steps='6', gan='b c')
ROWS = [['n0', 0, 0.5, 0.3, 0.2], ['n1', 2, 0.1, 0.1, 0.8]]
FACTS = dict(step=3, inner_loss=1.5, loss=0.5, temperature=1.0, seconds=2.0)


class Sides:
    """As folds.Folds, of three classes and two nodules on the test side of the second fold."""

    classes, tested = ['AIS', 'MIA', 'IA'], [dict(nodule=[]), dict(nodule=['n0', 'n1'])]


def read(outdir, **made_of):
    return parts.read(str(outdir), [JOB], Sides, {JOB: dict(MADE_OF, **made_of)})


@pytest.fixture
def part(tmp_path):
    os.makedirs(str(tmp_path / 'parts'))
    parts.write(str(tmp_path), JOB, dict(facts=FACTS, predictions=ROWS), MADE_OF)
    return tmp_path / 'parts' / 'gan-1-repeat0-fold1.json'


def test_a_part_is_read_as_it_was_written(part, tmp_path):
    assert read(tmp_path) == {JOB: dict(facts=FACTS, predictions=ROWS, made_of=MADE_OF)}


@pytest.mark.parametrize(
    'changed, words',
    [(dict(gan='b d'), 'generators'), (dict(data='x'), 'data'), (dict(steps='7'), '--steps'),
     (dict(phantom='new'), 'phantoms')],
)  # fmt: skip
def test_results_of_something_else_are_refused_with_what_it_is_and_what_to_do(part, tmp_path, changed, words):
    with pytest.raises(ValueError) as refused:
        read(tmp_path, **changed)
    text = str(refused.value)
    assert 'holds results of other %s (1 of 1 parts); choose another --outdir' % words in text
    assert text.endswith('remove %s' % (tmp_path / 'parts' / 'gan-*')) and part.exists()


def damaged(change):
    value = json.loads(json.dumps(dict(facts=FACTS, predictions=ROWS, made_of=MADE_OF)))
    change(value)
    return json.dumps(value)


@pytest.mark.parametrize(
    'text',
    ['', '{}', '[]', 'null', '{"facts": {"st', '\x00' * 40, '[' * 100000,
     damaged(lambda x: x.pop('facts')),
     damaged(lambda x: x.pop('made_of')),
     damaged(lambda x: x['facts'].update(temperature='1')),
     damaged(lambda x: x['facts'].update(loss=float('nan'))),
     damaged(lambda x: x['predictions'].pop()),
     damaged(lambda x: x['predictions'][0].pop()),
     damaged(lambda x: x['predictions'][0].__setitem__(1, 3)),
     damaged(lambda x: x['predictions'][0].__setitem__(2, float('nan'))),
     damaged(lambda x: x['predictions'][0].__setitem__(2, 0.9)),
     damaged(lambda x: x['predictions'][0].__setitem__(0, 'another'))],
)  # fmt: skip
def test_a_damaged_part_counts_as_missing_and_is_named_in_one_line(part, tmp_path, capsys, text):
    part.write_text(text)
    assert read(tmp_path) == {}
    err = capsys.readouterr().err
    kept = str(part) + '.damaged'
    assert str(part) + ' is damaged (' in err and err.endswith('it is made again, and kept as %s\n' % kept)
    assert err.count('\n') == 1 and not part.exists()
    with open(kept) as f:
        assert f.read() == text


NAMES = {'AIS': 'IA C', 'IA': 'x, "y"', 'MIA': 'große'}


@pytest.fixture(scope='module')
def odd(cv, tmp_path_factory):
    """Folds whose classes have blanks, commas, quotes and umlauts in their names, and what `run` says of them."""
    root = tmp_path_factory.mktemp('odd')
    shutil.copytree(cv, str(root / 'cv'))
    for fold in ('fold0', 'fold1'):
        for side in ('train', 'test'):
            for name, new in NAMES.items():
                os.rename(str(root / 'cv' / fold / side / name), str(root / 'cv' / fold / side / new))
    main = runpy.run_path(os.path.join(ROOT, '5-classify.py'))['main']

    def run(*flags):
        arguments = '--arms raw --repeats 1 --steps 2 --cpu --quiet'.split() + ['--data', str(root / 'cv')]
        main(['run', '--outdir', str(root / 'out')] + arguments + list(flags))

    run()
    return root, run


def test_classes_with_blanks_commas_and_quotes_in_their_names_are_trained_and_predicted(odd, succeeds):
    root, _ = odd
    model, out = root / 'out' / 'classifiers' / 'raw-fold0.pkl', root / 'of.csv'
    succeeds('5-classify.py', 'predict', '--model', model, '--data', root / 'cv' / 'fold0' / 'test', '--out', out)
    with open(str(out), newline='', encoding='utf-8') as f:
        rows = list(csv.DictReader(f))
    assert list(rows[0])[4:] == ['p_IA C', 'p_große', 'p_x, "y"']
    with open(str(root / 'out' / 'predictions.csv'), newline='', encoding='utf-8') as f:
        known = {row['nodule']: row for row in csv.DictReader(f) if row['fold'] == '0'}
    for row in rows:
        if row['of'] == 'nodule':
            assert known[row['nodule']]['label'] == NAMES[row['nodule'].split('-')[0]]
            for label in NAMES.values():
                assert float(row['p_' + label]) == pytest.approx(float(known[row['nodule']]['p_' + label]), abs=1e-5)


def test_a_damaged_part_is_trained_again_to_the_same_table(odd, capsys):
    root, run = odd
    table = (root / 'out' / 'predictions.csv').read_bytes()
    (root / 'out' / 'parts' / 'raw-repeat0-fold1.json').write_text('{}')
    run()
    assert 'raw-repeat0-fold1.json is damaged' in capsys.readouterr().err
    assert (root / 'out' / 'predictions.csv').read_bytes() == table


@ONCE
def test_parts_of_other_phantoms_are_refused_although_all_are_there(odd, make_side, tmp_path):
    root, run = odd
    for label, seed in zip(sorted(NAMES), (41, 42, 43)):
        make_side(tmp_path / 'side', [(label, 'p-' + label, None)], seed=seed)
        os.rename(str(tmp_path / 'side' / label), str(tmp_path / NAMES[label]))
    flags = ['--phantoms', str(tmp_path / '{class}'), '--arms', 'raw,phantom', '--outdir', str(root / 'other')]
    run(*flags)
    make_side(tmp_path / 'side', [('AIS', 'p-AIS', None)], seed=44)
    shutil.rmtree(str(tmp_path / 'IA C'))
    os.rename(str(tmp_path / 'side' / 'AIS'), str(tmp_path / 'IA C'))
    with pytest.raises(ValueError, match=r'other phantoms \(2 of 4 parts\).*remove \S+phantom-\*$'):
        run(*flags)


def test_generators_and_experiments_are_not_trained_by_two_processes_at_once(odd, script, cv, tmp_path):
    root, run = odd
    with locks.held(str(root / 'out'), 'wait'):
        with pytest.raises(ValueError, match='out is in use by process %d on .* since 20' % os.getpid()):
            run()
    with locks.held(str(tmp_path), 'wait'):
        code, _, err = script('5-classify.py', 'gans', '--data', cv, '--outdir', tmp_path, '--cpu')
        assert code == 2 and 'in use by process %d ' % os.getpid() in err and err.count('\n') == 1
    assert visible(tmp_path) in (['lock'], [])
    run()
