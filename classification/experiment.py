"""The experiment: every arm, ratio, repeat and fold, one training after another, and none twice."""

import csv
import io
import json
import os
import time
import zlib

import numpy as np

import tfutil
from classification import arms, cross_validation, learner, parts
from classification.generators import Generators
from classification.parts import Job
from common import files, locks, schema, types
from metrics.chunks import progress_bar
from stats import calibration

CHECKS = 10  # times that a training is looked at on the inner validation nodules
INNER = 0.2  # share of these of the training side
FREE = 'outdir cpu'.split()  # settings that may change when an experiment goes on


def wanted(cfg):
    """[(arm, ratio)] that the settings ask for; ValueError for an arm that there is not."""
    found = []
    for name in cfg.arms.split(','):
        if name not in arms.ARMS:
            raise ValueError('--arms %s: there is no such arm; choose from %s' % (name, ','.join(arms.ARMS)))
        ratios = map(float, cfg.ratios.split(',')) if name in arms.RATIOS else [None]
        found += [(name, ratio) for ratio in ratios]
    if all(arms.ARMS[name].tested != 'real' for name, _ in found):
        raise ValueError('--arms %s: none of them is tested on real images; add one, as common' % cfg.arms)
    return found


class Fold:
    """What is learnt from and tested on in a fold. added: {source: (images, labels)}, many of each class."""

    def __init__(self, train, test, classes, added):
        self.train, self.test, self.classes, self.added = train, test, classes, added

    def pool(self, names, ratio, labels, chosen):
        """The Pool of sources, real images being those chosen, with these labels [N] of all."""
        real = self.train.images[chosen], labels[chosen]
        counts, parts = np.bincount(real[1], minlength=self.classes), []
        for name in names:
            if name == 'real':
                parts.append(real)
                continue
            images, known = real if name == 'duplicates' else self.added[name]
            for label, count in enumerate(counts):
                own = np.flatnonzero(known == label)
                taken = own[np.arange(max(int(round((ratio or 1.0) * count)), 1)) % len(own)]
                parts.append((images[taken], known[taken]))
        return arms.joined(parts, self.classes)


