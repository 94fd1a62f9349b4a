"""The page and the JSON of an experiment, of predictions that are made up with known skill."""

import collections
import json
import os
import re

import numpy as np
import pytest
from scipy import special

import dataset
from classification import classify_settings, experiment_page
from classification.cross_validation import Side
from classification.experiment import Job
from places import ONCE
from stats import arm_comparison
from stats.predictions import gathered

pytestmark = ONCE

CLASSES = ['AIS', 'MIA', 'IA']
SKILL = collections.OrderedDict(
    [(('raw', None), 0.2), (('common', None), 0.3), (('duplicates', 0.5), 0.3), (('duplicates', 1.0), 0.3),
     (('gan', 0.5), 0.3), (('gan', 1.0), 0.3), (('trts', None), 0.9), (('shuffled', None), 0.0)]
)  # fmt: skip
HOSTILE = '<script>alert(1)</script>'


def with_skill(changed, skill):
    """SKILL with another one of an arm."""
    return collections.OrderedDict((case, skill if case[0] == changed else x) for case, x in SKILL.items())


class Folds:
    """Three folds of nodules with three patches of 16x16 each."""

    def __init__(self, path, count, source):
        self.path, self.classes, self.number, self.count = str(path), CLASSES, 3, count
        for label in CLASSES:
            folder = os.path.join(self.path, 'fold0', 'test', label)
            dataset.write(folder, label, np.zeros([1, 1, 16, 16], np.uint8))
            with open(os.path.join(folder, label + '.json'), 'w') as f:
                json.dump(dict(source=source, window=[-1350, 150]), f)

    def folder(self, fold, side):
        return os.path.join(self.path, 'fold%d' % fold, side)

    def sides(self, fold):
        own = [i for i in range(self.count) if i % 3 == fold]
        nodules = [self.name(i) for i in own for _ in range(3)]
        labels = np.repeat([self.label(i) for i in own], 3)
        random = np.random.RandomState(fold)
        return None, Side(
            random.randint(256, size=[len(nodules), 1, 16, 16]).astype(np.uint8), labels, nodules, {}, None, None
        )

    def label(self, i):
        return i // 3 % 3

    def name(self, i):
        return HOSTILE if i == 0 else 'nodule%d' % i

    def found(self, skill):
        """As of experiment.run. skill: {(arm, ratio): how far the logit of the true class lies above the others}."""
        random, found = np.random.RandomState(4), []
        for fold in range(3):
            for repeat in range(2):
                for (arm, ratio), strength in skill.items():
                    own = [i for i in range(self.count) if i % 3 == fold]
                    labels = np.array([self.label(i) for i in own])
                    logits = 0.4 * random.randn(len(own), 3) + strength * np.eye(3)[labels]
                    names = ['generated-%d' % i if arm == 'trts' else self.name(i) for i in own]
                    rows = [[name, int(label)] + p.round(6).tolist()
                            for name, label, p in zip(names, labels, special.softmax(logits, axis=1))]  # fmt: skip
                    facts = dict(step=50 + fold, inner_loss=1.0, loss=0.9, temperature=0.5, seconds=2.5)
                    found.append((Job(arm, ratio, repeat, fold), dict(facts=facts, predictions=rows)))
        return found


@pytest.fixture
def written(tmp_path):
    """Writes a report; returns its JSON and its page."""

    def call(skill=SKILL, count=30, source='CT volumes'):
        several = Folds(tmp_path / 'cv', count, source)
        cfg = classify_settings.Run(outdir=str(tmp_path), repeats=2, ratios='0.5,1')
        experiment_page.write(cfg, several, several.found(skill))
        texts = [(tmp_path / ('classification.' + ending)).read_bytes().decode() for ending in ('json', 'html')]
        return json.loads(texts[0]), texts[1]

    return call


