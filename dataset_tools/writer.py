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
from dataset_tools.patch_augmentation import VARIANTS, crop, offsets
from dataset_tools.patch_sources import SHIFT

RECORD, NOTE = 300, 500  # bytes round the pixels of an image at all levels, and of its entry in NAME.json


def _require_room(outdir, source, each):
    """Refuse what the disk cannot hold, before any of it is made. each: bytes that come of a patch."""
    capacity.require_disk(outdir, source.total * (each + NOTE), 'a set of %d images' % source.total)


def set_name(name, label, default):
    """NAME, CLASS or NAME-CLASS; ValueError if that cannot be a file's name."""
    name = '-'.join(filter(None, (name, label))) or default
    if not re.match(r'\w[\w .+-]*$', name):
        wanted = 'use letters, digits, - and _ in --name and in the names of classes'
        raise ValueError('%r cannot name a folder; %s' % (name, wanted))
    return name


def ensure_free(path, force, begun=False):
    """Refuse a folder's name that something has, unless `force` and this program wrote all that is there.

    begun: a run goes on that may have made the folder itself, which is seen once it would be made again.
    """
    for left in folders.left_beside(path, 'part'):
        print('%s was left by a run that was killed, or belongs to a run at work; remove it in the first case' % left)
    for old in folders.left_beside(path, 'old'):
        if os.path.lexists(path):
            print('%s was replaced by %s; remove it' % (old, path))
        elif folders.first_foreign(old) is None:
            os.rename(old, path)
            print('%s has its name again: a run was killed while it replaced it' % path)
    if not os.path.lexists(path):
        return
    if force:
        folders.require_own_folder(path)
    elif not begun:
        remedy = 'choose another --name or --outdir, or replace it with --force'
        raise FileExistsError('%s is there already; %s' % (path, remedy))


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
            f.write(('%s\n  %s' % (',' if counts['images'] else '', entry)).encode())
            nodules.add(nodule)
            counts.update(images=counts['images'] + 1, nodules=len(nodules), records=counts['records'] + records)

        yield append, counts
        f.write(('\n ],\n' + json.dumps(counts, indent=1)[2:] + '\n').encode())


def pair(patch, resolution, offset=(0, 0)):
    """CT | mask of a patch, [1,R,2R], cut so many (rows, columns) off its centre; in the mask 0 and 255."""
    both = patch.pixels, patch.mask[None] * np.uint8(255)
    return np.concatenate([crop(x, resolution, offset) for x in both], axis=2)


@contextlib.contextmanager
def _dataset(part, name, head):
    """A function that adds a patch to a dataset in folder `part`, in each of some cuts and variants; and its counts."""
    resolution, path = head['resolution'], os.path.join(part, name + '.json')
    with dataset.writer(part, name) as write, listing(path, dict(head, name=name)) as (note, counts):

        def add(patch, cuts, variants):
            for offset in cuts:
                for _, turn in variants:
                    write(turn(crop(patch.pixels, resolution, offset)))
            facts = dict(patch.facts, cuts=cuts) if len(cuts) > 1 else patch.facts
            note(patch.nodule, len(cuts) * len(variants), facts)
            if 'masks' in head:
                os.makedirs(os.path.join(part, 'pairs'), exist_ok=True)
                images.save(os.path.join(part, 'pairs', patch.nodule + '.png'), pair(patch, resolution))

        yield add, counts


@contextlib.contextmanager
def progress(source):
    """The patches of a source, with a progress bar; the processes that draw them end with the block."""
    bar = log.progress(source.patches, total=source.total, unit='image')
    with contextlib.closing(source.patches), bar:
        yield bar


