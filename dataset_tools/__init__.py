"""Making datasets from images, CT volumes and phantoms, showing them and checking them.

The functions take the settings of 0-dataset_create.py as keyword arguments, spelt as in `python 0-dataset_create.py
volumes -h` but with underscores: create_volumes('nodules.csv', volumes='scans', window='lung', skip_bad=True).
"""

import contextlib
import os


def create_images(source, outdir='datasets', **settings):
    """The folders of the datasets made from a folder of image files, of class folders of them, or a file of many."""
    from dataset_tools import create_settings, image_sources, image_stacks

    with _started(create_settings.CreateImages, source=source, outdir=outdir, **settings) as cfg:
        from_source = image_stacks.from_stacks if os.path.isfile(cfg.source) else image_sources.from_images
        source = from_source(cfg)
        from dataset_tools import writer

        return writer.write_sets(cfg, source)


def create_phantoms(kind, outdir='datasets', **settings):
    """The folders of the datasets of computed patches of lung with a nodule; kind: a nodule class, or 'all'."""
    from dataset_tools import create_settings, phantom_sources

    with _started(create_settings.CreatePhantom, kind=kind, outdir=outdir, **settings) as cfg:
        source = phantom_sources.from_phantoms(cfg)
        from dataset_tools import writer

        return writer.write_sets(cfg, source)


def create_volumes(annotations, outdir='datasets', **settings):
    """The folders of the datasets made from CT volumes and a table of nodules; [] with dry_run=True.

    A run that stops keeps the scans that are done, in a hidden folder of outdir; resume=True goes on with them.
    """
    from dataset_tools import create_settings, volume_sources

    with _started(create_settings.CreateVolumes, annotations=annotations, outdir=outdir, **settings) as cfg:
        return _create_from_scans(cfg, lambda: volume_sources.read_table(cfg, cfg.classes), volume_sources.NAME)


def create_lidc(scans, outdir='datasets', **settings):
    """The folders of the datasets made from scans of LIDC-IDRI and the marks of its readers; as create_volumes."""
    from dataset_tools import create_settings, lidc

    with _started(create_settings.CreateLidc, scans=scans, outdir=outdir, **settings) as cfg:
        return _create_from_scans(create_settings.volumes_of_lidc(cfg), lambda: lidc.read_table(cfg), lidc.NAME)


def _create_from_scans(cfg, read_table, default_name):
    """The folders of the datasets made of the table that a function reads, by settings of create_volumes."""
    from common import log
    from dataset_tools import unfinished, volume_sources

    if cfg.dry_run:
        if cfg.resume or cfg.skip_bad:
            raise ValueError('--dry-run reads all and leaves out nothing; leave out --resume and --skip-bad')
        volume_sources.check(cfg, read_table())
        return []
    from dataset_tools import writer

    kept = unfinished.Unfinished(cfg.outdir, writer.set_name(cfg.name, None, default_name), cfg.resume, cfg.force)
    resumed = kept.earlier
    table = read_table()
    labels = list(dict.fromkeys(a.label for a in table.marked))
    groups = [(a.label, a.patient or a.scan) for a in table.marked]
    writer.require_places(cfg, labels, groups, default_name, resumed)
    try:
        paths = writer.write_sets(cfg, volume_sources.from_volumes(cfg, table, kept), resumed)
    except KeyboardInterrupt:
        log.info('finished scans are kept; go on with --resume')
        raise
    kept.close()
    return paths


def create_pairs(outdir='datasets', **settings):
    """The folder of CT | mask pictures for pix2pix, made of phantoms, of images and masks, or of CT volumes."""
    from dataset_tools import create_settings, image_sources, phantom_sources, unfinished, volume_sources

    with _started(create_settings.CreatePairs, outdir=outdir, **settings) as cfg:
        create_settings.require_one_source(cfg)
        if cfg.images:
            source = image_sources.image_pairs(cfg)
        elif cfg.phantom:
            source = phantom_sources.phantom_pairs(cfg)
        from dataset_tools import writer

        if not cfg.annotations:
            return writer.write_pairs(cfg, source)
        name = writer.set_name(cfg.name, None, None) + '.pairs'
        with contextlib.closing(unfinished.Unfinished(cfg.outdir, name, force=True)) as kept:
            return writer.write_pairs(cfg, volume_sources.volume_pairs(cfg, kept))


def verify(*datasets, channels=None):
    """A list of Findings, (kind, message): damage, duplicates and leaks in dataset folders, or folders of them."""
    from dataset_tools import verification

    return list(verification.verify(verification.find(datasets), channels))


@contextlib.contextmanager
def _started(record, **settings):
    """The checked settings of a program, whose inputs are not replaced within the block."""
    from common import inputs, manifest

    settings = {name: os.fspath(value) if isinstance(value, os.PathLike) else value for name, value in settings.items()}
    cfg = record(**settings)
    inputs.check(cfg)
    with manifest.another_program():
        manifest.begin(record.WRITER, inputs.paths(cfg))
        yield cfg
