"""What must be true before weights are passed on."""

import json
import os

import pytest

from common import card
from export import export_settings, gate
from places import visible
from runs import random_networks, train

COPIES = [dict(topic='copies', state='differs')]
UNDECIDED = [dict(topic='copies', state='undecided')]


def settings(model, **values):
    return export_settings.Onnx(model=model, **values)


def test_weights_in_which_no_copies_were_found_may_be_passed_on(weights, evaluate):
    release = gate.release(settings(weights, evaluation=evaluate(weights)))
    assert '0.9 % of the generated' in release.audit and '1.1 %' in release.audit
    assert 'simulated' in release.origin and 'No patient' in release.origin
    assert release.sha256 == card.sha256(weights)


@pytest.mark.parametrize(
    'reason, changes, remedy',
    [
        ('other_weights', dict(weights=['0' * 64]), '4-evaluate.py --model'),
        ('copies', dict(verdicts=COPIES), '4-evaluate.py --run'),
        ('copies', dict(verdicts=COPIES, relation='different'), '4-evaluate.py --run'),
        ('undecided', dict(verdicts=UNDECIDED), '--number'),
        ('undecided', dict(verdicts=[]), '--number'),
        ('undecided', dict(rows=[]), '--number'),
        ('other_data', dict(relation='different'), '4-evaluate.py --model'),
        ('other_data', dict(relation='part'), '4-evaluate.py --model'),
        ('other_data', dict(relation='unknown'), '4-evaluate.py --model'),
    ],
)
def test_weights_without_such_an_evaluation_are_refused_with_the_command(weights, evaluate, reason, changes, remedy):
    path = evaluate(weights, **changes)
    with pytest.raises(gate.Refused) as refused:
        gate.release(settings(weights, evaluation=path))
    assert refused.value.reason == reason
    assert remedy in str(refused.value) and '--unaudited' in str(refused.value) and path in str(refused.value)


def test_the_newest_evaluation_of_the_weights_is_found_wherever_4_evaluate_writes(
    weights, evaluate, tmp_path, monkeypatch
):
    path = evaluate(weights)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(gate.Refused) as refused:
        gate.release(settings(weights))
    assert refused.value.reason == 'no_evaluation' and 'demo/output' in str(refused.value)
    places = ['AIS', '000-AIS/network-snapshot-000120', 'AIS-2']  # of other weights; of --run; beside other weights
    for age, place in zip((0, 30, 60), places):
        folder = tmp_path / 'demo' / 'output' / place
        folder.mkdir(parents=True)
        data = json.loads(open(path).read())
        (folder / 'evaluation.json').write_text(json.dumps(dict(data, weights=['0']) if place == 'AIS' else data))
        os.utime(str(folder / 'evaluation.json'), (10**9 - age, 10**9 - age))
    assert gate.release(settings(weights)).path == os.path.join('demo', 'output', places[1], 'evaluation.json')


def test_the_command_of_a_refusal_names_the_data_of_the_training_if_they_are_there(evaluate, tmp_path):
    data = tmp_path / 'my data'
    learned = card.Card(source=card.PHANTOMS, digest='1-2')
    path = random_networks(str(tmp_path / 'network-final.pkl'), resolution=8, card_text=learned.text())
    evaluation = evaluate(path, weights=['0'])
    (tmp_path / 'run.json').write_text(
        json.dumps(dict(settings=dict(data=str(data), resolution=8), data=learned.data()))
    )
    for end in ('--data DATA', "--data '%s' --resolution 8" % data):
        with pytest.raises(gate.Refused) as refused:
            gate.release(settings(path, evaluation=evaluation))
        assert 'python 4-evaluate.py --model %s %s' % (path, end) in str(refused.value)
        data.mkdir(exist_ok=True)


@pytest.mark.parametrize('license', ['', 'mit\n- x: y', 'a b'])
def test_a_license_that_is_no_name_is_refused(weights, complains, tmp_path, license):
    flags = ['--model', weights, '--unaudited', '--outdir', tmp_path / 'a', '--license', license]
    complains('8-export.py', 'hf', *flags, parts=['--license'])


@pytest.mark.parametrize(
    'command, flag', [('onnx', '--out'), ('safetensors', '--out'), ('dicom', '--outdir'), ('hf', '--outdir')]
)
def test_every_command_refuses_weights_that_were_not_evaluated_and_writes_nothing(
    weights, complains, tmp_path, command, flag
):
    out = tmp_path / 'out.safetensors'
    missing = tmp_path / 'evaluation.json'
    parts = ['4-evaluate.py --model ' + weights, '--unaudited', missing]
    complains('8-export.py', command, '--model', weights, flag, out, '--evaluation', missing, parts=parts)
    assert not out.exists()


def test_a_damaged_evaluation_is_refused_with_its_name(weights, complains, tmp_path):
    path = tmp_path / 'evaluation.json'
    path.write_text('{"weights": 3}')
    flags = ['--model', weights, '--out', tmp_path / 'a.onnx', '--evaluation', path]
    complains('8-export.py', 'onnx', *flags, parts=[path, 'damaged'])


@pytest.mark.parametrize('source', [None, 'from CT volumes'])
def test_weights_of_patients_or_of_unknown_origin_need_consent_and_say_so(evaluate, tmp_path, source):
    text = card.Card(source=source, digest='1-2').text()
    path = random_networks(str(tmp_path / 'a.pkl'), resolution=8, card_text=text)
    evaluation = evaluate(path)
    for unaudited in (False, True):
        with pytest.raises(gate.Refused, match='--patients-agreed') as refused:
            gate.release(settings(path, evaluation=evaluation, unaudited=unaudited))
        assert refused.value.reason == 'patients'
    release = gate.release(settings(path, evaluation=evaluation, patients_agreed=True))
    assert (source or 'unknown origin') in release.origin and 'may be passed on' in release.origin


def test_what_was_not_audited_says_so(weights):
    assert 'UNAUDITED' in gate.release(settings(weights, unaudited=True)).facts('mit')['audit']
    with pytest.raises(gate.Refused, match='--unaudited') as refused:
        gate.release(settings(weights), generator=False)
    assert refused.value.reason == 'no_program'


@pytest.mark.slow
def test_the_gate_reads_what_4_evaluate_writes(training_data, succeeds, complains, tmp_path):
    train(succeeds, training_data, tmp_path / 'run', '--total-kimg', '0.064', '--cpu')
    (run,) = visible(tmp_path / 'run')
    model = tmp_path / 'run' / run / 'network-final.pkl'
    flags = ['--model', model, '--data', training_data, '--number', 20, '--audit', 20, '--cpu']
    succeeds('4-evaluate.py', *flags, '--outdir', tmp_path / 'evaluated')
    evaluation = tmp_path / 'evaluated' / 'evaluation.json'
    flags = ['--model', model, '--evaluation', evaluation, '--patients-agreed', '--out', tmp_path / 'a.onnx']
    error = complains('8-export.py', 'onnx', *flags, parts=[evaluation, '4-evaluate.py'])
    assert 'too few images' in error or 'near to training images' in error  # its weights and data are those