def test_the_json_is_the_summary_of_the_arms_that_are_tested_on_real_images(written, tmp_path):
    data, _ = written()
    several, expected = Folds(tmp_path / 'cv', 30, ''), collections.OrderedDict()
    for (arm, ratio), _ in SKILL.items():
        own = [
            (job, row) for job, gave in several.found(SKILL) if job[:2] == (arm, ratio) for row in gave['predictions']
        ]
        columns = zip(*[(row[0], job.repeat, job.fold, row[1], row[2:]) for job, row in own])
        expected[arm if ratio is None else '%s x%g' % (arm, ratio)] = gathered(*columns)
    alone = {'trts': expected.pop('trts')}
    whole = arm_comparison.summary(expected, CLASSES, 'duplicates x1')
    assert data['summary'] == json.loads(json.dumps(whole)) and whole['per_class'] == [12, 9, 9]
    assert data['tested_on_generated']['trts'] == json.loads(json.dumps(arm_comparison.summary(alone, CLASSES, 'trts')))
    assert list(data['trainings']['gan x0.5'].values()) == [15.0, [50, 50, 51, 51, 52, 52], [0.5] * 6]
    assert data['settings']['ratios'] == '0.5,1'


def test_the_figures_of_the_paper_have_wilson_intervals_of_206_nodules(written):
    accuracy = written()[0]['paper']['accuracy']
    for arm, share in (('raw', 0.370), ('common', 0.532), ('gan', 0.605)):
        for end in accuracy[arm]['interval']:  # the ends are where the score test is at its critical value
            assert abs(share - end) / np.sqrt(end * (1 - end) / 206) == pytest.approx(1.959964)


def test_probabilities_at_a_temperature_are_sharpened_as_softmax_does(written, tmp_path):
    data, _ = written()
    several, before, after = Folds(tmp_path / 'cv', 30, ''), [], []
    for job, gave in several.found(SKILL):
        if job[:2] == ('gan', 1.0):
            for _, label, *p in gave['predictions']:
                p = np.array(p) / sum(p)
                sharp = p**2 / (p**2).sum()  # the temperature is 0.5
                before.append(((p - np.eye(3)[label]) ** 2).sum())
                after.append(((sharp - np.eye(3)[label]) ** 2).sum())
    assert data['scaled']['gan x1']['brier'] == pytest.approx([np.mean(before), np.mean(after)], abs=1e-4)


@pytest.mark.parametrize(
    'skill, begin, tone',
    [(1.6, 'Generated nodules helped the classifier: on 90 nodules, ', 'better'),
     (0.3, 'It is not shown that generated nodules help the classifier: on 90 nodules, ', 'not shown'),
     (-0.3, 'Generated nodules made the classifier worse: on 90 nodules, ', 'worse')],
)  # fmt: skip
def test_the_first_sentence_says_what_was_found_and_its_numbers(written, skill, begin, tone):
    data, text = written(with_skill('gan', skill), 90)
    sentence, summary = data['first_sentence'], data['summary']
    assert sentence.startswith(begin) and '<p class="verdict %s">' % tone.replace(' ', '-') in text
    for name in ('gan x1', 'duplicates x1'):
        assert '%.1f %%' % (100 * summary['arms'][name]['metrics']['balanced_accuracy']['value']) in sentence
    gap = summary['arms']['gan x1']['difference']['balanced_accuracy']
    for value in [gap['value']] + gap['interval']:
        assert ('%+.1f' % (100 * value)).replace('-', '\u2212') in sentence
    p = summary['arms']['gan x1']['mcnemar']['p_holm']
    assert ('p < 0.001' if p < 0.001 else 'p = %.3f' % p) in sentence
    assert (p < 0.05) == (tone != 'not shown')


def test_remarks_say_what_an_interval_leaves_open_and_whether_the_order_of_the_paper_is_seen(written):
    data, _ = written(count=90)
    low, high = data['summary']['arms']['gan x1']['difference']['balanced_accuracy']['interval']
    assert '90 nodules leave room for a gain of up to %.1f points' % (100 * high) in data['remarks'][0]
    assert 'loss of up to %.1f points' % (-100 * low) in data['remarks'][0] and low < 0 < high
    assert data['remarks'][1].startswith('Other ratios, compared with duplicates x1: gan x0.5 (')
    assert 'generated, is seen here' in written(with_skill('gan', 1.6), 90)[0]['remarks'][-1]
    assert 'generated, is not seen here' in written(with_skill('raw', 1.6), 90)[0]['remarks'][-1]


