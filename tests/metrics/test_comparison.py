import json

import numpy as np

from common import card
from metrics import comparison, image_sets, metric
from metrics.evaluation import Evaluation, Facts, Note, Row
from stats.bootstrap import Estimate

METRICS = [metric.metric('fid'), metric.metric('precision', space='network'), metric.metric('ms_ssim', scales='')]


class Found:
    """An Evaluation of three metrics; off: how far from the reals, or above zero."""

    titled_facts = Evaluation.titled_facts

    def __init__(self, model, off):
        self.images, self.weights = np.zeros([100, 1, 4, 4]), ['digest of ' + model]
        self.sets = image_sets.Sets(None, None, None, card.Card(), 0, 'half')
        self.notes = [Note('too_few', 'too few', 'to decide')]
        self.facts = Facts(None, model, data='D', searched='S', reference='H', compared='C', seed=0)
        noise = np.random.RandomState(0).randn(500)
        reals = Estimate(1.0, [0.9, 1.1], None)
        self.rows = []
        for measured, value in zip(METRICS, (off, 1 - off, 1 - off)):
            results = Estimate(value, [value - 2, value + 2], value + noise)
            self.rows.append(Row(measured, results, reals, 100))


def test_the_best_model_is_the_one_nearest_to_what_is_wanted_and_pairs_decide_who_is_as_good():
    result = comparison.compare([Found('x/far.pkl', 0.5), Found('x/near.pkl', 0.1), Found('y/near.pkl', 0.1)])
    assert [result[name] for name in ('data', 'reference images', 'compared', 'seed')] == ['D', 'H', 'C', 0]
    assert [model['notes'] for model in result['models']] == 3 * [['too few: to decide']]
    for results in result['metrics']:
        assert results['best'] == 1 and results['as_good'] == [2]  # as resampled together: wide intervals are no excuse
        assert results['reals'] == dict(value=1.0, interval=[0.9, 1.1])
    assert [results['key'] for results in result['metrics']] == ['fid', 'precision', 'ms_ssim']
    assert [model['name'] for model in result['models']] == ['far', 'x-near', 'y-near']
    assert result['curves'] == [] and json.loads(json.dumps(result)) == result
    text = comparison.table(result).split('\n')
    assert text[0].split() == ['far', 'x-near', 'y-near', 'real']
    assert text[1].split() == ['FID', '0.5', '0.1*', '0.1~', '1', 'wanted:', 'low']


def test_a_metric_that_one_of_the_models_lacks_is_not_compared():
    models = [Found('a.pkl', 0.5), Found('b.pkl', 0.1)]
    del models[0].rows[1]
    result = comparison.compare(models)
    assert [(row['key'], row['best']) for row in result['metrics']] == [('fid', 1), ('ms_ssim', 1)]


def test_snapshots_make_a_curve_in_the_order_of_their_kimg():
    paths = ['run/network-snapshot-000200.pkl', 'run/network-snapshot-000020.pkl', 'run/network-final.pkl']
    result = comparison.compare([Found(path, off) for path, off in zip(paths, (0.1, 0.5, 0.2))])
    curve = result['curves'][0]
    assert curve['metric'] == 'FID' and curve['kimg'] == [20, 200] and curve['value'] == [0.5, 0.1]
    assert curve['lo'] == [-1.5, -1.9] and curve['hi'] == [2.5, 2.1] and curve['reals'] == 1
    assert [model['kimg'] for model in result['models']] == [200, 20, None]


def test_many_models_are_shown_in_several_blocks():
    results = [Found('%d.pkl' % i, 0.1 * i) for i in range(comparison.COLUMNS + 1)]
    text = comparison.table(comparison.compare(results))
    assert text.count('wanted: low') == 2 and max(map(len, text.split('\n'))) <= 120


def test_names_never_collide():
    names = comparison.names(['a/x.pkl', 'b/X.pkl', 'a/x.pkl', 'y.pkl', 'a/x-2.pkl', 'b/a-x.pkl'])
    assert names[:2] == ['a-x', 'b-X'] and names[3:5] == ['y', 'x-2']
    assert len({name.lower() for name in names}) == 6 and not any('/' in name for name in names)
