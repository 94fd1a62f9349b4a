"""Where the pages of evaluations go: each has a folder, and none replaces that of other weights."""

import glob
import os

import config
from common import card, log, run_names, schema, types
from metrics.comparison import names

OUTPUT = os.path.join('demo', 'output')


def models(cfg):
    """(weight files to evaluate, folder that is asked for or None) of settings of config.Evaluate."""
    if not cfg.run:
        return cfg.model, cfg.outdir
    folder = run_names.find(cfg.run, config.Train().outdir)
    snapshots = run_names.snapshots(folder)
    if not snapshots:
        raise FileNotFoundError('%s has no snapshots yet; name another --run' % folder)
    return snapshots, cfg.outdir or os.path.join(OUTPUT, os.path.basename(os.path.abspath(folder)))


def name_of(model):
    """'AIS' of AIS.pkl, '000-AIS-network-final' of 000-AIS/network-final.pkl, which other runs have too."""
    parts = os.path.splitext(os.path.abspath(model))[0].split(os.sep)
    return '-'.join(parts[-2:]).strip('-') if parts[-1].startswith('network-') else parts[-1]


def _holds(folder, page, weights):
    """'nothing', 'the same' or 'another': the page NAME.html, or NAME.json, in a folder beside digests of weights."""
    paths = [os.path.join(folder, page + ending) for ending in ('.html', '.json')]
    if not any(map(os.path.lexists, paths)):
        return 'nothing'
    try:
        stored = schema.read(paths[1], {'weights': [types.text]}, '')['weights']
    except (OSError, ValueError):
        return 'another'
    return 'the same' if stored == weights else 'another'


def newest(digest):
    """The newest evaluation.json in demo/output of the weights of a digest alone; None if there is none."""
    folders = [path for depth in ('*', '*/*') for path in glob.glob(os.path.join(OUTPUT, depth))]
    paths = [
        os.path.join(path, 'evaluation.json') for path in folders if _holds(path, 'evaluation', [digest]) == 'the same'
    ]
    return max(paths, key=os.path.getmtime) if paths else None


def _states(folder, models, weights):
    """What `_holds` says of all pages of weight files in a folder."""
    if len(models) == 1:
        return [_holds(folder, 'evaluation', weights)]
    inner = [os.path.join(folder, name) for name in names(models)]
    states = [_holds(path, 'evaluation', [digest]) for path, digest in zip(inner, weights)]
    return states + [_holds(folder, 'comparison', weights)]


def choose(models, outdir=None):
    """The folder for the pages of weight files; a line says so where there is a page already.

    outdir: the folder that is asked for, by default one in demo/output that is named after the weights. Where it holds
    the page of other weights, a number is added to its name.
    """
    weights = [card.sha256(model) for model in models]
    wanted = os.path.normpath(outdir or os.path.join(OUTPUT, name_of(models[0]) if len(models) == 1 else 'comparison'))
    if os.path.basename(wanted) in ('', '.', '..'):
        wanted = os.path.abspath(wanted)
    folder, number = wanted, 1
    while 'another' in _states(folder, models, weights):
        number += 1
        folder = '%s-%d' % (wanted, number)
    if number > 1:
        log.warning('%s holds the page of other weights; this one will go to %s' % (wanted, folder))
    elif 'the same' in _states(folder, models, weights):
        log.warning('the page of the same weights in %s will be replaced' % folder)
    return folder
