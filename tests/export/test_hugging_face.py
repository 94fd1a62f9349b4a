"""The folder for Hugging Face, and weights as safetensors."""

import json
import os

import numpy as np
import pytest

from common import card, images, manifest
from export import model_card
from metrics import scorecard
from places import ONCE, visible
from runs import assert_same_weights, random_networks, train
from sampling import Generator

FIGURES = [
    dict(name='recall', value=0.5, source='/home/smith/evaluation.json: rows', interval=[0.4, 0.6], reference=0.7)
]


@pytest.fixture
def converted(weights, succeeds, tmp_path):
    path = str(tmp_path / 'g.safetensors')
    succeeds('8-export.py', 'safetensors', '--model', weights, '--out', path, '--unaudited')
    return path


def test_safetensors_make_the_same_images_as_the_pickle(weights, converted, succeeds, tmp_path):
    for path, name in ((weights, 'a'), (converted, 'b')):
        succeeds(
            '2-inference.py', '--model', path, '--number', 3, '--outdir', tmp_path / name, '--format', 'npy', '--cpu'
        )
    arrays = [np.load(str(tmp_path / name / 'inference.npy')) for name in 'ab']
    assert (arrays[0] == arrays[1]).all() and card.of_weights(converted).window == (-1350, 150)


@ONCE
def test_a_training_begins_with_safetensors_as_with_the_pickle(weights, converted, training_data, succeeds, tmp_path):
    ends = []
    for path, name in ((weights, 'a'), (converted, 'b')):
        train(succeeds, training_data, tmp_path / name, '--transfer', path, '--total-kimg', '0.064', '--cpu')
        (run,) = visible(tmp_path / name)
        ends.append(str(tmp_path / name / run / 'network-final.pkl'))
    assert_same_weights(*ends)


def test_a_card_names_each_item_without_figures_whatever_the_reason():
    items = [dict(key='x', label='Item without ' + reason, missing=reason) for reason in scorecard.MISSING]
    text = model_card._missing({'items': items})
    assert all(item['label'] in text for item in items)
    assert 'Not defined for these data: Item without not_defined.' in text


def test_the_folder_holds_a_card_with_figures_and_no_names_of_files(weights, evaluate, succeeds, tmp_path):
    onnx = pytest.importorskip('onnx')
    evaluation, outdir = evaluate(weights), tmp_path / 'hf'
    secret = dict(
        name='provenance', value='/home/smith/scans is what it learned from', source='evaluation.json: provenance'
    )
    items = [
        dict(checklist='fda', criterion='coverage', key='variety', label='Variety', figures=FIGURES, missing=None),
        dict(checklist='fda', criterion='comprehension', key='provenance', label='P', figures=[secret], missing=None),
        dict(checklist='fda', criterion='coverage', key='x', label='Subgroups', figures=[], missing='no_program'),
        dict(checklist='fda', criterion='coverage', key='y', label='Subgroups', figures=[], missing='classification'),
        dict(checklist='fda', criterion='coverage', key='z', label='Ethics', figures=[], missing='authors'),
        dict(checklist='fda', criterion='compre', key='intended_use', label='Use', figures=[], missing='authors'),
    ]
    with open(os.path.join(os.path.dirname(evaluation), 'scorecard.json'), 'w') as f:
        json.dump(dict(weights=[card.sha256(weights)], model=weights, items=items), f)
    flags = ['--model', weights, '--evaluation', evaluation, '--license', 'mit', '--outdir', outdir, '--cpu']
    succeeds('8-export.py', 'hf', *flags)
    assert visible(outdir) == ['README.md', 'generator.onnx', 'model.safetensors', 'samples.png', 'scorecard.json']
    text = (outdir / 'README.md').read_text()
    front = text.split('---')[1]
    assert 'license: mit' in front and 'pipeline_tag: unconditional-image-generation' in front
    for part in (
        'Not a medical device', 'simulated patches', '| Variety | recall | 0.5 | 0.4 .. 0.6 | 0.7 |',
        'Not measured: Subgroups.', 'to state: Ethics.', 'of simulated images |', 'nearest 1 % of simulated images',
        'differs from the images it learned from in fidelity', '0.7', '-1350 to 150 HU', 'no sign of copies',
    ):  # fmt: skip
        assert part in text, part
    with Generator(weights, cpu=True) as generator:
        sheet = images.grid(generator.sample(16))
    assert (images.load(str(outdir / 'samples.png'), 64, 1) == sheet).all()
    onnx.checker.check_model(str(outdir / 'generator.onnx'))
    for name in visible(outdir):
        content = (outdir / name).read_bytes()
        assert b'smith' not in content and tmp_path.name.encode() not in content, name


