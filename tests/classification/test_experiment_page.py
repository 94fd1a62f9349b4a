"""The page and the JSON of an experiment, of predictions that are made up with known skill."""

import html
import json
import os
import re

import numpy as np
import pytest
from scipy import special

import dataset
from classification import classify_settings, comparisons, experiment_page
from classification.cross_validation import Split
from classification.experiment_summary import collect
from classification.training_results import Training
from metrics import memorisation
from places import ONCE
from stats import arm_comparison

pytestmark = ONCE

CLASSES = ['AIS', 'MIA', 'IA']
SKILL = {
    ('raw', None): 0.2, ('common', None): 0.3, ('duplicates', 0.5): 0.3, ('duplicates', 1.0): 0.3,
    ('gan', 0.5): 0.3, ('gan', 1.0): 0.3, ('trts', None): 0.9, ('shuffled', None): 0.0
}  # fmt: skip
HOSTILE = '<script>alert(1)</script>'


def with_skill(changed, skill):
    """SKILL with another one of an arm."""
    return {case: skill if case[0] == changed else x for case, x in SKILL.items()}


class Folds:
    """Three folds of nodules with three patches of 16x16 each."""

    def __init__(self, path, nodules, source):
        self.path, self.classes, self.count, self.number = str(path), CLASSES, 3, nodules
        self.unknown_patients, self.near_pairs = 0, []
        for label in CLASSES:
            folder = os.path.join(self.path, 'fold0', 'test', label)
            dataset.write(folder, label, np.zeros([1, 1, 16, 16], np.uint8))
            with open(os.path.join(folder, label + '.json'), 'w') as f:
                json.dump(dict(source=source, window=[-1350, 150]), f)

    def folder(self, fold, side):
        return os.path.join(self.path, 'fold%d' % fold, side)

    def nodules(self):
        return np.array([self.label(i) for i in range(self.number)]), ['p%d' % i for i in range(self.number)]

    def patient_of(self, nodule):
        return 'p-' + nodule

    def test_split(self, fold):
        members = [i for i in range(self.number) if i % 3 == fold]
        nodules = [self.name(i) for i in members for _ in range(3)]
        labels = np.repeat([self.label(i) for i in members], 3)
        images = np.random.RandomState(fold).randint(256, size=[len(nodules), 1, 16, 16]).astype(np.uint8)
        return Split(CLASSES, images, labels, nodules, None, None, None, {}, None, {})

    def label(self, i):
        return i // 3 % 3

    def name(self, i):
        return HOSTILE if i == 0 else 'nodule%d' % i

    def results(self, skill):
        """As of experiment.run. skill: {(arm, ratio): how far the logit of the true class lies above the others}."""
        random, results = np.random.RandomState(4), {}
        for fold in range(3):
            for repeat in range(2):
                for (arm, ratio), strength in skill.items():
                    members = [i for i in range(self.number) if i % 3 == fold]
                    labels = np.array([self.label(i) for i in members])
                    logits = 0.4 * random.randn(len(members), 3) + strength * np.eye(3)[labels]
                    names = ['generated-%d' % i if arm == 'trts' else self.name(i) for i in members]
                    rows = [[name, int(label)] + p.round(6).tolist()
                            for name, label, p in zip(names, labels, special.softmax(logits, axis=1))]  # fmt: skip
                    facts = dict(step=50 + fold, inner_loss=1.0, loss=0.9, temperature=0.5, seconds=2.5)
                    results[Training(arm, ratio, repeat, fold)] = dict(facts=facts, predictions=rows)
        return results


