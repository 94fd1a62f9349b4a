"""Training of a generator for each class, fold and inner fold; what is done is skipped."""

import itertools
import os

import dataset
from classification import cross_validation
from classification.classify_settings import TRAINING
from common import card, locks, log, run_names
from config import Train
from training import checkpoint, launch


def train_generators(cfg, stop, explicit):
    """Train what is missing of classify_settings.Gans; signals.Stopped if a signal ended it early.

    explicit: names of the settings that were given; a run that goes on takes the others from its run.json.
    """
    folds = cross_validation.Folds(cfg.data, cfg.repeats)
    if cfg.pretrain:
        _check_pretrained(cfg.pretrain, folds)
    labels = [''] if cfg.conditional else folds.classes
    jobs = list(itertools.product(range(cfg.repeats), range(folds.count), labels))
    with locks.held(cfg.outdir, 'wait for it or choose another --outdir'):
        for i, (inner, fold, label) in enumerate(jobs):
            outdir = os.path.join(cfg.outdir, 'fold%d' % fold, 'inner%d' % inner, label)
            data = os.path.normpath(os.path.join(folds.folder(fold, 'train', inner), label))
            run = _newest_run(outdir)
            if run and _is_finished(run, data):
                log.info('%d of %d: %s is there' % (i + 1, len(jobs), run))
                continue
            log.info('%d of %d: %s' % (i + 1, len(jobs), outdir))
            launch.launch(_settings(cfg, inner, data, outdir, run), stop, [x for x in explicit if x in TRAINING])


def _settings(cfg, inner, data, outdir, run):
    options = {name: value for name, value in cfg._asdict().items() if name in TRAINING}
    options['seed'] = (cfg.seed + inner) % 2**32
    return Train(data=data, outdir=outdir, resume=run, transfer=cfg.pretrain, conditional=cfg.conditional, **options)


def _newest_run(outdir):
    try:
        return run_names.find('latest', outdir)
    except FileNotFoundError:
        return None


def _is_finished(run, data):
    """Whether a run is complete; ValueError if it learned from other data."""
    final = os.path.join(run, checkpoint.FINAL)
    if not os.path.exists(final):
        return False
    if card.of_weights(final).digest != dataset.Pyramid(data).digest:
        raise ValueError('%s learned from other data than %s; choose another --outdir' % (final, data))
    return True


def _check_pretrained(path, folds):
    """ValueError for weights that learned from any of the folds' nodules, or from unknown data."""
    learned = card.of_weights(path).names
    if not (learned or {}).get('nodule'):
        message = '--pretrain %s: not known from which nodules it learned (no run.json with their names is beside it)'
        raise ValueError(message % path)
    for names in folds.test_names:
        shared = card.in_common(names, learned)
        if shared:
            message = '--pretrain %s learned from the %s %s; it must have seen none of them'
            raise ValueError(message % ((path,) + shared))