def fit(model, cfg, arm, pools, inner, key):
    """Train a Learner on the pool of each of an arm's phases; (weights, facts) of the step that was best.

    inner: a function that gives the loss on the inner validation nodules; key: of everything random.
    """
    every, best, losses = max(cfg.steps // CHECKS, 1), (np.inf, 0, None), []
    ends = np.rint(np.cumsum([share for share, _ in arm.phases]) * cfg.steps).astype(int)
    for step in range(cfg.steps):
        phase = min(int(np.searchsorted(ends, step, side='right')), len(pools) - 1)
        random = np.random.RandomState(key + [3, step])
        pixels, labels = pools[phase].draw(random, cfg.minibatch, step)
        images = learner.as_images(arms.changed(pixels, random) if arm.changed else pixels)
        labels = np.eye(pools[phase].classes)[labels]
        if arm.mixed:
            images, labels = arms.cutmix(images, labels, random)
        losses.append(model.train(images, labels, random))
        if phase == len(pools) - 1 and ((step + 1) % every == 0 or step + 1 == cfg.steps):
            loss = inner()
            if loss < best[0]:
                best = loss, step + 1, model.values()
    return best[2], dict(step=best[1], inner_loss=best[0], loss=float(np.mean(losses[-every:])))


def train(model, cfg, fold, job):
    """What a job gives: {'facts': ..., 'predictions': [[nodule, label, probabilities]]}, and the weights."""
    arm, begin = arms.ARMS[job.arm], time.time()
    common = [cfg.seed, job.repeat, job.fold]  # the same weights and inner validation nodules for all arms
    key = common + [zlib.crc32(job.arm.encode()), int(1000 * (job.ratio or 0))]
    learnt, held = cross_validation.split(fold.train, INNER, np.random.RandomState(common + [1]))
    labels = fold.train.labels
    if arm.shuffled:
        labels = arms.shuffled(labels, fold.train.nodules, np.random.RandomState(key + [2]))
    pools = [fold.pool(names, job.ratio, labels, learnt) for _, names in arm.phases]
    model.initialise(common + [4])
    nodules = [fold.train.nodules[i] for i in held]
    own = dict(zip(nodules, labels[held]))

    def validate():
        names, found = learner.by_nodule(model.predict(fold.train.images[held]), nodules)
        return found, np.array([own[name] for name in names])

    def inner():
        found, wanted = validate()
        return float(-found[np.arange(len(wanted)), wanted].mean())

    values, facts = fit(model, cfg, arm, pools, inner, key)
    model.average.set(values)
    facts.update(temperature=calibration.temperature(*validate()))
    images, wanted, names = _tested(fold, arm, job)
    order, found = learner.by_nodule(model.predict(images), names)
    own = dict(zip(names, wanted))
    facts.update(seconds=round(time.time() - begin, 1))
    rows = [[name, int(own[name])] + np.exp(p).round(6).tolist() for name, p in zip(order, found)]
    return dict(facts=facts, predictions=rows), values


def _tested(fold, arm, job):
    """(images, labels, names of their nodules) that an arm is tested on."""
    if arm.tested == 'real':
        return fold.test.images, fold.test.labels, fold.test.nodules
    images, labels = fold.added[arm.tested]
    nodules = dict(zip(fold.test.nodules, fold.test.labels))  # as many generated images as there are nodules
    counts = np.bincount(list(nodules.values()), minlength=fold.classes)
    chosen = np.concatenate([np.flatnonzero(labels == label)[:count] for label, count in enumerate(counts)])
    return images[chosen], labels[chosen], ['generated-%d-%d' % (job.fold, i) for i in chosen]


def _open(cfg, about):
    """The folder of the experiment, new, or that of the same one; ValueError if it is another's."""
    path = os.path.join(cfg.outdir, 'run.json')
    os.makedirs(os.path.join(cfg.outdir, 'parts'), exist_ok=True)
    os.makedirs(os.path.join(cfg.outdir, 'classifiers'), exist_ok=True)
    settings = {name: value for name, value in cfg._asdict().items() if name not in FREE}
    wanted = json.loads(json.dumps(dict(settings=settings, data=about)))
    if os.path.exists(path):
        known = schema.read(path, dict(settings=types.mapping, data=types.mapping), 'choose another --outdir')
        for name in wanted['settings']:
            if known['settings'].get(name) != wanted['settings'][name]:
                words = '%s has an experiment with --%s %s; choose another --outdir, or give the same'
                raise ValueError(words % (cfg.outdir, name.replace('_', '-'), known['settings'].get(name)))
        if known['data'] != wanted['data']:
            raise ValueError('%s has an experiment with other data; choose another --outdir' % cfg.outdir)
        return
    with files.atomic(path, durable=True) as f:
        f.write(json.dumps(wanted, indent=1).encode())


def _added(cfg, number, classes, side, test, generators, most):
    """{source: (images, labels)} of a fold, as many of each class as the largest ratio takes."""
    counts = np.bincount(side.labels)
    wanted, shape = [max(int(np.ceil(most * count)), 1) for count in counts], side.images.shape[1:]
    found = {}
    if generators:
        found['gan'] = generators.images(number, wanted, cfg.seed, shape, cfg.cpu)
    for source, pattern in (('pix2pix', cfg.pix2pix), ('phantom', cfg.phantoms)):
        if pattern:
            found[source] = cross_validation.added(pattern, number, classes, test)
    return found


def _sources(cfg, several, cases):
    """(Generators or None, {source: a digest for each fold}) of what the arms need; ValueError if it is not given."""
    needs = {name for arm, _ in cases for name in parts.sources(arm)}
    generators, digests = None, {}
    if 'gan' in needs:
        generators = Generators(cfg.generators, several, cfg.trust_generators)
        digests['gan'] = generators.digests
    for source, given, flag in (('pix2pix', cfg.pix2pix, '--pix2pix'), ('phantom', cfg.phantoms, '--phantoms')):
        if source in needs:
            if not given:
                raise ValueError('the arm %s needs %s' % (source, flag))
            digests[source] = cross_validation.digests(given, several.number, several.classes)
    return generators, digests


def run(cfg, stop):
    """Train what is missing and write predictions.csv; (folds.Folds, [(Job, what it gave)]). Stopped at a signal."""
    several, cases = cross_validation.Folds(cfg.data), wanted(cfg)
    generators, digests = _sources(cfg, several, cases)
    jobs = [Job(arm, ratio, repeat, fold) for fold in range(several.number) for repeat in range(cfg.repeats)
            for arm, ratio in cases]  # fmt: skip
    made_of = {}
    for job in jobs:
        made_of[job] = dict(data=several.digest, **{name: str(getattr(cfg, name)) for name in parts.SETTINGS})
        made_of[job].update({source: digests[source][job.fold] for source in parts.sources(job.arm)})
    with locks.held(cfg.outdir, 'wait for it or choose another --outdir'):
        _open(cfg, dict(classes=several.classes, folds=several.number, digest=several.digest))
        results = 'predictions.csv', 'classification.json', 'classification.html'
        files.require_replaceable(*(os.path.join(cfg.outdir, name) for name in results))
        found = parts.read(cfg.outdir, jobs, several, made_of)
        for number in range(several.number):
            missing = [job for job in jobs if job.fold == number and job not in found]
            if missing:
                found.update(_trained(cfg, stop, several, number, generators, missing, made_of))
        return several, _collect(cfg, [(job, found[job]) for job in jobs], several.classes)


def _trained(cfg, stop, several, number, generators, missing, made_of):
    """{job: what it gave} of the missing jobs of a fold."""
    (side, test), found = several.sides(number), {}
    most = max([ratio or 1.0 for _, ratio in wanted(cfg)])
    added = _added(cfg, number, several.classes, side, test, generators, most)
    fold = Fold(side, test, len(several.classes), added)
    with tfutil.init_tf(cpu=cfg.cpu):
        model = learner.Learner(cfg.network, side.images.shape[1:], several.classes, cfg.lrate)
        for job in progress_bar('fold %d' % number)(missing):
            stop.check()
            found[job], values = train(model, cfg, fold, job)
            if job.repeat == 0:
                _keep(cfg, model, values, job, dict(digest=several.digest, names=side.names))
            parts.write(cfg.outdir, job, found[job], made_of[job])
    return found


def _keep(cfg, model, values, job, learnt):
    """Write the classifier of a job, and beside it from whom it learnt."""
    name = os.path.splitext(os.path.basename(parts.path(cfg.outdir, job)))[0].replace('-repeat0', '')
    path = os.path.join(cfg.outdir, 'classifiers', name)
    model.save(path + '.pkl', values)
    with files.atomic(path + '.json', durable=True) as f:
        f.write(json.dumps(dict(data=learnt)).encode())


def _collect(cfg, found, classes):
    """predictions.csv of [(Job, what it gave)], which is given back."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(['arm', 'ratio', 'repeat', 'fold', 'nodule', 'label'] + ['p_' + name for name in classes])
    for job, gave in found:
        for nodule, label, *probabilities in gave['predictions']:
            ratio = '' if job.ratio is None else '%g' % job.ratio
            writer.writerow([job.arm, ratio, job.repeat, job.fold, nodule, classes[label]] + probabilities)
    with files.atomic(os.path.join(cfg.outdir, 'predictions.csv')) as f:
        f.write(text.getvalue().encode())
    return found