@pytest.fixture(scope='module')
def written(tmp_path_factory):
    """Writes a page, once for the same arguments; returns its JSON and its page."""
    pages = {}

    def call(skill=SKILL, nodules=30, source='CT volumes'):
        key = str((skill, nodules, source))
        if key not in pages:
            root = tmp_path_factory.mktemp('page')
            folds = Folds(root / 'cv', nodules, source)
            cfg = classify_settings.Run(outdir=str(root), repeats=2, ratios='0.5,1')
            comparison = comparisons.plan([pair for pair in skill if pair[0] != 'trts'], folds, 2)
            experiment_page.write(cfg, folds, folds.results(skill), comparison)
            texts = [(root / ('classification.' + ending)).read_bytes().decode() for ending in ('json', 'html')]
            pages[key] = json.loads(texts[0]), texts[1]
        return pages[key]

    return call


@pytest.fixture
def results(tmp_path):
    return Folds(tmp_path / 'cv', 30, '').results(SKILL)


def sentences(text):
    """The text of a page without tags, with ordinary spaces."""
    return html.unescape(re.sub(r'<[^>]+>', '', text)).replace('\u00a0', ' ')


def test_the_json_is_the_summary_of_the_arms_that_are_tested_on_real_images(written, results):
    data, _ = written()
    expected = {name: arm.predictions for name, arm in collect(results, 'p-{}'.format).items()}
    gan = [row for training, result in results.items() if training[:2] == ('gan', 1.0) for row in result['predictions']]
    assert sorted(map(str, expected['gan x1'].nodules)) == sorted({row[0] for row in gan})
    alone = {'trts': expected.pop('trts')}
    controls = {
        'common': 'raw',
        'duplicates x0.5': 'common',
        'duplicates x1': 'common',
        'shuffled': 'common',
        'raw': None,
    }
    controls.update({'gan x0.5': 'duplicates x0.5', 'gan x1': 'duplicates x1'})
    whole = arm_comparison.summary(expected, CLASSES, controls, 'gan x1')
    assert data['summary'] == json.loads(json.dumps(whole)) and whole['per_class'] == [12, 9, 9]
    assert data['tested_on_generated']['trts'] == json.loads(json.dumps(arm_comparison.summary(alone, CLASSES, {})))
    assert list(data['trainings']['gan x0.5'].values()) == [15.0, [50, 50, 51, 51, 52, 52], [0.5] * 6]
    assert data['settings']['ratios'] == '0.5,1'


def test_the_figures_of_the_paper_have_wilson_intervals_of_206_nodules(written):
    accuracy = written()[0]['paper']['accuracy']
    for arm, share in (('raw', 0.370), ('common', 0.532), ('gan', 0.605)):
        for end in accuracy[arm]['interval']:  # the ends are where the score test is at its critical value
            assert abs(share - end) / np.sqrt(end * (1 - end) / 206) == pytest.approx(1.959964)


def test_probabilities_at_a_temperature_are_sharpened_as_softmax_does(written, results):
    data, before, after = written()[0], [], []
    for training, result in results.items():
        if training[:2] == ('gan', 1.0):
            for _, label, *p in result['predictions']:
                p = np.array(p) / sum(p)
                sharp = p**2 / (p**2).sum()  # the temperature is 0.5
                before.append(((p - np.eye(3)[label]) ** 2).sum())
                after.append(((sharp - np.eye(3)[label]) ** 2).sum())
    assert data['scaled']['gan x1']['brier'] == pytest.approx([np.mean(before), np.mean(after)], abs=1e-4)


def test_the_page_begins_with_the_finding_in_a_sentence_and_its_limits(written):
    data, text = written(with_skill('gan', 1.6), 90)
    assert data['outcome'] == data['outcomes']['gan x1'] == 'better' and '<p class="verdict better">' in text
    assert data['first_sentence'].startswith('Generated nodules helped the classifier: on 90 nodules, ')
    difference = data['summary']['arms']['gan x1']['difference']['balanced_accuracy']
    assert 'a difference of %+.1f points' % (100 * difference['value']) in data['first_sentence']
    for sentence in (
        data['first_sentence'],
        '90 nodules are few',
        'Other ratios, each compared with its own control: gan x0.5 (better).',
        'Primary comparison: balanced accuracy of gan x1 and duplicates x1, by permutation of patients',
        'With 90 nodules of 90 patients and 2\nrepeats,',
        'raw below common below generated, is seen here: ',
    ):
        assert sentence in sentences(text)
    _, text = written()
    assert 'The interval leaves room for a gain of up to ' in sentences(text) and 'verdict not-shown' in text


