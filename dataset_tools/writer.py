"""Writes the patches of a source as datasets or as pictures for pix2pix; whole or not at all."""

import contextlib
import csv
import io
import json
import os
import re

import numpy as np

import dataset
from common import capacity, files, folders, images, log
from dataset_tools import fold_assignment, overview
from dataset_tools.patches import VARIANTS, crop, off_centre, offsets

RECORD, ENTRY = 300, 500  # bytes round the pixels of an image at all levels, and of its entry in NAME.json


def write_sets(cfg, source, resumed=False):
    """The folders of the datasets written: one for each class of a Source and, if it has folds, for each split.

    All of them are written, or none. resumed: a run goes on, which may have written some of them itself.
    """
    head = dict(source.about, resolution=cfg.resolution, seed=cfg.seed)
    paths, folds = require_places(cfg, source.labels, source.groups, source.name, resumed, source.parts)
    copies = cfg.shifts * (len(VARIANTS) if cfg.augment else 1) * (folds.folds or 1) * (1 + (folds.inner_folds or 0))
    pixel_bytes = cfg.resolution**2 * source.about.get('channels', 1) * 4 // 3
    _require_room(cfg.outdir, source, copies * (pixel_bytes + RECORD))
    page_data = overview.Overview(head)
    sets = {}
    with contextlib.ExitStack() as places, contextlib.ExitStack() as stack:  # all are complete before one has its name
        for (label, split), path in paths.items():
            part = places.enter_context(folders.folder(path, cfg.force))
            variants = VARIANTS if cfg.augment and split.side != 'test' else VARIANTS[:1]
            facts = dict(head, variants=[name for name, _ in variants])
            if folds.folds:
                facts.update(split._asdict(), folds=folds.folds)
            facts['name'] = os.path.basename(path)
            sets[label, split] = stack.enter_context(_dataset(part, facts, variants))
        for index, patch in enumerate(stack.enter_context(progress(source))):
            page_data.add(patch)
            shifts = offsets(cfg.shifts, np.random.RandomState([cfg.seed, 1, index]))
            for split in folds.splits(patch.group or patch.nodule):
                add, _ = sets[patch.label, split]
                add(patch, shifts[:1] if split.side == 'test' else shifts)
    counts = {key: counts for key, (_, counts) in sets.items()}
    size = f'{cfg.resolution}x{cfg.resolution}'
    for key, path in paths.items():
        print(f'{path}: {counts[key]["records"]} images of {counts[key]["nodules"]} nodules, {size} down to 4x4')
    table = []
    for split in fold_assignment.all_splits(folds.folds, folds.inner_folds) if folds.folds else ():
        nodules = [counts[label, split]['nodules'] for label, _ in page_data.sorted()]
        table.append((fold_assignment.folder(split), nodules))
    _report(cfg, source, set_name(cfg.name, None, source.name), page_data, table)
    return list(paths.values())


def require_places(cfg, labels, groups, name, resumed=False, parts=None):
    """{(label, split): folder of its dataset}, and the Folds; ValueError if one is taken, or would hold no nodule.

    groups: (label, group) of each nodule, for folds; name: of the dataset if the user gives none; resumed: as of
    `write_sets`; parts: as of Source, which count unless cfg has folds.
    """
    is_published = parts and not (cfg.folds or cfg.inner)
    if is_published:
        folds = fold_assignment.published(parts)
    else:
        folds = fold_assignment.Folds(groups, cfg.folds, cfg.inner, cfg.seed)
    paths = _paths(cfg, folds, labels, name)
    for path in paths.values():
        require_free(path, cfg.force, resumed)
    files.require_replaceable(*_beside(os.path.join(cfg.outdir, set_name(cfg.name, None, name))))
    if folds.folds:
        nonempty = {(label, split) for label, group in groups for split in folds.splits(group)}
        for key, path in paths.items():
            if key not in nonempty:
                remedy = 'make other splits with --folds' if is_published else 'lower --folds or --inner'
                raise ValueError(f'{path} would hold no nodule; {remedy}')
    return paths, folds


