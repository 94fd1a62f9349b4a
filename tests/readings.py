"""Readings of studies by simulated readers of known accuracy."""

import numpy as np
from scipy import stats

from turing_test import study

CLASSES = ['AIS', 'MIA', 'IA']
PROTOCOL = dict(
    title='Real or generated?', classes=CLASSES, window=[-1900.0, 1100.0], mm=0.6, size=16, enlarge='smooth', pause=50,
    repeat=0.1, practice=10, margin=0.1, seed=1, model=['AIS.pkl'], data='AIS', unknown=[]
)  # fmt: skip


def simulated(skills, number=60, mode='yes-no', names=None, done=None, seed=0, criterion=0):
    """study.Readings.

    skills: accuracy of each reader without a criterion, None for one who has not begun; done: of items of each.
    """
    random, cases, answers, readers = np.random.RandomState(seed), {}, [], {}
    for i in range(number):
        pixels = random.randint(256, size=[1 + (mode == '2afc'), 16, 16]).astype(np.uint8)
        cases[10 + i] = study.Case('reading', pixels, i % 2 == 0, CLASSES[i // 2 % 3], ['image %d' % i])
    for reader, skill in enumerate(skills):
        readers[reader] = study.Reader(names[reader] if names else 'reader %d' % reader, 2.5 * reader)
        order = random.permutation(sorted(cases)).tolist()
        items = [(case, False) for case in order] + [(case, True) for case in order[: number // 10]]
        for position, (case, again) in enumerate(items[: done[reader] if done else None] if skill else []):
            sign = 1 if cases[case].signal else -1
            evidence = sign * stats.norm.ppf(skill) + random.randn() - criterion
            verdict = 1 + int(np.digitize(evidence, [-1, -0.4, 0, 0.4, 1]))
            answers.append(
                study.Answer(reader, case, 10 + position, again, verdict, cases[case].signal, cases[case].label,
                             int(random.randint(800, 9000)), [[-600, 1500]], 1.0)
            )  # fmt: skip
    return study.Readings(dict(PROTOCOL, mode=mode, number=number), readers, answers, cases)
