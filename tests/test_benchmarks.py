"""The benchmarks run: the last line of those of speed is JSON; those of verdicts print how often they are wrong."""

import collections
import json
import os
import runpy
import subprocess
import sys

import pytest

from places import ONCE, ROOT

SMALL = {
    'train_step': '--resolution 16 --minibatch 4 --fmap-max 8 --iterations 2',
    'generation': '--resolution 16 --minibatch 2 --fmap-max 8 --number 4',
    'classifier_step': '--resolution 16 --minibatch 3 --iterations 2',
    'pix2pix_step': '--resolution 32 --minibatch 2 --ngf 4 --iterations 2',
}


@ONCE
@pytest.mark.slow
@pytest.mark.parametrize('name', SMALL)
def test_a_benchmark_reports_its_speed_as_json(succeeds, monkeypatch, name):
    monkeypatch.syspath_prepend(os.path.join(ROOT, 'benchmarks'))
    out = succeeds('benchmarks/%s.py' % name, '--cpu', *SMALL[name].split())
    figures = json.loads(out.splitlines()[-1])
    assert figures['images_per_sec'] > 0 and figures['fraction_of_matrix_product'] > 0


@pytest.fixture(scope='module')
def tables():
    """What benchmarks/verdicts.py --quick prints: {heading: text}."""
    command = [sys.executable, os.path.join(ROOT, 'benchmarks', 'verdicts.py'), '--quick']
    printed = subprocess.check_output(command).decode()
    return collections.OrderedDict(part.split('\n', 1) for part in printed.split('## ')[1:])


@ONCE
@pytest.mark.slow
def test_the_table_of_reader_studies_has_no_claim_about_biased_readers(tables):
    lines = [line for line in tables['Reader studies'].splitlines() if line.startswith('|')]
    names, *rows = [[cell.strip() for cell in line.strip('|').split('|')] for line in lines[:1] + lines[2:]]
    rows = [dict(zip(names, row)) for row in rows]
    biased = [row for row in rows if row["d'"] == '1' and row['criterion'] == '1.6']
    assert len(biased) == 3 and {row['not told apart'] for row in biased} == {'0.0 %'}
    at_chance = [float(row['told apart'][:-2]) for row in rows if row["d'"] == '0']
    assert len(at_chance) == 10 and max(at_chance) <= 20 and sum(at_chance) / 10 < 9


@ONCE
@pytest.mark.slow
def test_the_classifier_experiment_is_wrong_as_seldom_as_it_says():
    rows = runpy.run_path(os.path.join(ROOT, 'benchmarks', 'verdicts_classifier.py'))['rows'](400)
    for topic, setting, shares in rows:
        if topic == 'false alarms' and 'one repeat' not in setting:
            assert shares[1] <= min(shares[0], 0.09), setting
        elif topic == 'coverage':
            assert 0.91 <= min(shares) and max(shares) <= 0.98, setting
    power = [shares[1] for topic, _, shares in rows if topic == 'power']
    assert power == sorted(power, reverse=True) and power[0] > 0.9


@ONCE
@pytest.mark.slow
def test_the_table_of_evaluations_counts_phantoms_that_are_called_different_from_phantoms(tables):
    lines = tables['Evaluations'].splitlines()
    rows = [[cell.strip() for cell in line.strip('|').split('|')] for line in lines if line.startswith('| ')][1:]
    alarms = [row for row in rows if row[0] == 'something differs']
    assert [row[1:] for row in alarms] == [['12', '2', '0.0 %'], ['15', '2', '0.0 %']]
    covered = {(row[0].split(': ')[1], row[1]): float(row[3][:-2]) for row in rows if row[0].startswith('interval')}
    assert len(covered) == 12 and covered['normal values', '300'] > 90


@ONCE
@pytest.mark.slow
def test_one_command_prints_the_tables_of_all_verdicts(tables):
    assert list(tables) == ['Evaluations', 'Reader studies', 'Classifier experiments']
    for table in tables.values():
        cells = [line.count('|') for line in table.splitlines() if line.startswith('|')]
        assert len(cells) > 10 and min(cells) > 2