def _paths(cfg, folds, labels, name):
    """{(label, split): folder of its dataset}; name: if the user gives none."""
    if not folds.folds:
        split = fold_assignment.NO_FOLDS
        return {(label, split): os.path.join(cfg.outdir, set_name(cfg.name, label, name)) for label in labels}
    top = os.path.join(cfg.outdir, set_name(cfg.name, None, name))
    splits = fold_assignment.all_splits(folds.folds, folds.inner_folds)
    _require_these_folds(top, {fold_assignment.folder(split) for split in splits})
    paths = {}
    for label in labels:
        for split in splits:
            paths[label, split] = os.path.join(top, fold_assignment.folder(split), set_name(None, label, name))
    return paths


def set_name(name, label, default):
    """NAME, CLASS or NAME-CLASS; ValueError if that cannot be a file's name."""
    name = '-'.join(filter(None, (name, label))) or default
    if not re.match(r'\w[\w .+-]*$', name):
        remedy = 'use letters, digits, - and _ in --name and in the names of classes'
        raise ValueError(f'{name!r} cannot name a folder; {remedy}')
    return name


def require_free(path, force, resumed=False):
    """Refuse the name of a folder that is there, unless `force` and this program wrote all that is in it.

    resumed: the run that goes on may have made the folder itself, which is checked once it would be made again.
    """
    for left in folders.left_beside(path, 'part'):
        print(f'{left} was left by a run that was killed, or belongs to a run at work; remove it in the first case')
    for old in folders.left_beside(path, 'old'):
        if os.path.lexists(path):
            print(f'{old} was replaced by {path}; remove it')
        elif folders.first_foreign(old) is None:
            os.rename(old, path)
            print(f'{path} has its name again: a run was killed while it replaced it')
    if not os.path.lexists(path):
        return
    if force:
        folders.require_own_folder(path)
    elif not resumed:
        remedy = 'choose another --name or --outdir, or replace it with --force'
        raise FileExistsError(f'{path} is there already; {remedy}')


def _require_these_folds(top, wanted):
    """Refuse a folder that holds another split: what is left of it would be taken for a part of the new one."""
    for parent, inner, names in sorted(os.walk(top)):
        for name in sorted(inner + names):
            path = os.path.relpath(os.path.join(parent, name), top)
            is_wanted = any((folder + os.sep).startswith(path + os.sep) for folder in wanted)
            is_other_fold = re.match(r'(fold|inner)\d+$', name) and not is_wanted
            if is_other_fold or parent == top and name.endswith('.tfrecords'):
                remedy = 'choose another --name, or remove it'
                raise FileExistsError(f'{top} holds {path}, which is no part of this split; {remedy}')


def _require_room(outdir, source, patch_bytes):
    """Refuse what the disk cannot hold, before any of it is made. patch_bytes: that are written for a patch."""
    capacity.require_disk(outdir, source.total * (patch_bytes + ENTRY), f'a set of {source.total} images')


@contextlib.contextmanager
def _dataset(part, head, variants):
    """A function that adds a patch to a dataset in folder `part`, cropped at some offsets; and the counts so far."""
    name = head['name']
    with dataset.writer(part, name) as write, listing(os.path.join(part, name + '.json'), head) as (append, counts):

        def add(patch, shifts):
            for offset in shifts:
                for _, turn in variants:
                    write(turn(crop(patch.pixels, head['resolution'], offset)))
            facts = dict(patch.facts, cuts=shifts) if len(shifts) > 1 else patch.facts  # FILE FORMAT: cuts
            append(patch.nodule, len(shifts) * len(variants), facts)
            if 'masks' in head:
                os.makedirs(os.path.join(part, 'pairs'), exist_ok=True)
                images.save(os.path.join(part, 'pairs', patch.nodule + '.png'), pair(patch, head['resolution']))

        yield add, counts


@contextlib.contextmanager
def listing(path, head):
    """NAME.json: the facts `head`, then an entry for each image as it comes, then counts.

    Gives a function (nodule, records, facts) that appends an entry, and the counts, which it keeps up to date.
    """
    counts, nodules = dict(images=0, nodules=0, records=0), set()
    with files.atomic(path) as f:
        f.write((json.dumps(head, indent=1)[:-2] + ',\n "entries": [').encode())

        def append(nodule, records, facts):
            entry = json.dumps(dict(facts, nodule=nodule, records=records), sort_keys=True)
            comma = ',' if counts['images'] else ''
            f.write(f'{comma}\n  {entry}'.encode())
            nodules.add(nodule)
            counts.update(images=counts['images'] + 1, nodules=len(nodules), records=counts['records'] + records)

        yield append, counts
        f.write(('\n ],\n' + json.dumps(counts, indent=1)[2:] + '\n').encode())


