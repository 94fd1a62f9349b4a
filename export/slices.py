"""Generated images as slices for viewers of medical images."""

import os

from common import files
from export import gate
from sampling import Generator

# mm from one image to the next: they are of different nodules, and so far apart nothing is interpolated between them.
GAP = 100.0


def run(command, cfg):
    """Write what 8-export.py dicom or nifti is asked for."""
    release = gate.release(cfg)
    with Generator(cfg.model, cfg.network, cfg.cpu) as generator:
        if generator.shape[0] != 1:
            raise files.BadFile(cfg.model, 'makes colored images', 'DICOM and NIfTI are written of gray ones')
        pixels = generator.sample(cfg.number, cfg.seed, label=cfg.label)[:, 0]
    os.makedirs(cfg.outdir, exist_ok=True)
    if command == 'dicom':
        from export import dicom_slices as writer
    else:
        from export import nifti_slices as writer
    paths = writer.write(cfg.outdir, pixels, release)
    print('%d synthetic images in %s. %s %s' % (len(pixels), paths, release.origin, release.audit))
