"""Trains on the phantoms of a few nodules in several ways and draws how they compare: docs/few-nodules.png.

An hour and a half on two cores. What was trained is kept in --workdir, and taken up from there.
"""

import os
import re
import subprocess
import sys
from multiprocessing.pool import ThreadPool

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [ROOT, os.path.join(ROOT, 'imgs')]

from matplotlib.figure import Figure  # noqa: E402

import drawing  # noqa: E402
from common.commandline import command, parse, settings  # noqa: E402
from common.types import positive, positive_float  # noqa: E402

Settings = settings(
    'Settings',
    nodules=(30, 'nodules to learn from', positive),
    many=(20000, 'nodules of the run that has enough', positive),
    number=(1000, 'held-out phantoms, and images of a generator, to compare', positive),
    kimg=(100.0, 'length of a run, in thousands of images', positive_float),
    seeds=(3, 'runs of each kind', positive),
    workdir=('few-nodules', 'folder of the phantoms, runs and figures'),
    outdir=('docs', 'the output path'),
)
MANY, AUGMENTED, ADAPTIVE = 'plain, many nodules', ['--augment-critic'], ['--augment-critic', 'adaptive']
# name: (colour, options); of the transferred ones, those that start from weights of the other classes.
ARMS = {
    'plain': ('#c44e52', []),
    'augmented': ('#dd8452', AUGMENTED),
    'adaptive': ('#4c72b0', ADAPTIVE),
    'adaptive, transfer, freeze': ('#55a868', ADAPTIVE + ['--freeze-critic', '1']),
    MANY: ('#767676', []),
}
INK, FAINT = '#222222', '#767676'


