"""The scorecard takes all figures from files, and says what was not measured."""

import json
import re

import pytest

import dataset
import sets
from common import card
from metrics import evaluate, evaluation_page, scorecard, scorecard_sources

pytestmark = pytest.mark.usefixtures('discs')

MEASURE = dict(value=0.55, interval=[0.45, 0.65], repeats=[0.5, 0.6])
ARM = dict(metrics=dict(balanced_accuracy=MEASURE, sensitivity_AIS=dict(value=0.31, interval=[0.1, 0.5])))
GAIN = dict(balanced_accuracy=dict(value=0.04, interval=[-0.02, 0.1]))
CLASSIFICATION = dict(
    outcome='not_shown',
    phantoms=False,
    comparison=dict(
        primary='gan', control='duplicates', nodules=206, patients=190, unknown_patients=3, repeats=2,
        detectable=[dict(disagreement=0.15, gain=0.072), dict(disagreement=0.3, gain=None)],
    ),
    summary=dict(
        classes=['AIS', 'MIA'], per_class=[30, 176],
        arms=dict(gan=dict(ARM, control='duplicates', difference=GAIN), duplicates=ARM, common=ARM),
    ),
    tested_on_generated=dict(trts=dict(arms=dict(trts=ARM))),
)  # fmt: skip
READER = dict(accuracy=0.58, accuracy_interval=[0.5, 0.66], auc=0.61, auc_interval=[0.52, 0.7])
STUDY = dict(
    verdict='told_apart', cases=120, margin=0.1, simulated_readers=False, pooled=READER, readers=[READER] * 5,
    classes=dict(AIS=READER, MIA=dict(READER, auc=None)), agreement=dict(fleiss=0.2, fleiss_interval=[0.1, 0.3]),
    protocol=dict(weights=['of other classes', 'of the evaluation']),
)  # fmt: skip


@pytest.fixture
def written(tmp_path):
    """Writes a dictionary as a JSON file; its path."""

    def write(name, data):
        path = tmp_path / name
        path.write_text(json.dumps(data))
        return str(path)

    return write


@pytest.fixture
def evaluated(random, tmp_path):
    """An Evaluation of 16x16 images."""
    images = sets.pictures(random, 65, 16)
    dataset.write(str(tmp_path / 'AIS'), 'AIS', images[:50])
    result = evaluate(images[50:], str(tmp_path / 'AIS'), number=12, audit=6)
    result.weights = ['of the evaluation']
    return result


@pytest.fixture
def others(written):
    paths = written('classification.json', CLASSIFICATION), written('turing_test.json', STUDY)
    read = (
        scorecard_sources.read_classification(paths[0]),
        scorecard_sources.read_study(paths[1], STUDY['protocol']['weights']),
    )
    return scorecard_sources.Others(paths[0], read[0], paths[1], read[1])


def items(folder):
    """{(criterion, key): item} of scorecard.json in a folder."""
    listed = json.loads((folder / 'scorecard.json').read_text())['items']
    found = {(item['criterion'], item['key']): item for item in listed}
    assert len(found) == len(listed)
    return found


def figures(folder):
    """{name: [value, interval]} of all figures of scorecard.json."""
    return {x['name']: [x['value'], x['interval']] for item in items(folder).values() for x in item['figures']}


def test_every_criterion_of_both_checklists_has_items_with_figures_or_the_reason_why_not(evaluated, tmp_path):
    evaluation_page.write(evaluated, str(tmp_path))
    found = items(tmp_path)
    assert len({criterion for criterion, _ in found}) == 7 + 6
    assert {item['checklist'] for item in found.values()} == {'fda', 'mi_claim_gen'}
    for item in found.values():
        assert bool(item['figures']) == (item['missing'] is None)
    missing = {key: item['missing'] for key, item in found.items()}
    assert set(filter(None, missing.values())) <= set(scorecard.MISSING)
    assert missing['congruence', 'readers'] == 'turing_test' and missing['evaluation', 'classifier'] == 'classification'
    assert missing['coverage', 'variety'] is None and missing['reproducibility', 'ethics'] == 'authors'


def test_its_figures_of_images_are_those_of_the_evaluation(evaluated, tmp_path):
    evaluation_page.write(evaluated, str(tmp_path))
    rows = {row['metric']: row for row in json.loads((tmp_path / 'evaluation.json').read_text())['rows']}
    shown = [x for item in items(tmp_path).values() for x in item['figures'] if x['source'] == 'evaluation.json: rows']
    taken = {x['name']: (x['value'], x['interval'], x['reference']) for x in shown if x['name'] in rows}
    assert len(taken) == len(rows)
    for name, row in rows.items():
        assert taken[name] == (row['fakes'], row['fakes_interval'], row['reals'])


