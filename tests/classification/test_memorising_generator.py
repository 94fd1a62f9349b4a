"""A generator that only repeats its training images must not make the nodules that choose the step look learned."""

import numpy as np
import pytest

import tfutil
from classification import classifier_training, classify_settings
from classification.cross_validation import Split
from classification.training_results import Training
from places import ONCE

CLASSES = ['AIS', 'MIA', 'IA']


def noise(count, seed):
    """A Split of so many nodules of each class, whose images have nothing to do with it."""
    images = np.random.RandomState(seed).randint(256, size=[3 * count, 1, 16, 16]).astype(np.uint8)
    nodules = ['%d-%d' % (seed, i) for i in range(3 * count)]
    return Split(CLASSES, images, np.arange(3 * count) % 3, nodules, nodules, None, None, {}, nodules, {})


@pytest.fixture(scope='module')
def facts():
    """{who a memorising generator learned from: facts of a training}; of 'nobody', without its images."""
    splits = train, validation, _ = noise(16, 0), noise(4, 1), noise(4, 2)
    both = [np.concatenate([part, other]) for part, other in zip(train[1:3], validation[1:3])]
    added = dict(nobody={}, training=dict(gan=train[1:3]), everybody=dict(gan=[x[::-1] for x in both]))
    cfg = classify_settings.Run(steps=300, cpu=True)
    found = {}
    with tfutil.init_tf(cpu=True):
        classifier = classifier_training.TrainableClassifier('small', [1, 16, 16], CLASSES, 0.003)
        for who, images in added.items():
            training = Training('gan' if images else 'common', 1.0, 0, 0)
            found[who] = classifier_training.train_classifier(classifier, cfg, training, splits, images)['facts']
    return found


@ONCE
@pytest.mark.slow
def test_it_looks_good_only_where_it_saw_the_nodules_that_choose_the_step(facts):
    chance = np.log(3)
    assert facts['everybody']['inner_loss'] < chance - 0.1
    assert facts['training']['inner_loss'] == pytest.approx(facts['nobody']['inner_loss'], abs=0.05)
    assert facts['training']['inner_loss'] > chance - 0.05
    assert facts['everybody']['temperature'] < 2 < min(facts[who]['temperature'] for who in ('nobody', 'training'))