def test_an_export_that_was_killed_leaves_nothing_that_would_be_uploaded(weights, succeeds, tmp_path):
    pytest.importorskip('onnx')
    flags = ['--model', weights, '--unaudited', '--outdir', tmp_path / 'hf', '--cpu']
    (tmp_path / 'hf').mkdir()
    part = tmp_path / 'hf' / '.model.safetensors-12345678.part'
    manifest.begin('export', [])
    manifest.record(str(part))
    part.write_bytes(bytes(10**7))
    out = succeeds('8-export.py', 'hf', *flags)
    assert not part.exists()
    size = sum(os.path.getsize(str(tmp_path / 'hf' / name)) for name in visible(tmp_path / 'hf'))
    assert 'hf: %.1f MB.' % (size / 1e6) in out


def test_without_an_audit_the_card_says_so_and_an_older_scorecard_goes(weights, evaluate, succeeds, tmp_path):
    pytest.importorskip('onnx')
    flags = ['--model', weights, '--unaudited', '--outdir', tmp_path / 'hf', '--cpu']
    succeeds('8-export.py', 'hf', *flags)
    succeeds('8-export.py', 'hf', *flags)
    text = (tmp_path / 'hf' / 'README.md').read_text()
    assert 'UNAUDITED' in text and 'Not measured' in text and 'scorecard.json' not in visible(tmp_path / 'hf')


def test_a_scorecard_of_other_weights_is_refused(weights, evaluate, complains, tmp_path):
    evaluation = evaluate(weights)
    (tmp_path / 'scorecard.json').write_text('{"weights": ["0"], "items": []}')
    flags = ['--model', weights, '--evaluation', evaluation, '--outdir', tmp_path / 'hf', '--cpu']
    complains('8-export.py', 'hf', *flags, parts=['scorecard.json', 'other weights', '4-evaluate.py'])
    assert not (tmp_path / 'hf').exists()


def test_a_name_of_another_format_and_a_file_of_the_user_are_refused(weights, complains, tmp_path):
    flags = ['--model', weights, '--unaudited']
    complains('8-export.py', 'safetensors', *flags, '--out', tmp_path / 'a.pkl', parts=['.safetensors'])
    mine = tmp_path / 'mine.onnx'
    mine.write_text('mine')
    complains('8-export.py', 'onnx', *flags, '--out', mine, parts=[mine, 'choose another place'])
    assert mine.read_text() == 'mine'


def test_the_same_is_true_of_weights_with_names_of_patients_beside_them(succeeds, tmp_path):
    data = dict(
        card.Card(digest='1-2', source='CT volumes', names={'patient': ['Smith'], 'nodule': ['n-smith']}).data()
    )
    text = card.Card(digest='1-2', source='CT volumes').text()
    path = random_networks(str(tmp_path / 'a.pkl'), resolution=8, card_text=text)
    (tmp_path / 'a.json').write_text(json.dumps(dict(data=data)))
    out = tmp_path / 'a.safetensors'
    succeeds('8-export.py', 'safetensors', '--model', path, '--out', out, '--unaudited', '--patients-agreed')
    assert b'smith' not in out.read_bytes().lower() and b'CT volumes' in out.read_bytes()