def write_sets(cfg, source, begun=False):
    """A dataset for each class of a Source and, with cfg.folds, for each fold and side; all of them or none.

    begun: some of them may have their names already, made by the run that goes on.
    """
    size, head, sets = cfg.resolution, dict(source.about, resolution=cfg.resolution, seed=cfg.seed), {}
    seen = overview.Overview(head)
    paths, dealt = require_places(cfg, source.labels, source.groups, source.name, begun)
    copies = cfg.shifts * (len(VARIANTS) if cfg.augment else 1) * (cfg.folds or 1) * (1 + (cfg.inner or 0))
    _require_room(cfg.outdir, source, copies * (size * size * source.about.get('channels', 1) * 4 // 3 + RECORD))
    with contextlib.ExitStack() as places, contextlib.ExitStack() as stack:  # all are complete before one has its name
        for (label, side), path in paths.items():
            variants = VARIANTS if cfg.augment and side.side != 'test' else VARIANTS[:1]
            facts = dict(head, variants=[name for name, _ in variants])
            if side != fold_assignment.NO_FOLDS:
                facts.update(side._asdict(), folds=cfg.folds)
            part = places.enter_context(folders.folder(path, cfg.force))
            sets[label, side] = stack.enter_context(_dataset(part, os.path.basename(path), facts)) + (variants,)
        for index, patch in enumerate(stack.enter_context(progress(source))):
            seen.add(patch)
            cuts = offsets(cfg.shifts, np.random.RandomState([cfg.seed, 1, index]))
            for side in dealt.sides(patch.group or patch.nodule):
                add, _, variants = sets[patch.label, side]
                add(patch, cuts[:1] if side.side == 'test' else cuts, variants)
    for key, path in paths.items():
        counts = sets[key][1]['records'], sets[key][1]['nodules']
        print('%s: %d images of %d nodules, %dx%d down to 4x4' % ((path,) + counts + (size, size)))
    table = []
    for side in fold_assignment.all_sides(cfg.folds, cfg.inner) if cfg.folds else ():
        table.append((fold_assignment.folder(side), [sets[label, side][1]['nodules'] for label, _ in seen.sorted()]))
    _tell(cfg, source, set_name(cfg.name, None, source.name), seen, table)


def require_places(cfg, labels, groups, name, begun=False):
    """{(label, side): folder of its dataset}, and the Folds; ValueError if one has a name that is taken, or no nodule.

    groups: (label, group) of each nodule, for folds; name: for want of another; begun: as of `write_sets`.
    """
    dealt = fold_assignment.Folds(groups, cfg.folds, cfg.inner, cfg.seed)
    paths = _paths(cfg, labels, name)
    for path in paths.values():
        ensure_free(path, cfg.force, begun)
    files.require_replaceable(*_beside(os.path.join(cfg.outdir, set_name(cfg.name, None, name))))
    held = {(label, side) for label, group in groups for side in dealt.sides(group)} if cfg.folds else set(paths)
    for key in paths:
        if key not in held:
            raise ValueError('%s would hold no nodule; lower --folds or --inner' % paths[key])
    return paths, dealt


def _paths(cfg, labels, name):
    """{(label, side): folder of its dataset}; name: for want of another."""
    sides, top = (
        fold_assignment.all_sides(cfg.folds, cfg.inner),
        os.path.join(cfg.outdir, set_name(cfg.name, None, name)),
    )
    if not cfg.folds:
        return {
            (label, fold_assignment.NO_FOLDS): os.path.join(cfg.outdir, set_name(cfg.name, label, name))
            for label in labels
        }
    _require_these_folds(top, {fold_assignment.folder(side) for side in sides})
    return {
        (label, side): os.path.join(top, fold_assignment.folder(side), set_name(None, label, name))
        for label in labels
        for side in sides
    }


def _require_these_folds(top, wanted):
    """Refuse a folder that holds another split: what is left of it would be taken for a part of the new one."""
    for parent, inner, outer in sorted(os.walk(top)):
        for name in sorted(inner + outer):
            path = os.path.relpath(os.path.join(parent, name), top)
            part = any((side + os.sep).startswith(path + os.sep) for side in wanted)
            if re.match(r'(fold|inner)\d+$', name) and not part or parent == top and name.endswith('.tfrecords'):
                words = '%s holds %s, which is no part of this split; choose another --name, or remove it'
                raise FileExistsError(words % (top, path))


def _beside(path):
    """The page of the sets OUTDIR/NAME, and the table of what was left out of them."""
    return path + '.html', path + '-skipped.csv'


def _tell(cfg, source, name, seen, counts=()):
    """Say what a user should know, in OUTDIR/NAME.html, too; what was left out is in OUTDIR/NAME-skipped.csv.

    seen: overview.Overview; counts: [(fold and side, [nodules of each class])].
    """
    for line in source.notes:
        log.info(line)
    for line in source.doubts:
        log.warning(line)
    (page_path, table_path), left_out = _beside(os.path.join(cfg.outdir, name)), []
    if not source.left_out:
        files.remove(table_path)  # of an earlier set of this name
    else:
        with files.atomic(table_path) as f:
            rows = csv.writer(io.TextIOWrapper(f, 'utf-8', newline='', write_through=True))
            rows.writerow(['line', 'why'])
            rows.writerows((place, why) for places, why in source.left_out for place in places)
        left_out = ['%d of the lines of the table; %s-skipped.csv says why' % (source.about['skipped'], name)]
        print('left out: ' + left_out[0])
    write_page(page_path, seen, source.notes, list(source.doubts) + list(seen.doubts()), left_out, counts)


def write_page(path, seen, notes, doubts, left_out, counts):
    """The page, for those who have what pages are made with."""
    try:
        from dataset_tools import overview_page
    except ImportError as error:
        log.info('no %s: %s' % (path, error))
        return
    overview_page.write(path, seen, notes, doubts, left_out, counts)
    print('%s shows what is in it' % path)


def write_pairs(cfg, source):
    """OUTDIR/NAME/*.png, CT | mask for each patch of a Source, and NAME.json."""
    name = set_name(cfg.name, None, None)
    path = os.path.join(cfg.outdir, name)
    ensure_free(path, cfg.force)
    files.require_replaceable(*_beside(path))
    _require_room(cfg.outdir, source, 2 * cfg.resolution**2)
    head = dict(source.about, name=name, resolution=cfg.resolution, seed=cfg.seed)
    seen = overview.Overview(head)
    with contextlib.ExitStack() as stack:
        part = stack.enter_context(folders.folder(path, cfg.force))
        note, counts = stack.enter_context(listing(os.path.join(part, name + '.json'), head))
        nodules = set()
        for index, patch in enumerate(stack.enter_context(progress(source))):
            random, offset = np.random.RandomState([cfg.seed, 1, index]), [0, 0]
            if cfg.off_centre:
                offset = [int(n) for n in random.randint(-SHIFT, SHIFT + 1, size=2)]
            seen.add(patch)
            file = os.path.join(part, re.sub(r'[^\w.+-]', '_', patch.nodule) + '.png')
            if os.path.exists(file):
                why = 'give a nodule that is in two scans another name in each, in the column nodule'
                if patch.nodule not in nodules:
                    why = 'leave out --keep-names'  # the names differ, in signs that files do not have
                raise ValueError('%s: two images would have this name; %s' % (os.path.basename(file), why))
            nodules.add(patch.nodule)
            images.save(file, pair(patch, cfg.resolution, offset))
            note(patch.nodule, 1, dict(patch.facts, offset=offset))
    print('%s: %d pairs, %dx%d' % (path, counts['images'], 2 * cfg.resolution, cfg.resolution))
    _tell(cfg, source, name, seen)
