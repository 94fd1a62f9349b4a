import json
import os

import pytest

from common import card
from metrics import results_folder


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """Makes weight files at paths below a folder, the working directory; content: the path, or something else."""
    monkeypatch.chdir(str(tmp_path))

    def make(path, content=None):
        os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
        with open(path, 'w') as f:
            f.write(content or path)
        return path

    return make


def page(folder, models, name='evaluation'):
    """A folder as an evaluation of these weights leaves it."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name + '.json'), 'w') as f:
        json.dump(dict(weights=[card.sha256(model) for model in models]), f)
    open(os.path.join(folder, name + '.html'), 'w').close()


def test_pages_go_to_a_folder_that_is_named_after_the_weights(weights, capsys):
    assert results_folder.choose([weights('AIS.pkl')]) == os.path.join('demo', 'output', 'AIS')
    final = weights(os.path.join('results', '000-AIS', 'network-final.pkl'))
    assert results_folder.choose([final]) == os.path.join('demo', 'output', '000-AIS-network-final')
    assert results_folder.choose(['AIS.pkl', final]) == os.path.join('demo', 'output', 'comparison')
    assert results_folder.choose(['AIS.pkl'], 'mine') == 'mine' and capsys.readouterr().err == ''


def test_a_page_of_other_weights_is_left_alone_and_one_of_the_same_is_replaced(weights, capsys):
    a, b = weights('a.pkl'), weights('b.pkl')
    page('out', [a])
    assert results_folder.choose([a], 'out') == 'out'
    assert 'same weights in out will be replaced' in capsys.readouterr().err
    assert results_folder.choose([b], 'out') == 'out-2'
    assert 'out holds the page of other weights; this one will go to out-2' in capsys.readouterr().err
    page('out-2', [b])
    assert results_folder.choose([b], 'out/') == 'out-2'
    weights('a.pkl', 'trained again')
    assert results_folder.choose([a], 'out') == 'out-3'


@pytest.mark.parametrize('record', [None, '{}', '[', '{"weights": "x"}'])
def test_a_page_of_which_nobody_knows_the_weights_is_left_alone(weights, record):
    os.makedirs('out')
    open(os.path.join('out', 'evaluation.html'), 'w').close()
    if record:
        with open(os.path.join('out', 'evaluation.json'), 'w') as f:
            f.write(record)
    assert results_folder.choose([weights('a.pkl')], 'out') == 'out-2'


def test_a_comparison_leaves_other_comparisons_and_the_pages_of_other_weights_alone(weights):
    both = [weights('a.pkl'), weights('b.pkl')]
    page('out', both, 'comparison')
    page(os.path.join('out', 'a'), both[:1])
    assert results_folder.choose(both, 'out') == 'out'
    assert results_folder.choose(both + [weights('c.pkl')], 'out') == 'out-2'
    page(os.path.join('out', 'b'), both[:1])
    assert results_folder.choose(both, 'out') == 'out-2'
