"""Do generated nodules help a classifier? The whole experiment on phantoms, on this machine.

30 AIS, 119 MIA and 57 IA, as in the founding paper, three slices of each, five folds; small generators for each class
and fold; classifiers with and without their images. It takes about four hours on two cores, six minutes with --quick.
Finished parts are not computed again. The page is OUTDIR/results/classification.html.
"""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

from common.commandline import command, parse, settings  # noqa: E402

Settings = settings(
    'Settings',
    'Do generated nodules help a classifier? The whole experiment on phantoms, on this machine',
    outdir=('demo/output/experiment', 'the output path'),
    quick=(False, 'fewer nodules, folds, arms and steps, to see how it works'),
)
GAN = '--fmap-max 32 --fmap-base 256 --minibatch 16 --G-smoothing 0.998 --cpu --metrics swd'.split()
FULL = dict(
    number='30,119,57', folds='5', inner='5', repeats='2', steps='600',
    arms='raw,common,cutmix,duplicates,gan,pretrain,tstr,trts,phantom,shuffled', ratios='0.25,0.5,1,2,4',
    gan='--total-kimg 60 --lod-training-kimg 3 --lod-transition-kimg 3 --snapshot-kimg 10 --tick-kimg 10'.split(),
)  # fmt: skip
QUICK = dict(
    number='12,24,16', folds='2', inner='3', repeats='1', steps='200',
    arms='raw,common,duplicates,gan,shuffled', ratios='1',
    gan='--total-kimg 8 --lod-training-kimg 1 --lod-transition-kimg 1 --snapshot-kimg 8 --tick-kimg 4'.split(),
)  # fmt: skip


def run(*arguments):
    """Runs a script of the project, after printing it as one would type it."""
    print('$ python ' + ' '.join(arguments), flush=True)
    subprocess.check_call([sys.executable, os.path.join(ROOT, arguments[0])] + list(arguments[1:]))


def main(argv=None):
    cfg = parse(Settings, argv)
    plan = QUICK if cfg.quick else FULL
    data = os.path.join(cfg.outdir, 'data')
    cv = os.path.join(data, 'cv')
    gans = os.path.join(cfg.outdir, 'gans')
    create = ['0-dataset_create.py', 'phantom', 'all', '--resolution', '32', '--spacing', '1.0', '--outdir', data]
    if not os.path.isdir(cv):
        folds = ['--folds', plan['folds'], '--inner', plan['inner']]
        run(*create, '--name', 'cv', '--number', plan['number'], '--slices', '3', *folds)
    if 'phantom' in plan['arms'] and not os.path.isdir(os.path.join(data, 'other-AIS')):
        run(*create, '--name', 'other', '--number', '1000', '--seed', '1')
    run('5-classify.py', 'gans', '--data', cv, '--outdir', gans, '--repeats', plan['repeats'], *GAN, *plan['gan'])
    generators = os.path.join(gans, 'fold{fold}', 'inner{inner}', '{class}')
    options = ['--arms', plan['arms'], '--ratios', plan['ratios'], '--repeats', plan['repeats']]
    options += ['--steps', plan['steps'], '--generators', generators, '--cpu']
    if 'phantom' in plan['arms']:
        options += ['--phantoms', os.path.join(data, 'other-{class}')]
    run('5-classify.py', 'run', '--data', cv, '--outdir', os.path.join(cfg.outdir, 'results'), *options)


if __name__ == '__main__':
    command(main)
