"""Generators for each class and fold, trained one after another on the training sides; what is done is skipped."""

import os

import dataset
from classification import cross_validation
from classification.classify_settings import TRAINING
from common import locks, log, model_record
from config import Progan
from metrics import training_data
from training import launch, run_folder


def newest(outdir):
    """The newest run folder in a folder, or None."""
    try:
        return run_folder.find('latest', outdir)
    except FileNotFoundError:
        return None


def train(cfg, stop, given):
    """Train what is missing with settings.Gans; the number of a signal that ended it early, or None.

    given: names of the settings that were chosen; a run that goes on takes the others from its run.json.
    """
    several = cross_validation.Folds(cfg.data)
    if cfg.pretrain:
        _check_pretrained(cfg.pretrain, several)
    with locks.held(cfg.outdir, 'wait for it or choose another --outdir'):
        return _train(cfg, stop, given, several)


def _train(cfg, stop, given, several):
    options = {name: value for name, value in cfg._asdict().items() if name in TRAINING}
    labels = [''] if cfg.conditional else several.classes
    jobs = [(fold, label) for fold in range(several.number) for label in labels]
    for number, (fold, label) in enumerate(jobs):
        outdir = os.path.join(cfg.outdir, 'fold%d' % fold, label)
        data = os.path.normpath(os.path.join(several.folder(fold, 'train'), label))
        run = newest(outdir)
        final = run and os.path.join(run, run_folder.FINAL)
        if run and os.path.exists(final):
            if model_record.data_facts(final).get('digest') != dataset.Pyramid(data).digest:
                raise ValueError('%s learnt from other data than %s; choose another --outdir' % (final, data))
            log.info('%d of %d: %s is there' % (number + 1, len(jobs), run))
            continue
        log.info('%d of %d: %s' % (number + 1, len(jobs), outdir))
        progan = Progan(
            data=data, outdir=outdir, resume=run, transfer=cfg.pretrain, conditional=cfg.conditional,
            **options
        )  # fmt: skip
        stopped = launch.train(progan, stop, [name for name in given if name in TRAINING])
        if stopped:
            return stopped
    return None


def _check_pretrained(path, several):
    """Refuse weights that learnt from any of the folds' nodules, or of which nobody knows."""
    known = training_data.learnt_from(path)
    if known is None:
        words = '--pretrain %s: not known from which nodules it learnt (no run.json with their names is beside it)'
        raise ValueError(words % path)
    for tested in several.tested:
        both = training_data.in_common(tested, known)
        if both:
            raise ValueError('--pretrain %s learnt from the %s %s; it is to have seen none of them' % ((path,) + both))