def test_phantoms_are_never_taken_for_patients(written):
    data, text = written(source='phantoms: computed, not from patients')
    assert 'on 30 phantoms, not patients' in data['first_sentence'] and '30 phantoms of 3 classes' in text


def test_without_an_arm_that_generates_nothing_is_claimed_of_it(written):
    data, text = written({('common', None): 0.5, ('raw', None): 0.5})
    assert data['first_sentence'].endswith('does not tell whether generated nodules help a classifier.')
    assert data['summary']['primary'] is None is data['outcome'] and data['notes'] == []
    assert 'There was no primary comparison' in text and data['comparison']['detectable'] == []
    assert 'not checked whether labels leak' in text


def test_suspected_leaks_are_warnings(written):
    _, text = written()
    assert 'Warning' not in text and 'With shuffled labels, nothing is learned, as it should be: ' in text
    skill = with_skill('gan', 3.0)
    skill['shuffled', None] = 0.35
    _, text = written(skill)
    assert 'Suspect a leak: gan x0.5 and gan x1 reached more than 70 % with 30 nodules' in sentences(text)
    assert 'either labels leak' in text and text.count('<li class="bad"><b>Warning.</b>') == 2


def test_the_page_holds_every_arm_and_asks_for_nothing_from_elsewhere(written):
    _, text = written()
    for name in ('raw', 'common', 'duplicates x0.5', 'duplicates x1', 'gan x0.5', 'gan x1', 'trts', 'shuffled'):
        assert '<summary>%s</summary>' % name in text and 'aria-label="Confusion matrix of %s"' % name in text
    assert not re.search(r'https?:|(src|href)="(?!data:|#)|@import|url\((?!#)', text)
    assert len(text) < 5e6 and len(re.findall(r'<img class="ct"|<img\s+class="ct"', text)) > 6


def test_names_of_nodules_are_text_on_the_page_never_markup(written):
    _, text = written(nodules=9)  # so few that each is an example
    assert '<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>' in text and 'alert(1)</script>' not in text


def test_classes_that_are_alone_in_their_folds_have_no_curves_and_the_page_says_so(written, monkeypatch):
    monkeypatch.setattr(Folds, 'label', lambda self, i: i % 3)
    data, text = written(nodules=33)
    assert data['summary']['arms']['raw']['metrics']['macro_auc']['value'] is None
    assert 'Fold 0 has no nodule of MIA and IA' in text and 'ROC curves' not in text


def test_patches_of_examples_are_middle_slices_of_their_nodule(tmp_path):
    folds = Folds(tmp_path / 'cv', 9, '')
    test = folds.test_split(1)
    patches = experiment_page.middle_patches(folds, {'nodule4': 1})
    assert (patches['nodule4'] == test.images[test.nodules.index('nodule4') + 1]).all()


def test_pairs_that_may_be_slices_of_one_nodule_and_unknown_patients_are_on_the_page(tmp_path):
    folds = Folds(tmp_path / 'cv', 30, '')
    image = np.zeros([1, 16, 16], np.uint8)
    folds.near_pairs = [('test image 4', 'train image 7', memorisation.Pair(0, image, image, None, 0, 1.0))]
    folds.unknown_patients = 30
    cfg = classify_settings.Run(outdir=str(tmp_path), repeats=2)
    skill = {('common', None): 0.3, ('gan', 1.0): 0.3}
    experiment_page.write(cfg, folds, folds.results(skill), comparisons.plan(list(skill), folds, 2))
    text = sentences((tmp_path / 'classification.html').read_bytes().decode())
    assert 'Slices of one nodule?' in text and 'test image 4' in text and 'train image 7' in text
    assert 'The patient of 30 of 30 nodules is not recorded.' in text
