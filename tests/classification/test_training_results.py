"""Results of trainings: what they were made of, and those that are damaged."""

import json
import os
import types

import pytest

from classification import training_results
from classification.training_results import Training

TRAINING = Training('gan', 1.0, 0, 1)
MADE_OF = dict(data='a', steps='6', gan='b c')
ROWS = [['n0', 0, 0.5, 0.3, 0.2], ['n1', 2, 0.1, 0.1, 0.8]]
FACTS = dict(step=3, inner_loss=1.5, loss=0.5, temperature=1.0, seconds=2.0)
# Three classes, and two nodules in the test split of the second fold.
FOLDS = types.SimpleNamespace(classes=['AIS', 'MIA', 'IA'], test_names=[dict(nodule=[]), dict(nodule=['n0', 'n1'])])


def read(outdir, **made_of):
    return training_results.read(str(outdir), {TRAINING: dict(MADE_OF, **made_of)}, FOLDS)


@pytest.fixture
def part(tmp_path):
    os.makedirs(str(tmp_path / 'parts'))
    training_results.write(str(tmp_path), TRAINING, dict(facts=FACTS, predictions=ROWS), MADE_OF)
    return tmp_path / 'parts' / 'gan-1-repeat0-fold1.json'


def test_a_result_is_read_as_it_was_written(part, tmp_path):
    assert read(tmp_path) == {TRAINING: dict(facts=FACTS, predictions=ROWS, made_of=MADE_OF)}


@pytest.mark.parametrize(
    'changed, origin',
    [(dict(gan='b d'), 'generators'), (dict(data='x'), 'data'), (dict(steps='7'), '--steps'),
     (dict(phantom='new'), 'phantoms')],
)  # fmt: skip
def test_results_of_something_else_are_refused_with_what_it_is_and_what_to_do(part, tmp_path, changed, origin):
    with pytest.raises(ValueError) as refused:
        read(tmp_path, **changed)
    message = str(refused.value)
    assert 'holds results of other %s (1 of 1 parts); choose another --outdir' % origin in message
    assert message.endswith('remove %s' % (tmp_path / 'parts' / 'gan-*')) and part.exists()


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
     damaged(lambda x: x['predictions'].clear()),
     damaged(lambda x: x['predictions'][0].pop()),
     damaged(lambda x: x['predictions'][0].__setitem__(1, 3)),
     damaged(lambda x: x['predictions'][0].__setitem__(2, float('nan'))),
     damaged(lambda x: x['predictions'][0].__setitem__(2, 0.9)),
     damaged(lambda x: x['predictions'][0].__setitem__(0, 'another'))],
)  # fmt: skip
def test_a_damaged_result_counts_as_missing_and_is_named_in_one_line(part, tmp_path, capsys, text):
    part.write_text(text)
    if 'another' in text:
        part.rename(part.parent / 'raw-repeat0-fold1.json')
        part = part.parent / 'raw-repeat0-fold1.json'
        assert training_results.read(str(tmp_path), {Training('raw', None, 0, 1): MADE_OF}, FOLDS) == {}
    else:
        assert read(tmp_path) == {}
    kept = str(part) + '.damaged'
    err = capsys.readouterr().err
    assert err.endswith('%s is damaged; it is made again, and kept as %s\n' % (part, kept))
    assert err.count('\n') == 1 and not part.exists()
    with open(kept) as f:
        assert f.read() == text
