"""The classifiers' networks and their training step."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import tfutil
from classification import cnn
from classification.classifier import as_floats
from classification.classifier_training import TrainableClassifier
from reference import add, conv, leaky, shrink
from stats import calibration
from tfutil import tf

CLASSES = ['AIS', 'MIA', 'IA']


@pytest.mark.parametrize('name, parameters', [('small', 245123), ('resnet10', 306695)])
def test_a_network_has_as_many_parameters_as_are_published_and_gives_logits(session, name, parameters):
    net = tfutil.Network('C', cnn.BUILDERS[name])
    assert sum(int(np.prod(v.shape.as_list())) for v in net.vars.values()) == parameters
    assert net.run(np.zeros([5, 1, 64, 64]), np.ones([5, 128])).shape == (5, 3)


@pytest.mark.parametrize('name', ['small', 'resnet10'])
def test_a_network_is_what_numpy_computes(session, name):
    net = tfutil.Network('C', cnn.BUILDERS[name], size=16, features=16)
    random = np.random.RandomState(1)
    values = {k: random.randn(*v.shape) * 0.3 for k, v in net.values().items()}
    net.set(values)
    image = random.randn(1, 1, 16, 16)

    def layer(x, scope):
        y = conv(x, values[scope + '/weight'])
        return add(y, values, scope) if scope + '/bias' in values else y

    x = image
    if name == 'small':
        for stage in range(4):
            x = leaky(layer(x, 'Conv%d_0' % stage))
            x = shrink(x) if stage < 3 else leaky(layer(x, 'Conv3_1'))
    else:
        x = layer(x, 'Conv')
        for block in range(4):
            scope = 'Block%d/' % block
            x = x if block == 0 else shrink(x)
            y = layer(leaky(layer(leaky(x), scope + 'Conv0')), scope + 'Conv1')
            x = (layer(x, scope + 'Shortcut') if block else x) + y * values[scope + 'factor']
        x = leaky(x)
    expected = x.mean(axis=(2, 3)).dot(values['Dense/weight']) + values['Dense/bias']
    assert_allclose(net.run(image, np.ones([1, 16])), expected, rtol=1e-4, atol=1e-4)


def test_dropout_leaves_the_mean_of_features_as_it_is():
    factors = cnn.dropout(np.random.RandomState(0), 500, 64, 0.3)
    assert set(np.unique(factors)) == {0, np.float32(1 / 0.7)} and factors.mean() == pytest.approx(1, abs=0.02)


def blobs(count, seed):
    """Images of three classes: a spot that is dark, gray or bright, on noise."""
    random, labels = np.random.RandomState(seed), np.arange(count) % 3
    at = np.hypot(*np.mgrid[-7.5:8:1, -7.5:8:1]) < 4
    pixels = 90 + 8 * random.randn(count, 1, 16, 16) + np.array([0, 30, 60])[labels][:, None, None, None] * at
    return np.clip(pixels, 0, 255).astype(np.uint8), labels


@pytest.mark.slow
@pytest.mark.parametrize('name', ['small', 'resnet10'])
def test_a_classifier_learns_what_is_there_and_the_average_of_its_weights_predicts_it(session, name):
    model = TrainableClassifier(name, [1, 16, 16], CLASSES, 0.002)
    model.initialise([1])
    pixels, labels = blobs(300, 1)
    for step in range(120):
        random = np.random.RandomState([1, step])
        chosen = random.randint(300, size=24)
        model.train_step(as_floats(pixels[chosen]), np.eye(3)[labels[chosen]], random)
    unseen, labels_of_unseen = blobs(90, 2)
    log_probabilities = model.predict(unseen)
    assert (log_probabilities.argmax(axis=1) == labels_of_unseen).mean() > 0.9
    assert_allclose(np.exp(log_probabilities).sum(axis=1), 1, rtol=1e-5)
    assert calibration.brier(labels_of_unseen, np.exp(log_probabilities)) < 0.5


def test_two_trainings_of_a_seed_are_the_same_bit_for_bit_and_a_later_one_leaves_no_trace(session):
    model, (pixels, labels) = TrainableClassifier('small', [1, 16, 16], CLASSES, 0.001), blobs(30, 1)

    def trained(seed):
        model.initialise([seed])
        for step in range(3):
            model.train_step(as_floats(pixels), np.eye(3)[labels], np.random.RandomState([seed, step]))
        return model.predict(pixels)

    first, other, again = trained(1), trained(2), trained(1)
    assert (first == again).all() and (first != other).any()


def test_loss_is_the_cross_entropy_with_smoothed_labels(session):
    model, (pixels, labels) = TrainableClassifier('small', [1, 16, 16], CLASSES, 0.001), blobs(6, 1)
    model.initialise([1])
    images, ones = as_floats(pixels), np.ones([6, 128])
    logits = model.C.run(images, ones)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    expected = -((np.eye(3)[labels] * 0.9 + 0.1 / 3) * log_p).sum(axis=1).mean()
    loss = tfutil.run(model.loss, dict(zip(model.feeds, (images, np.eye(3)[labels], ones))))
    assert loss == pytest.approx(expected, rel=1e-5)
    assert tf.trainable_variables()
