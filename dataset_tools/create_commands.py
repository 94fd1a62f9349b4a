"""One call for each sub-command of 0-dataset_create.py."""

import collections
import contextlib

from common import log
from dataset_tools import patch_sources, phantom_sources, volume_sources
from dataset_tools.unfinished import Unfinished


def images(cfg):
    _write_sets(cfg, patch_sources.from_images(cfg))


def volumes(cfg):
    if cfg.dry_run:
        if cfg.resume or cfg.skip_bad:
            raise ValueError('--dry-run reads all and leaves out nothing; leave out --resume and --skip-bad')
        volume_sources.check(cfg)
        return
    from dataset_tools import writer

    unfinished = Unfinished(cfg.outdir, writer.set_name(cfg.name, None, volume_sources.NAME), cfg.resume, cfg.force)
    marked = volume_sources.read_table(cfg)
    labels = list(collections.OrderedDict.fromkeys(a.label for a in marked))
    groups, begun = [(a.label, a.patient or a.scan) for a in marked], unfinished.earlier
    writer.require_places(cfg, labels, groups, volume_sources.NAME, begun)
    try:
        writer.write_sets(cfg, volume_sources.from_volumes(cfg, marked, unfinished), begun)
    except KeyboardInterrupt:
        log.info('finished scans are kept; go on with --resume')
        raise
    unfinished.close()


def phantoms(cfg):
    _write_sets(cfg, phantom_sources.from_phantoms(cfg))


def pairs(cfg):
    given = [name for name in ('phantom', 'images', 'annotations') if getattr(cfg, name) is not None]
    if len(given) != 1 or (cfg.images is None) != (cfg.masks is None):
        wanted = '--phantom CLASS, or from --images FOLDER and --masks FOLDER, or from --annotations TABLE'
        raise ValueError('pairs are made from ' + wanted)
    if cfg.images and cfg.off_centre:
        raise ValueError('--off-centre is for phantoms and volumes; images are taken as they are')
    if cfg.range and not cfg.images:
        raise ValueError('--range is for the pictures of --images; leave it out')
    if cfg.annotations:
        _volume_pairs(cfg)
        return
    source = patch_sources.image_pairs(cfg) if cfg.images else phantom_sources.phantom_pairs(cfg)
    from dataset_tools import writer  # after what can be refused without TensorFlow, which takes seconds to load

    writer.write_pairs(cfg, source)


def _volume_pairs(cfg):
    from dataset_tools import writer

    name = writer.set_name(cfg.name, None, None) + '.pairs'
    with contextlib.closing(Unfinished(cfg.outdir, name, force=True)) as unfinished:
        writer.write_pairs(cfg, volume_sources.volume_pairs(cfg, unfinished))


def _write_sets(cfg, source):
    from dataset_tools import writer

    writer.write_sets(cfg, source)
