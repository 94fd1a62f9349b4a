"""Studies for tests of the reader study."""

import secrets

import numpy as np

from turing_test import study

PROTOCOL = dict(
    mode='yes-no', title='Real or generated?', classes=['AIS', 'MIA'], window=[-1900.0, 1100.0], mm=0.6, size=8,
    enlarge='smooth', pause=10, number=30, repeat=0.1, practice=4, margin=0.1, seed=1, model=['AIS.pkl'], data='AIS',
    unknown=[]
)  # fmt: skip


def noise(folder, **options):
    """Write a study of patches of noise into a folder, as text, with a new secret; options: of its protocol."""
    protocol = dict(PROTOCOL, **options)
    random, patches, cases = np.random.RandomState(0), 2 if protocol['mode'] == '2afc' else 1, []
    for i in range(protocol['practice'] + protocol['number']):
        kind, label = 'practice' if i < protocol['practice'] else 'reading', protocol['classes'][i // 2 % 2]
        pixels = random.randint(256, size=[patches, protocol['size'], protocol['size']]).astype(np.uint8)
        cases.append(study.Case(kind, pixels, i % 2 == 0, label, ['image %d' % i] * patches))
    study.write(folder, protocol, 'token', secrets.token_hex(32), cases)