@contextlib.contextmanager
def progress(source):
    """The patches of a source, with a progress bar; the processes that draw them end with the block."""
    bar = log.progress(source.patches, total=source.total, unit='image')
    with contextlib.closing(source.patches), bar:
        yield bar


def pair(patch, resolution, offset=(0, 0)):
    """CT | mask of a patch, [1,R,2R], cropped so many (rows, columns) off its centre; in the mask 0 and 255."""
    mask = patch.mask[None] * np.uint8(255)
    return np.concatenate([crop(patch.pixels, resolution, offset), crop(mask, resolution, offset)], axis=2)


def write_pairs(cfg, source):
    """The folder OUTDIR/NAME written: NAME/*.png, CT | mask for each patch of a Source, and NAME.json."""
    name = set_name(cfg.name, None, None)
    path = os.path.join(cfg.outdir, name)
    require_free(path, cfg.force)
    files.require_replaceable(*_beside(path))
    _require_room(cfg.outdir, source, 2 * cfg.resolution**2)
    head = dict(source.about, name=name, resolution=cfg.resolution, seed=cfg.seed)
    page_data = overview.Overview(head)
    nodules = set()
    with contextlib.ExitStack() as stack:
        part = stack.enter_context(folders.folder(path, cfg.force))
        append, counts = stack.enter_context(listing(os.path.join(part, name + '.json'), head))
        for index, patch in enumerate(stack.enter_context(progress(source))):
            page_data.add(patch)
            offset = off_centre(cfg.seed, index) if cfg.off_centre else [0, 0]
            file = os.path.join(part, re.sub(r'[^\w.+-]', '_', patch.nodule) + '.png')
            if os.path.exists(file):
                remedy = 'give a nodule that is in two scans another name in each, in the column nodule'
                if patch.nodule not in nodules:
                    remedy = 'leave out --keep-names'  # the names differ, in signs that files do not have
                raise ValueError(f'{os.path.basename(file)}: two images would have this name; {remedy}')
            nodules.add(patch.nodule)
            images.save(file, pair(patch, cfg.resolution, offset))
            append(patch.nodule, 1, dict(patch.facts, offset=offset))
    print(f'{path}: {counts["images"]} pairs, {2 * cfg.resolution}x{cfg.resolution}')
    _report(cfg, source, name, page_data)
    return path


def _beside(path):
    """The page of the sets OUTDIR/NAME, and the table of what was left out of them."""
    return path + '.html', path + '-skipped.csv'


def _report(cfg, source, name, page_data, fold_counts=()):
    """Print what a user should know, and write it to OUTDIR/NAME.html; what was left out, to OUTDIR/NAME-skipped.csv.

    page_data: overview.Overview; fold_counts: [(folder of a split, [nodules of each class])].
    """
    for line in source.notes:
        log.info(line)
    for line in source.warnings:
        log.warning(line)
    page_path, table_path = _beside(os.path.join(cfg.outdir, name))
    left_out = []
    if source.left_out:
        _write_left_out(table_path, source.left_out)
        left_out.append(f'{source.about["skipped"]} annotations; {name}-skipped.csv says why')
        print('left out: ' + left_out[0])
    else:
        files.remove(table_path)  # of an earlier set of this name
    warnings = list(source.warnings) + page_data.warnings()
    write_page(page_path, page_data, source.notes, warnings, left_out, fold_counts)


def _write_left_out(path, left_out):
    """FILE FORMAT: a row for each line of the table, with the reason."""
    with files.atomic(path) as f:
        rows = csv.writer(io.TextIOWrapper(f, 'utf-8', newline='', write_through=True))
        rows.writerow(['line', 'why'])
        for lines, reason in left_out:
            rows.writerows((line, reason) for line in lines)


def write_page(path, *content):
    """Write the page, if the packages that it needs are installed."""
    try:
        from dataset_tools import overview_page
    except ImportError as error:
        log.info(f'no {path}: {error}')
        return
    overview_page.write(path, *content)
    print(f'{path} shows what is in it')
