"""The training of one classifier of an experiment; every random number depends on a seed."""

import json
import time
import zlib

import numpy as np

import tfutil
from classification import arms, cnn
from classification.classifier import Predictor, as_floats, mean_by_nodule
from stats import calibration
from tfutil import tf
from training.optimizers import check_finite, save_finite

SMOOTHING = 0.1  # of labels: Szegedy et al. 2016
DROPOUT = 0.3
DECAY = 0.98  # of the moving average of the weights, in a step
CHECKS = 10  # times that a training is measured on the validation split


class TrainableClassifier:
    """A network of cnn.BUILDERS with its training step, and the moving average of its weights, which predicts.

    shape: of an image, [C, R, R]; classes: their names. `initialise` it before the first step.
    """

    def __init__(self, network, shape, classes, lrate):
        options = dict(size=int(shape[1]), num_channels=int(shape[0]), num_classes=len(classes))
        self.C = tfutil.Network('C', cnn.BUILDERS[network], class_names=json.dumps(classes), **options)
        self.average = self.C.clone('average')
        self.predict = Predictor(self.average)
        images, dropout = self.C.inputs
        self.features = int(dropout.shape[1])
        labels = tf.placeholder(tf.float32, [None, len(classes)])
        self.feeds = images, labels, dropout
        smooth = labels * (1 - SMOOTHING) + SMOOTHING / len(classes)
        losses = tf.nn.softmax_cross_entropy_with_logits_v2(labels=smooth, logits=self.C.outputs[0])
        self.loss = tf.reduce_mean(losses)
        self.optimizer = tf.train.AdamOptimizer(lrate)
        step = self.optimizer.minimize(self.loss, var_list=list(self.C.trainables.values()))
        with tf.control_dependencies([step]):
            self.step = self.average.follow(self.C, DECAY)

    def initialise(self, seed):
        """Begin anew with weights drawn from a seed, a list of integers."""
        tfutil.run([variable.initializer for variable in self.optimizer.variables()])
        values = {}
        for name, variable in self.C.vars.items():
            random = np.random.RandomState(seed + [zlib.crc32(name.encode())])
            shape = variable.shape.as_list()
            values[name] = np.zeros(shape)
            if name.endswith('weight'):
                gain = 1.0 if name.startswith('Dense') or 'Shortcut' in name else np.sqrt(2)
                values[name] = random.randn(*shape) * gain / np.sqrt(np.prod(shape[:-1]))
        for network in (self.C, self.average):
            network.set(values)

    def train_step(self, images, labels, random):
        """The loss of a step on images [N, C, R, R] in -1..1 and labels [N, classes] that sum to 1."""
        dropout = cnn.dropout(random, len(images), self.features, DROPOUT)
        loss, _ = tfutil.run([self.loss, self.step], dict(zip(self.feeds, (images, labels, dropout))))
        check_finite({'the loss of the classifier': loss})
        return float(loss)

    def save(self, path):
        """Write the network that predicts."""
        save_finite(path, (self.average,))


class NodulePredictions:
    """Predictions of the nodules of some images. images: uint8 [N, C, R, R]; labels, nodules: [N], of the images.

    nodules: names in the order of their first image; labels: [nodules]; log_probabilities: [nodules, K].
    """

    def __init__(self, classifier, images, labels, nodules):
        label_of = dict(zip(nodules, labels))
        self.nodules, self.log_probabilities = mean_by_nodule(classifier.predict(images), nodules)
        self.labels = np.array([int(label_of[nodule]) for nodule in self.nodules])

    def loss(self):
        """The mean cross-entropy."""
        return float(-self.log_probabilities[np.arange(len(self.labels)), self.labels].mean())


def train_classifier(classifier, cfg, training, splits, added):
    """The result of a training (see training_results); the classifier is left with the weights of the best step.

    cfg: classify_settings.Run; training: a Training; splits: the training, validation and test Split; added: {source:
    (images, labels)}.
    """
    begin = time.time()
    arm = arms.ARMS[training.arm]
    train, validation, test = splits
    seed = [cfg.seed, training.repeat, training.fold]  # of the weights: the same for all arms
    arm_seed = seed + [zlib.crc32(training.arm.encode()), int(1000 * (training.ratio or 0))]
    if arm.shuffle:
        random = np.random.RandomState(arm_seed + [2])
        train, validation = [
            split._replace(labels=arms.shuffle_labels(split.labels, split.nodules, random))
            for split in (train, validation)
        ]
    real = train.images, train.labels
    if training.arm == 'duplicates':
        added = dict(added, duplicates=arms.perturbed(real, training.ratio, np.random.RandomState(arm_seed + [5])))
    pools = [arms.build_pool(sources, real, added, training.ratio, len(train.classes)) for _, sources in arm.phases]
    chosen_on = validation.images, validation.labels, validation.nodules

    classifier.initialise(seed + [4])
    facts = _fit(classifier, cfg, arm, pools, chosen_on, arm_seed)
    predicted = NodulePredictions(classifier, *chosen_on)
    facts['temperature'] = calibration.temperature(predicted.log_probabilities, predicted.labels)
    tested = NodulePredictions(classifier, *_test_images(arm, training.fold, test, added))
    facts['seconds'] = round(time.time() - begin, 1)
    rows = zip(tested.nodules, tested.labels.tolist(), np.exp(tested.log_probabilities).round(6).tolist())
    return dict(facts=facts, predictions=[[nodule, label] + p for nodule, label, p in rows])


def _fit(classifier, cfg, arm, pools, validation, seed):
    """Train on the Pool of each phase of an arm; the facts of the step with the lowest loss on validation nodules."""
    check_every = max(cfg.steps // CHECKS, 1)
    ends = np.rint(np.cumsum([share for share, _ in arm.phases]) * cfg.steps).astype(int)
    best_loss, best_step, best_weights = np.inf, 0, None
    losses = []
    for step in range(cfg.steps):
        phase = min(int(np.searchsorted(ends, step, side='right')), len(pools) - 1)
        random = np.random.RandomState(seed + [3, step])
        pixels, indices = pools[phase].draw(random, cfg.minibatch, step)
        images = as_floats(arms.augment(pixels, random) if arm.augment else pixels)
        labels = np.eye(pools[phase].classes)[indices]
        if arm.mix:
            images, labels = arms.cutmix(images, labels, random)
        losses.append(classifier.train_step(images, labels, random))
        is_check = (step + 1) % check_every == 0 or step + 1 == cfg.steps
        if is_check and phase == len(pools) - 1:
            loss = NodulePredictions(classifier, *validation).loss()
            if loss < best_loss:
                best_loss, best_step, best_weights = loss, step + 1, classifier.average.values()
    classifier.average.set(best_weights)
    return dict(step=best_step, inner_loss=best_loss, loss=float(np.mean(losses[-check_every:])))


def _test_images(arm, fold, test_split, added):
    """(images, labels, names of their nodules) that an arm is tested on: as many as there are nodules if generated."""
    if arm.tested_on == 'real':
        return test_split.images, test_split.labels, test_split.nodules
    images, labels = added[arm.tested_on]
    label_of = dict(zip(test_split.nodules, test_split.labels))
    counts = np.bincount(list(label_of.values()), minlength=len(test_split.classes))
    chosen = np.concatenate([np.flatnonzero(labels == label)[:count] for label, count in enumerate(counts)])
    names = ['generated-%d-%d' % (fold, i) for i in range(len(chosen))]  # the same in each repeat
    return images[chosen], labels[chosen], names