def test_its_figures_of_classifiers_and_readers_are_those_of_their_files(evaluated, others, tmp_path):
    evaluation_page.write(evaluated, str(tmp_path), others)
    found, missing = figures(tmp_path), {key for key, item in items(tmp_path).items() if item['missing']}
    assert found['balanced accuracy, gan less duplicates (not shown)'] == [0.04, [-0.02, 0.1]]
    assert found['balanced accuracy, lowest of 2'] == [0.5, None] and found['sensitivity, AIS'] == [0.31, [0.1, 0.5]]
    assert found['unknown patients'] == [3, None] and found['cases'] == [120, None]
    assert found['gain that is found in 80 % of experiments, if both disagree on 15 % of the nodules'] == [0.072, None]
    assert not [name for name in found if '30 % of the nodules' in name]
    assert found['verdict on 5 readers'] == ['told apart', None] and found['AUC'] == [0.61, [0.52, 0.7]]
    assert found['AUC of readers, AIS'] == [0.61, [0.52, 0.7]] and 'AUC of readers, MIA' not in found
    assert found["Fleiss' kappa"] == [0.2, [0.1, 0.3]]
    assert not missing & {('congruence', 'readers'), ('design', 'study'), ('completeness', 'class_shown')}
    page = (tmp_path / 'evaluation.html').read_text(encoding='utf-8')
    assert re.search(r'verdict on 5 readers: told apart.*turing_test\.json: verdict', page, re.DOTALL)


def test_an_experiment_without_a_primary_comparison_has_no_gain(evaluated, others, tmp_path):
    comparison = dict(CLASSIFICATION['comparison'], primary=None, control=None, detectable=[])
    evaluation_page.write(
        evaluated, str(tmp_path), others._replace(classification=dict(CLASSIFICATION, comparison=comparison))
    )
    found = items(tmp_path)
    missing = {found[criterion, 'classifier']['missing'] for criterion in ('evaluation', 'design')}
    assert missing == {'not_in_classification'}
    assert [x['name'] for x in found['baselines', 'controls']['figures']] == ['balanced accuracy, common']


def test_what_a_study_of_one_reader_and_an_experiment_on_phantoms_lack_is_said_and_not_asked_for(
    evaluated, others, tmp_path
):
    study = dict(STUDY, readers=[READER], agreement={}, simulated_readers=True)
    experiment = dict(CLASSIFICATION, phantoms=True, tested_on_generated={})
    evaluation_page.write(evaluated, str(tmp_path), others._replace(study=study, classification=experiment))
    found, texts = items(tmp_path), figures(tmp_path)
    assert found['consistency', 'readers']['missing'] == 'not_in_turing_test'
    assert found['completeness', 'class_shown']['missing'] == 'not_in_classification'
    assert texts['verdict on 1 simulated reader'][0] == 'told apart'
    assert texts['source'][0] == 'phantoms, not patients'


@pytest.mark.parametrize(
    'change, part',
    [
        (dict(summary=dict(CLASSIFICATION['summary'], arms=dict(gan={}, duplicates=ARM))), 'gan.metrics'),
        (dict(summary=dict(CLASSIFICATION['summary'], arms=dict(gan=ARM))), 'duplicates'),
        (dict(tested_on_generated=dict(trts=None)), 'trts'),
        (dict(comparison=dict(CLASSIFICATION['comparison'], nodules='many')), 'comparison.nodules'),
    ],
)  # fmt: skip
def test_a_damaged_classification_is_refused_with_the_place(written, change, part):
    path = written('classification.json', dict(CLASSIFICATION, **change))
    with pytest.raises(ValueError) as error:
        scorecard_sources.read_classification(path)
    assert path in str(error.value) and part in str(error.value) and '5-classify.py' in str(error.value)


def test_a_study_of_other_weights_is_refused(written):
    path = written('turing_test.json', STUDY)
    assert scorecard_sources.read_study(path, ['of the evaluation'])['cases'] == 120
    with pytest.raises(ValueError, match='other weights'):
        scorecard_sources.read_study(path, ['of the evaluation', 'new'])
    path = written('turing_test.json', dict(STUDY, protocol={}))
    with pytest.raises(ValueError, match='other weights'):
        scorecard_sources.read_study(path, ['of the evaluation'])


def test_files_that_cannot_be_used_are_refused_before_anything_is_measured(refuses, weights, training_data, written):
    flags = '--model', weights, '--data', training_data
    study = written('study.json', dict(STUDY, protocol=dict(weights=['another'])))
    refuses('4-evaluate.py', *flags, '--turing-test', study, parts=[study, 'other weights'])
    refuses('4-evaluate.py', *flags, '--classification', study, parts=[study, 'damaged', '5-classify.py'])
    nothing = study + '.nothing'
    refuses('4-evaluate.py', *flags, '--classification', nothing, parts=[nothing])


@pytest.mark.slow
def test_an_evaluation_fills_the_scorecard_from_a_study_of_its_weights(succeeds, random, weights, written, tmp_path):
    study = written('study.json', dict(STUDY, protocol=dict(weights=[card.sha256(weights)])))
    dataset.write(str(tmp_path / 'AIS'), 'AIS', sets.pictures(random, 50, 16))
    flags = '--model', weights, '--data', tmp_path / 'AIS', '--number', 12, '--audit', 6, '--no-cache', '--cpu'
    succeeds('4-evaluate.py', *flags, '--turing-test', study, '--outdir', tmp_path / 'page')
    assert figures(tmp_path / 'page')['verdict on 5 readers'] == ['told apart', None]
