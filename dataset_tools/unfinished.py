"""What a run has cropped from its scans so far, in the hidden folder OUTDIR/.NAME.unfinished, so that it can go on."""

import contextlib
import hashlib
import json
import os
import re

import numpy as np

from common import arrays, files
from dataset_tools.patches import Patch


class Unfinished:
    """Patches of scans by key. resume: keep what an earlier run left; force: remove it; or else refuse to begin.

    earlier: whether there is something to go on with. The folder is for its owner alone: it names scans as the table
    does.
    """

    def __init__(self, outdir, name, resume=False, force=False):
        self.folder = os.path.join(outdir, f'.{name}.unfinished')
        if os.path.isdir(self.folder) and not resume:
            if not force:
                count = len(os.listdir(self.folder))
                remedy = 'go on with --resume, or begin again with --force'
                raise FileExistsError(f'{self.folder} holds {count} scans of a run that stopped; {remedy}')
            self.close()
        self.earlier = os.path.isdir(self.folder)

    def path(self, key):
        """The file of a key, any text: all that the patches depend on."""
        return os.path.join(self.folder, hashlib.sha256(key.encode()).hexdigest()[:32] + '.npz')

    def holds(self, key):
        return self.load(key) is not None

    def store(self, key, patches, rest=()):
        """Keep a list of Patch, and what else JSON can hold."""
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        fields = [patch._replace(pixels=None, mask=patch.mask is not None)._asdict() for patch in patches]
        content = dict(text=np.frombuffer(json.dumps([fields, rest]).encode(), np.uint8))
        for index, patch in enumerate(patches):
            content[f'pixels{index}'] = patch.pixels
            if patch.mask is not None:
                content[f'mask{index}'] = patch.mask.astype(np.uint8)
        with files.atomic(self.path(key), durable=True, private=True) as f:
            np.savez(f, **content)

    def load(self, key):
        """[the patches of a key, and what else was kept with them], or None if there are none."""
        with contextlib.suppress(OSError, ValueError, KeyError):  # missing, or damaged
            content = arrays.load_npz(self.path(key))
            fields, rest = json.loads(content['text'].tobytes().decode())
            return [[_patch(content, index, patch) for index, patch in enumerate(fields)]] + rest
        return None

    def close(self):
        """Remove the folder, and the files in it that this class has written, also those of a run that was killed."""
        ours = re.compile(r'[0-9a-f]{32}\.npz$|\.[0-9a-f]{32}\.npz-\w{8}\.part$')
        with contextlib.suppress(OSError):
            for name in filter(ours.match, os.listdir(self.folder)):
                os.unlink(os.path.join(self.folder, name))
            os.rmdir(self.folder)


def _patch(content, index, fields):
    """The Patch of its fields, whose arrays are beside them."""
    mask = content[f'mask{index}'].astype(bool) if fields['mask'] else None
    return Patch(**dict(fields, pixels=content[f'pixels{index}'], mask=mask))
