"""The experiment, from the plan of its trainings to its page; what was trained before is not trained again."""

import itertools
import os

import tfutil
from classification import arms, classifier_training, comparisons, cross_validation, experiment_page, training_results
from classification.added_images import AddedImages
from classification.training_results import Training
from common import card, files, locks, log, schema, types
from metrics.parallel import progress_bar

CHANGEABLE = 'outdir', 'cpu'  # settings that may change when an experiment goes on
TABLES = 'predictions.csv', 'classification.json', 'classification.html'


def run(cfg, stop):
    """Train every arm in every fold, and write the predictions, what they show, and the page of classify_settings.Run.

    stop: signals.Stop, which is checked before each training. Returns {Training: result}.
    """
    pairs = arms_and_ratios(cfg)
    folds = cross_validation.Folds(cfg.data, cfg.repeats)
    for name, other, _ in folds.near_pairs:
        log.warning('%s and %s look like slices of one nodule, in both splits of a fold; look at them' % (name, other))
    comparison = comparisons.plan(pairs, folds, cfg.repeats)
    print('\n'.join(comparisons.plan_text(comparison)), flush=True)
    added = AddedImages(cfg, folds, {source for arm, _ in pairs for source in arms.added_sources(arm)})
    made_of = {training: _made_of(cfg, folds, added, training) for training in plan(cfg, folds, pairs)}
    with locks.held(cfg.outdir, 'wait for it or choose another --outdir'):
        _open_folder(cfg, folds, comparison)
        results = training_results.read(cfg.outdir, made_of, folds)
        missing = [training for training in made_of if training not in results]
        for (fold, repeat), trainings in itertools.groupby(missing, key=lambda each: (each.fold, each.repeat)):
            results.update(_train_repeat(cfg, stop, folds, added, fold, repeat, list(trainings), made_of))
        results = {training: results[training] for training in made_of}
        _write_predictions(cfg.outdir, folds, results)
        print(experiment_page.write(cfg, folds, results, comparison))
    print('classification.html, classification.json and predictions.csv are in %s' % cfg.outdir)
    return results


def arms_and_ratios(cfg):
    """[(arm, ratio)] of the settings, ratio None for an arm that adds nothing; ValueError for an unknown arm."""
    pairs = []
    for arm in cfg.arms.split(','):
        if arm not in arms.ARMS:
            raise ValueError('--arms %s: there is no such arm; choose from %s' % (arm, ','.join(arms.ARMS)))
        ratios = map(float, cfg.ratios.split(',')) if arms.has_ratio(arm) else [None]
        pairs += [(arm, ratio) for ratio in ratios]
    if all(arms.ARMS[arm].tested_on != 'real' for arm, _ in pairs):
        raise ValueError('--arms %s: none of them is tested on real images; add one, as common' % cfg.arms)
    return pairs


def plan(cfg, folds, pairs):
    """All Trainings, fold by fold."""
    return [Training(arm, ratio, repeat, fold) for fold in range(folds.count) for repeat in range(cfg.repeats)
            for arm, ratio in pairs]  # fmt: skip


def _made_of(cfg, folds, added, training):
    """{name: text} of all that the result of a training depends on."""
    made_of = dict(data=folds.digest)
    settings = cfg._asdict()
    made_of.update({name: str(settings[name]) for name in training_results.SETTINGS})
    place = training.fold, training.repeat
    made_of.update({name: added.digests[name][place] for name in arms.added_sources(training.arm)})
    return made_of


def _open_folder(cfg, folds, comparison):
    """Make the folder of the experiment, or go on in it; ValueError if it is of another experiment.

    FILE FORMAT: run.json has the settings, facts about the data, and the `comparison` that was named before the run.
    """
    path = os.path.join(cfg.outdir, 'run.json')
    os.makedirs(os.path.join(cfg.outdir, 'parts'), exist_ok=True)
    os.makedirs(os.path.join(cfg.outdir, 'classifiers'), exist_ok=True)
    settings = {name: value for name, value in cfg._asdict().items() if name not in CHANGEABLE}
    data = dict(classes=folds.classes, folds=folds.count, digest=folds.digest)
    if os.path.exists(path):
        before = schema.read(path, dict(settings=types.mapping, data=types.mapping), 'choose another --outdir')
        for name, value in settings.items():
            if before['settings'].get(name) != value:
                message = '%s has an experiment with --%s %s; choose another --outdir, or give the same'
                raise ValueError(message % (cfg.outdir, name.replace('_', '-'), before['settings'].get(name)))
        if before['data'] != data:
            raise ValueError('%s has an experiment with other data; choose another --outdir' % cfg.outdir)
    else:
        files.write_json(path, dict(settings=settings, data=data, comparison=comparison), durable=True)
    files.require_replaceable(*(os.path.join(cfg.outdir, name) for name in TABLES))


def _train_repeat(cfg, stop, folds, added, fold, repeat, missing, made_of):
    """{Training: result} of the missing trainings of a repeat and fold, each written as soon as it is there."""
    splits = train, validation, _ = folds.splits(fold, repeat)
    learned = {kind: sorted(set(train.names[kind] + validation.names[kind])) for kind in card.KINDS}
    largest_ratio = max(ratio or 1.0 for _, ratio in arms_and_ratios(cfg))
    images = added.of_repeat(fold, repeat, splits, largest_ratio)
    results = {}
    with tfutil.init_tf(cpu=cfg.cpu):
        shape = train.images.shape[1:]
        classifier = classifier_training.TrainableClassifier(cfg.network, shape, folds.classes, cfg.lrate)
        for training in progress_bar('fold %d, repeat %d' % (fold, repeat))(missing):
            stop.check()
            results[training] = classifier_training.train_classifier(classifier, cfg, training, splits, images)
            if training.repeat == 0:
                _keep_classifier(cfg.outdir, classifier, training, dict(digest=folds.digest, names=learned))
            training_results.write(cfg.outdir, training, results[training], made_of[training])
    return results


def _keep_classifier(outdir, classifier, training, data):
    """Write the classifier of a first repeat, and beside it from which data it learned."""
    name = os.path.basename(training_results.path(outdir, training))[: -len('.json')].replace('-repeat0', '')
    path = os.path.join(outdir, 'classifiers', name)
    classifier.save(path + '.pkl')
    files.write_json(path + '.json', dict(data=data), durable=True)


def _write_predictions(outdir, folds, results):
    """FILE FORMAT: predictions.csv has a row for each nodule that a training predicted.

    patient: as in NAME.json; where it is not recorded, the scan or else the nodule.
    """
    rows = [['arm', 'ratio', 'repeat', 'fold', 'patient', 'nodule', 'label'] + ['p_' + name for name in folds.classes]]
    for training, result in results.items():
        ratio = '' if training.ratio is None else '%g' % training.ratio
        for nodule, label, *probabilities in result['predictions']:
            row = [training.arm, ratio, training.repeat, training.fold, folds.patient_of(nodule), nodule]
            row.append(folds.classes[label])
            rows.append(row + probabilities)
    files.write_csv(os.path.join(outdir, 'predictions.csv'), rows)
