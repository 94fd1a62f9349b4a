"""Training of the network that outlines nodules, on CT | mask pictures: phantoms, or a clinic's own."""

import collections
import glob
import os
import zlib

import numpy as np

import tfutil
from common import card, files, hounsfield, images, log
from metrics import outline_augmentation, outline_network, outlines, shapes
from metrics.outlines import SIZE
from tfutil import tf

WARM_UP = 100  # steps in which the learning rate rises
DECAY = 0.998  # of the moving average of the weights, in a step

# hu: float32 [N, SIZE, SIZE]; masks: bool [N, SIZE, SIZE]
Pairs = collections.namedtuple('Pairs', 'hu masks')


def read(folder):
    """The Pairs of a folder; HU by the window in its NAME.json, or the published one. Others than 64x64 are scaled."""
    names = sorted(glob.glob(os.path.join(glob.escape(folder), '*.png')))
    if not names:
        raise FileNotFoundError('%s holds no PNG pictures; make some with 0-dataset_create.py pairs' % folder)
    height = images.size(names[0])[1]
    pixels = np.stack([images.load(name, (height, 2 * height))[0] for name in names])
    masks = pixels[:, :, height:] > 0
    for name, mask in zip(names, masks):
        if not mask.any():
            raise ValueError('%s: its mask is blank; remove the file' % name)
    hu = card.of_data(folder).to_hu(pixels[:, :, :height])
    if height != SIZE:
        matrix = outlines.resampling(SIZE, height)
        hu, masks = [matrix.dot(x.astype(np.float32)).dot(matrix.T).transpose(1, 0, 2) for x in (hu, masks)]
        masks = masks > 0.5
    return Pairs(hu, masks)


class Trainer:
    """The network, its training step, and the moving average of its weights, which is kept."""

    def __init__(self, cfg, build=outline_network.outline_unet):
        self.cfg = cfg
        self.network = tfutil.Network('outlines', build, maps=cfg.maps)
        self.average = self.network.clone('average')
        fed = [None, SIZE, SIZE], [None, SIZE, SIZE], [None, 2], [], []
        self.feeds = [tf.placeholder(tf.float32, shape) for shape in fed]
        hu, masks, points, lrate, decay = self.feeds
        inputs = outline_network.inputs(hu, points)
        self.loss = _loss(self.network(inputs), masks)
        optimizer = tf.train.AdamOptimizer(lrate)
        step = optimizer.minimize(self.loss, var_list=list(self.network.trainables.values()))
        with tf.control_dependencies([step]):
            self.step = self.average.follow(self.network, decay)
        tfutil.run([variable.initializer for variable in optimizer.variables()])
        self._initialise()

    def _initialise(self):
        """Draw the weights from the seed (He et al. 2015)."""
        values = {}
        for name, variable in self.network.vars.items():
            random = np.random.RandomState([self.cfg.seed, zlib.crc32(name.encode())])
            shape = variable.shape.as_list()
            values[name] = np.zeros(shape)
            if name.endswith('weight'):
                values[name] = random.randn(*shape) * np.sqrt(2.0 / np.prod(shape[:-1]))
        self.network.set(values)
        self.average.set(values)

    def train_step(self, pairs, step):
        """The loss of a step; its number and the seed decide what is drawn."""
        cfg = self.cfg
        random = np.random.RandomState([cfg.seed, step])
        chosen = random.randint(len(pairs.hu), size=cfg.minibatch)
        drawn = outline_augmentation.draw(random, pairs.hu[chosen], pairs.masks[chosen])
        lrate = cfg.lrate * min(1, step / float(WARM_UP)) * (1 + np.cos(np.pi * step / cfg.steps)) / 2
        decay = min(DECAY, (1.0 + step) / (10 + step))  # the first weights are soon forgotten
        loss, _ = tfutil.run([self.loss, self.step], dict(zip(self.feeds, drawn + (lrate, decay))))
        if not np.isfinite(loss):
            raise ValueError('the loss is not finite; choose a smaller --lrate than %g' % cfg.lrate)
        return float(loss)


def _loss(logits, masks):
    """Cross-entropy of pixels, and 1 - soft Dice of patches (Milletari et al. 2016)."""
    cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=masks, logits=logits)
    probabilities = tf.sigmoid(logits)
    both, either = [tf.reduce_sum(x, axis=[1, 2]) for x in (probabilities * masks, probabilities + masks)]
    return 4 * tf.reduce_mean(cross_entropy) + tf.reduce_mean(1 - (2 * both + 1) / (either + 1))


def _diameters(masks):
    """Those of circles of the same areas, in pixels [N], 0 for an empty mask."""
    return np.nan_to_num(shapes.equivalent_diameter(masks))


def threshold(probabilities, masks):
    """The one above which pixels [N, R, R] count as nodule so that the mean diameter is that of the masks."""
    wanted, low, high = _diameters(masks).mean(), 0.01, 0.99
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if _diameters(probabilities > middle).mean() > wanted else (low, middle)
    return middle


def describe(found, masks):
    """How masks that were found agree with the true ones, as text: Dice, and Bland-Altman limits of diameters."""
    difference = _diameters(found) - _diameters(masks)
    dice = 2.0 * (found & masks).sum(axis=(1, 2)) / (found.sum(axis=(1, 2)) + masks.sum(axis=(1, 2)))
    numbers = dice.mean(), difference.mean(), 1.96 * difference.std(), len(masks)
    return 'Dice %.3f, diameter %+.2f +-%.2f pixels (95 %%) on %d patches' % numbers


def train(cfg):
    """Train as the record outline_settings.TrainOutlines says, and write the weights."""
    files.require_replaceable(cfg.out)
    parts = [read(folder) for folder in cfg.pairs]
    hu, masks = [np.concatenate(arrays) for arrays in zip(*parts)]
    order = np.random.RandomState(cfg.seed).permutation(len(hu))
    held_out = order[: max(int(cfg.held_out * len(hu)), 1)]
    learned = Pairs(hu[order[len(held_out) :]], masks[order[len(held_out) :]])
    if not len(learned.hu):
        raise ValueError('%d pairs, of which --held-out %g leaves none; make more' % (len(hu), cfg.held_out))
    with tfutil.init_tf(cpu=cfg.cpu):
        trainer = Trainer(cfg)
        for step in log.progress(range(cfg.steps), desc='steps'):
            trainer.train_step(learned, step)
        values = trainer.average.values()
    points = outline_augmentation.points_in(np.random.RandomState(cfg.seed), masks[held_out])
    with outlines.Outliner(outlines.Weights(cfg.maps, values), cfg.cpu) as outliner:
        found = outliner.probabilities(hu[held_out][:, None], hounsfield.GRAY, points)
    limit = threshold(found, masks[held_out])
    values['Out/bias'] = values['Out/bias'] - np.log(limit / (1 - limit))
    os.makedirs(os.path.dirname(os.path.abspath(cfg.out)), exist_ok=True)
    outlines.write(cfg.out, outlines.Weights(cfg.maps, values))
    print('%s: %s' % (cfg.out, describe(found > limit, masks[held_out])))