def script(name, *arguments):
    """Run a program of the project; RuntimeError with its last words if it fails."""
    done = subprocess.run(
        [sys.executable, os.path.join(ROOT, name)] + [str(argument) for argument in arguments],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError('%s: %s' % (name, done.stdout.decode()[-500:]))


def phantoms(cfg):
    """{role: dataset folder}, made where they are missing."""
    found = {}
    kinds = [
        ('few', 'AIS', cfg.nodules, 5, 100), ('held', 'AIS', cfg.number, 1, 200), ('many', 'AIS', cfg.many, 1, 300),
        ('other/MIA', 'MIA', 4 * cfg.nodules, 5, 400), ('other/IA', 'IA', 2 * cfg.nodules, 5, 500),
    ]  # fmt: skip
    for role, kind, number, slices, seed in kinds:
        folder, name = os.path.split(os.path.join(cfg.workdir, role))
        if not os.path.isfile(os.path.join(folder, name + '.html')):
            how = ['--number', number, '--slices', slices, '--seed', seed, '--resolution', 32]
            script('0-dataset_create.py', 'phantom', kind, '--outdir', folder, '--name', name, '--force', *how)
        found[role.split('/')[0]] = os.path.join(folder, name)
    return dict(found, other=os.path.join(cfg.workdir, 'other'))


def train(cfg, data, name, seed, *options):
    """The folder of a run, trained where it is not there whole."""
    outdir = os.path.join(cfg.workdir, '%s-%d' % (re.sub(r'\W+', '-', name), seed))
    run = os.path.join(outdir, '000-%s' % os.path.basename(data))
    if not os.path.isfile(os.path.join(run, 'network-final.pkl')):
        step, every = max(cfg.kimg / 50.0, 0.1), max(cfg.kimg / 10.0, 0.1)
        how = ['--fmap-max', 32, '--fmap-base', 256, '--minibatch', 16, '--precision', 'bf16', '--cpu', '--seed', seed]
        how += ['--lod-training-kimg', step, '--lod-transition-kimg', step, '--total-kimg', cfg.kimg]
        how += ['--tick-kimg', step, '--snapshot-kimg', every, '--keep', 0]
        script('3-train.py', *(['--data', data, '--outdir', outdir] + how + list(options)))
    return run


def measure(cfg):
    """{name of an arm: [figures of each run, as of `judged`]}, and {figure: [that of as many other phantoms]}."""
    import dataset
    from judged import judge, judged

    data = phantoms(cfg)
    start = os.path.join(train(cfg, data['other'], 'start', 0, '--snapshot-kimg', cfg.kimg), 'network-final.pkl')

    def one(job):
        name, seed = job
        options = ARMS[name][1] + ['--holdout', 0.02 if name == MANY else 0.2]
        if 'transfer' in name:
            options += ['--transfer', start, '--lod-initial-resolution', 32]
        return train(cfg, data['many' if name == MANY else 'few'], name, seed, *options)

    jobs = [(name, seed) for seed in range(cfg.seeds) for name in ARMS if name != MANY or not seed]
    cores = list(os.sched_getaffinity(0))
    with ThreadPool(len(cores), lambda: os.sched_setaffinity(0, [cores.pop()])) as pool:  # so are their programs
        runs = pool.map(one, jobs, chunksize=1)
    found = {name: [] for name in ARMS}
    for (name, _), run in zip(jobs, runs):
        found[name].append(judged(run, data))
    held, others = [list(dataset.Pyramid(data[role]).images.values())[-1] for role in ('held', 'many')]
    number = min(len(held), len(others))
    reals = judge(held[:number])(others[:number])
    return found, {name: [value] for name, value in reals.items()}


def roc(found):
    """How well the gap tells that it is time to stop: area under the ROC curve, and how many snapshots are past it.

    A snapshot is past it if the recall was better before and has fallen by a tenth of that since. The area is the share
    of pairs of one past it and one that is not in which the gap of the first is larger (Hanley and McNeil 1982).
    """
    past, others = [], []
    for snapshots in [run['snapshots'] for runs in found.values() for run in runs]:
        best = np.maximum.accumulate([snapshot['recall'] for snapshot in snapshots])
        for snapshot, before in zip(snapshots, best):
            if np.isfinite(snapshot['gap']):
                (past if snapshot['recall'] < 0.9 * before else others).append(snapshot['gap'])
    past, others = np.array(past), np.array(others)
    if not len(past) or not len(others):
        return float('nan'), len(past), len(others)
    larger = (past[:, None] > others) + 0.5 * (past[:, None] == others)
    return float(larger.mean()), len(past), len(others)


def table(found):
    """Lines of the last snapshots: mean and standard deviation over the runs of each arm."""
    names = sorted({name for runs in found.values() for run in runs for name in run['snapshots'][-1]} - {'kimg'})
    yield '| | %s |' % ' | '.join(names)
    for arm, runs in found.items():
        values = np.array([[run['snapshots'][-1][name] for name in names] for run in runs])
        cells = ['%.3g +- %.2g' % pair for pair in zip(values.mean(axis=0), values.std(axis=0, ddof=len(runs) > 1))]
        yield '| %s | %s |' % (arm, ' | '.join(cells))


def draw(found, reals, path):
    """Four panels over the images shown: gap, SWD at two sizes, recall; a line for each arm, the band its runs.

    reals: {panel: [value]} of as many other phantoms.
    """
    figure = Figure(figsize=(11, 7.2), dpi=110)
    panels = (
        ('overfit: what the critic knows by heart', 'gap', 'overfit_mean'),
        ('recall: how much of the variety is there', 'recall', 'higher is better'),
        ('SWD x1000 from unseen nodules, 32x32', 'swd32', 'lower is better'),
        ('SWD x1000 from unseen nodules, 16x16', 'swd16', 'lower is better'),
    )
    for place, (title, name, words) in enumerate(panels):
        axes = figure.add_subplot(2, 2, place + 1)
        for arm, (colour, _) in ARMS.items():
            runs = found[arm]
            if name == 'gap':
                x = [kimg for kimg, _, _ in runs[0]['gaps']]
                y = np.array([[gap for _, gap, _ in run['gaps']] for run in runs], float)
            else:
                x = [snapshot['kimg'] for snapshot in runs[0]['snapshots']]
                y = np.array([[snapshot[name] for snapshot in run['snapshots']] for run in runs], float)
            axes.plot(x, y.mean(axis=0), color=colour, linewidth=1.8, label=arm)
            axes.fill_between(x, y.min(axis=0), y.max(axis=0), color=colour, alpha=0.15, linewidth=0)
        for level in reals.get(name, ()):
            axes.axhline(level, color=INK, linewidth=0.9, linestyle=':', label='as many other phantoms')
        if name == 'gap':
            axes.axhline(0.5, color=FAINT, linewidth=0.8, linestyle='--')
            axes.set_ylim(-0.5, 2.5)
        elif name != 'recall':
            ticks = [10, 20, 50, 100, 200, 400]
            axes.set_yscale('log')
            axes.set_yticks(ticks)
            axes.set_yticklabels(map(str, ticks))
            axes.minorticks_off()
        axes.set_xlim(0, max(x[-1], 1))
        axes.set_title(title, loc='left', fontsize=10, color=INK)
        axes.set_ylabel(words, fontsize=8.5, color=FAINT)
        axes.tick_params(labelsize=8.5, colors=FAINT)
        for side in ('top', 'right'):
            axes.spines[side].set_visible(False)
        if place > 1:
            axes.set_xlabel('kimg', fontsize=8.5, color=FAINT)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc='upper center', ncol=len(labels), frameon=False, fontsize=8.5)
    figure.subplots_adjust(left=0.07, right=0.98, top=0.90, bottom=0.07, hspace=0.25, wspace=0.18)
    drawing.save(figure, path, '; '.join(ARMS))


def main(argv=None):
    cfg = parse(Settings, __doc__, argv)
    for folder in (cfg.workdir, cfg.outdir):
        os.makedirs(folder, exist_ok=True)
    (found, reals), path = measure(cfg), os.path.join(cfg.outdir, 'few-nodules.png')
    draw(found, reals, path)
    print('\n'.join(table(found)))
    print(
        'area under the ROC curve of overfit: %.3f, of %d snapshots past their best recall and %d others' % roc(found)
    )
    print('%s is drawn' % path)


if __name__ == '__main__':
    command(main)