@pytest.mark.parametrize(
    'names, expected', [('duplicates common raw', 'duplicates'), ('raw common', 'common'), ('cutmix raw', 'raw')]
)
def test_the_reference_is_the_nearest_control_that_there_is(written, names, expected):
    skill = collections.OrderedDict(((name, 1.0 if name == 'duplicates' else None), 0.3) for name in names.split())
    assert written(skill, 9)[0]['summary']['reference'] == expected


def test_phantoms_are_never_taken_for_patients(written):
    data, text = written(source='phantoms: computed, not from patients')
    assert 'on 30 phantoms, not patients' in data['first_sentence'] and '30 phantoms of 3 classes' in text


def test_without_an_arm_that_generates_nothing_is_claimed_of_it(written):
    data, text = written(collections.OrderedDict([(('common', None), 0.5), (('raw', None), 0.5)]))
    assert data['first_sentence'].endswith('does not tell whether generated nodules help a classifier.')
    assert data['summary']['reference'] == 'common' and 'not checked that labels do not leak' in text


def test_shuffled_labels_that_are_not_at_chance_are_a_warning(written):
    data, text = written()
    assert data['warnings'] == [] and 'Warning' not in text and 'Shuffled labels teach nothing' in text
    data, text = written(with_skill('shuffled', 0.35))
    assert len(data['warnings']) == 1 and 'With shuffled labels balanced accuracy is' in data['warnings'][0]
    assert 'the experiment leaks' in text and '<li class="bad"><b>Warning.</b>' in text


def test_a_success_that_is_too_good_is_suspected_unless_the_nodules_are_phantoms(written):
    data, _ = written(with_skill('gan', 3.0))
    assert data['warnings'][0].startswith('Suspect a leak: gan x0.5 and gan x1 reached more than 70 % with 30 nodules')
    assert written(with_skill('gan', 3.0), source='phantoms: computed')[0]['warnings'] == []


def test_the_page_holds_every_arm_and_asks_for_nothing_from_elsewhere(written):
    _, text = written()
    for name in ('raw', 'common', 'duplicates x0.5', 'duplicates x1', 'gan x0.5', 'gan x1', 'trts', 'shuffled'):
        assert '<summary>%s</summary>' % name in text and 'aria-label="Confusion matrix of %s"' % name in text
    assert not re.search(r'https?:|(src|href)="(?!data:|#)|@import|url\((?!#)', text)
    assert len(text) < 5e6 and len(re.findall(r'<img class="ct"|<img\s+class="ct"', text)) > 6


def test_names_of_nodules_are_text_on_the_page_never_markup(written):
    _, text = written(count=9)  # so few that each is an example
    assert '<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>' in text and 'alert(1)</script>' not in text


def test_classes_that_are_alone_in_their_folds_have_no_curves_and_the_page_says_so(written, monkeypatch):
    monkeypatch.setattr(Folds, 'label', lambda self, i: i % 3)
    data, text = written()
    assert data['summary']['arms']['raw']['metrics']['macro_auc']['value'] is None
    assert 'Fold 0 has no nodule of MIA and IA' in text and 'ROC curves' not in text


def test_arms_that_are_all_tested_on_generated_images_are_refused(written):
    with pytest.raises(ValueError, match='--arms trts: none of them is tested on real images; add one'):
        written({('trts', None): 1.0})


def test_patches_of_examples_are_middle_slices_of_their_nodule(tmp_path):
    several = Folds(tmp_path / 'cv', 9, '')
    side = several.sides(1)[1]
    found = experiment_page._middles(several, {'nodule4': 1})
    assert (found['nodule4'] == side.images[side.nodules.index('nodule4') + 1]).all()
