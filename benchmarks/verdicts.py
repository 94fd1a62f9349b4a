"""How often verdicts of evaluations, reader studies and classifier experiments are wrong: all tables."""

import os
import subprocess
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(FOLDER))

from common.commandline import command, parse, settings  # noqa: E402

# (heading, script, flags of --quick)
TABLES = [
    ('Evaluations', 'verdicts_metrics.py', '--evaluations 2 --number 12 --more 15 --pool 50 --audit 6 --trials 200'),
    ('Reader studies', 'verdicts_readers.py', '--studies 20'),
    ('Classifier experiments', 'verdicts_classifier.py', '--experiments 20'),
]
Settings = settings(
    'Settings',
    'How often verdicts of evaluations, reader studies and classifier experiments are wrong: all tables',
    quick=(False, 'a few simulations of each kind, to see the tables'),
)


def main(argv=None):
    cfg = parse(Settings, argv)
    for heading, script, quick in TABLES:
        print('## %s\n' % heading, flush=True)
        subprocess.check_call([sys.executable, os.path.join(FOLDER, script)] + (quick.split() if cfg.quick else []))
        print(flush=True)


if __name__ == '__main__':
    command(main)
