"""What tests of pickles share: the state of a small network."""

import numpy as np

STATE = dict(version=2, name='G', static_kwargs={'resolution': 4}, build_module_src='raise SystemExit')
STATE['build_func_name'] = 'G_paper'
STATE['variables'] = [
    ('lod', np.float32(1.5)),
    ('w', np.arange(6, dtype=np.float32).reshape(2, 3)),
    ('big', np.ones([40, 50], np.float32)),
    ('fortran', np.asfortranarray(np.arange(6.0).reshape(2, 3))),
]
