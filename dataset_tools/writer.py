"""Writes the patches of a source as data sets, with augmentation and folds, or as pictures for pix2pix; whole or not at all."""
import contextlib
import glob
import json
import os
import re

import numpy as np
import tqdm

import dataset
import files
import images
import sources

# FILE FORMAT: the records of an image follow each other cut by cut, and of each cut in this order.
VARIANTS = (('original', lambda x: x), ('left-right', lambda x: x[:, :, ::-1]), ('up-down', lambda x: x[:, ::-1]),
            ('rot90', lambda x: np.rot90(x, 1, (1, 2))), ('rot270', lambda x: np.rot90(x, 3, (1, 2))))
NO_FOLDS = (None, None)


def offsets(shifts, rng):
    """That many different (rows, columns) by which cuts are off the centre, the first (0, 0), the others random up to SHIFT pixels."""
    wide = 2 * sources.SHIFT + 1
    others = rng.permutation(wide * wide)
    others = others[others != wide * wide // 2][:shifts - 1]
    return [(0, 0)] + [(int(i) // wide - sources.SHIFT, int(i) % wide - sources.SHIFT) for i in others]


def cut(pixels, resolution, offset):
    """The part [C,R,R] of an image [C,S,S] whose centre is `offset` (rows, columns) off the image's."""
    top, left = [(pixels.shape[-1] - resolution) // 2 + shift for shift in offset]
    return pixels[:, top:top + resolution, left:left + resolution]


class Folds:
    """Deals nodules to folds as they come, evenly in each class; a nodule stays where it is."""

    def __init__(self, number, seed):
        self.number, self.seed, self.places, self.dealt = number, seed, {}, {}

    def place(self, label, nodule):
        if nodule not in self.places:
            round_, seat = divmod(self.dealt.get(label, 0), self.number)
            self.places[nodule] = int(np.random.RandomState([self.seed, round_]).permutation(self.number)[seat])
            self.dealt[label] = self.dealt.get(label, 0) + 1
        return self.places[nodule]

    def sides(self, label, nodule):
        """[(fold, 'train' or 'test')], or [NO_FOLDS]."""
        if self.number is None:
            return [NO_FOLDS]
        place = self.place(label, nodule)
        return [(fold, 'test' if fold == place else 'train') for fold in range(self.number)]


def set_name(name, label, default):
    """NAME, CLASS or NAME-CLASS; ValueError if that cannot be a file's name."""
    name = '-'.join(filter(None, (name, label))) or default
    if not re.match(r'\w[\w .+-]*$', name):
        raise ValueError('%r cannot name a folder; use letters, digits, - and _ in --name and in the names of classes' % name)
    return name


def vacate(path, force):
    """Complain if something has the name of a folder to be written, unless `force` and this program could have made all of it."""
    parent, name = os.path.split(path)
    for left in glob.glob(os.path.join(glob.escape(parent), '.%s-*.part' % glob.escape(name))):
        print('%s was left by a run that was killed, or belongs to a run at work; remove it in the first case' % left)
    if not os.path.lexists(path):
        return
    if not force:
        raise FileExistsError('%s is there already; choose another --name or --outdir, or replace it with --force' % path)
    found = [os.path.relpath(os.path.join(folder, entry), path) for folder, inner, outer in os.walk(path) for entry in inner + outer]
    strange = [entry for entry in found if not re.match(r'%s(-r\d\d\.tfrecords|\.json)$|(pairs|(pairs.)?[^/\\]+\.png)$' % re.escape(name), entry)]
    if strange or not os.path.isdir(path) or not any(re.match(r'.*\.(tfrecords|json)$', entry) for entry in found):
        raise FileExistsError('%s is not replaced, as it %s; choose another --name' % (
            path, 'holds %s, which is no part of a data set' % strange[0] if strange else 'is not a data set'))


@contextlib.contextmanager
def listing(path, head):
    """NAME.json: the facts `head`, then an entry for each image as it comes, then counts. Gives a function (nodule, records, facts) that
    appends an entry, and the counts, which it keeps up to date."""
    counts, nodules = dict(images=0, nodules=0, records=0), set()
    with open(path, 'w', encoding='utf-8') as f:
        f.write(json.dumps(head, indent=1)[:-2] + ',\n "entries": [')

        def append(nodule, records, facts):
            f.write('%s\n  %s' % (',' if counts['images'] else '', json.dumps(dict(facts, nodule=nodule, records=records), sort_keys=True)))
            nodules.add(nodule)
            counts.update(images=counts['images'] + 1, nodules=len(nodules), records=counts['records'] + records)

        yield append, counts
        f.write('\n ],\n' + json.dumps(counts, indent=1)[2:] + '\n')


def pair(patch, resolution, offset=(0, 0)):
    """CT | mask of a patch, [1,R,2R], cut so many (rows, columns) off its centre; in the mask 0 and 255."""
    return np.concatenate([cut(x, resolution, offset) for x in (patch.pixels, patch.mask[None] * np.uint8(255))], axis=2)


@contextlib.contextmanager
def data_set(part, name, head):
    """A function that adds a patch to a data set in folder `part`, cut at those offsets and each cut in those variants; and the counts of
    `listing`."""
    resolution = head['resolution']
    with dataset.writer(part, name) as write, listing(os.path.join(part, name + '.json'), dict(head, name=name)) as (note, counts):

        def add(patch, cuts, variants):
            for offset in cuts:
                for _, turn in variants:
                    write(turn(cut(patch.pixels, resolution, offset)))
            note(patch.nodule, len(cuts) * len(variants), dict(patch.facts, cuts=cuts) if len(cuts) > 1 else patch.facts)
            if 'masks' in head:
                os.makedirs(os.path.join(part, 'pairs'), exist_ok=True)
                images.save(os.path.join(part, 'pairs', patch.nodule + '.png'), pair(patch, resolution))

        yield add, counts


@contextlib.contextmanager
def progress(source):
    """The patches of a source, with a progress bar; the processes that draw them end with the block."""
    with contextlib.closing(source.patches), tqdm.tqdm(source.patches, total=source.total, unit='image', disable=None) as bar:
        yield bar


def write_sets(cfg, source):
    """A data set for each class of a Source and, with cfg.folds, for each fold and side; all of them or none."""
    folds = Folds(cfg.folds, cfg.seed)
    sides = [NO_FOLDS] if cfg.folds is None else [(fold, side) for fold in range(cfg.folds) for side in ('train', 'test')]
    outdirs = {side: cfg.outdir if side == NO_FOLDS else os.path.join(cfg.outdir, 'fold%d' % side[0], side[1]) for side in sides}
    paths = {(label, side): os.path.join(outdirs[side], set_name(cfg.name, label, source.name)) for label in source.labels for side in sides}
    for path in paths.values():
        vacate(path, cfg.force)
    head, sets = dict(source.about, resolution=cfg.resolution, seed=cfg.seed), {}
    with contextlib.ExitStack() as folders, contextlib.ExitStack() as stack:       # all are complete before the first takes its name
        for (label, side), path in paths.items():
            variants = VARIANTS if cfg.augment and side[1] != 'test' else VARIANTS[:1]
            facts = dict(head, variants=[name for name, _ in variants])
            if side != NO_FOLDS:
                facts.update(fold=side[0], folds=cfg.folds, side=side[1])
            part = folders.enter_context(files.folder(path, cfg.force))
            sets[label, side] = stack.enter_context(data_set(part, os.path.basename(path), facts)) + (variants,)
        for index, patch in enumerate(stack.enter_context(progress(source))):
            cuts = offsets(cfg.shifts, np.random.RandomState([cfg.seed, 1, index]))
            for side in folds.sides(patch.label, patch.nodule):
                add, _, variants = sets[patch.label, side]
                add(patch, cuts[:1] if side[1] == 'test' else cuts, variants)
        for key, path in paths.items():
            if sets[key][1]['images'] == 0:
                raise ValueError('%s would hold no nodule; lower --folds' % path)
    for line in source.notes:
        print(line)
    for key, path in paths.items():
        counts = sets[key][1]
        print('%s: %d images of %d nodules, %dx%d down to 4x4' % (path, counts['records'], counts['nodules'], cfg.resolution, cfg.resolution))


def write_pairs(cfg, source):
    """OUTDIR/NAME/*.png, CT | mask for each patch of a Source, and NAME.json."""
    name = set_name(cfg.name, None, None)
    path = os.path.join(cfg.outdir, name)
    vacate(path, cfg.force)
    head = dict(source.about, name=name, resolution=cfg.resolution, seed=cfg.seed)
    with files.folder(path, cfg.force) as part, listing(os.path.join(part, name + '.json'), head) as (note, counts), progress(source) as patches:
        for index, patch in enumerate(patches):
            random = np.random.RandomState([cfg.seed, 1, index])
            offset = [int(n) for n in random.randint(-sources.SHIFT, sources.SHIFT + 1, size=2)] if cfg.off_centre else [0, 0]
            images.save(os.path.join(part, patch.nodule + '.png'), pair(patch, cfg.resolution, offset))
            note(patch.nodule, 1, dict(patch.facts, offset=offset))
    for line in source.notes:
        print(line)
    print('%s: %d pairs, %dx%d' % (path, counts['images'], 2 * cfg.resolution, cfg.resolution))
