"""Where the patches of a data set come from: image files, CT volumes or phantoms; one at a time, with what is known of each."""
import collections
import contextlib
import multiprocessing
import os
import re
import signal

import numpy as np

import images
import phantom
import volumes

SHIFT = 10              # pixels, the most that a shifted cut is off the centre
IMAGES = ('.png', '.jpg', '.jpeg', '.tif', '.tiff', '.bmp', '.npy')
COMPUTED = 'phantoms: computed, not from patients'
AT_A_TIME = 4           # phantoms that a process draws between two reports, which then fit a pipe of 64 kB

# name: for want of another; labels: the classes, or [None]; total: number of patches; patches: a generator; about: for NAME.json; notes: for the user
Source = collections.namedtuple('Source', 'name labels total patches about notes')
# pixels: uint8 [C,S,S]; label: the class or None; nodule: its name; facts: what NAME.json tells of it; mask: None or bool [S,S]
Patch = collections.namedtuple('Patch', 'pixels label nodule facts mask')


def margin(cfg):
    """Pixels that a patch is larger than the images, on each side, so that shifted ones can be cut from it."""
    if cfg.shifts > 1 and not cfg.augment:
        raise ValueError('--shifts %d without --augment; add it' % cfg.shifts)
    return SHIFT if cfg.shifts > 1 else 0


def from_images(cfg):
    """A Source of the image files in a folder, or of the classes whose folders it holds; in the order of their names."""
    try:
        pattern = re.compile(cfg.nodules) if cfg.nodules else None
    except re.error as error:
        raise ValueError('--nodules %s: %s' % (cfg.nodules, error))
    if pattern and not pattern.groups:
        raise ValueError('--nodules %s holds no group; put brackets round what names the nodule' % cfg.nodules)
    classes, skipped = _image_files(cfg.folder)
    side = cfg.resolution + 2 * margin(cfg)
    window = volumes.window(cfg.window) if cfg.window else None

    def patches():
        for label, names in classes.items():
            for name in names:
                found = pattern.match(os.path.basename(name)) if pattern else None
                if pattern and not (found and found.group(1)):
                    raise ValueError('%s does not match --nodules %s; correct the pattern or move the file away' % (name, cfg.nodules))
                pixels = images.load(os.path.join(cfg.folder, name), side, cfg.channels, cfg.range, cfg.resize)
                yield Patch(pixels, label, found.group(1) if found else name, dict(file=name), None)

    notes = ['skipped: %s' % ', '.join('%d %s' % (number, what) for what, number in skipped.items() if number)] if any(skipped.values()) else []
    total = sum(len(names) for names in classes.values())
    about = dict(source=cfg.folder, window=window, range=cfg.range, channels=cfg.channels)
    return Source(os.path.basename(os.path.abspath(cfg.folder)), list(classes), total, patches(), about, notes)


def _image_files(folder):
    """{class or None: names below folder} of the images in a folder or in its sub-folders, and how many entries were left out."""
    if not os.path.isdir(folder):
        raise ValueError('%s is not a folder; name the folder of the images' % folder)
    skipped = collections.OrderedDict([('hidden', 0), ('not images', 0), ('folders', 0)])

    def listing(path):
        files, folders = [], []
        for name in sorted(os.listdir(path)):
            if name.startswith('.'):
                skipped['hidden'] += 1
            elif os.path.isdir(os.path.join(path, name)):
                folders.append(name)
            elif os.path.splitext(name)[1].lower() in IMAGES:
                files.append(name)
            else:
                skipped['not images'] += 1
        return files, folders

    files, folders = listing(folder)
    classes = collections.OrderedDict([(None, files)] if files else [])
    for name in folders:
        inner, deeper = listing(os.path.join(folder, name))
        skipped['folders'] += len(deeper) + (not inner)
        if inner and files:
            raise ValueError('%s holds images and folders of images, such as %s; give it one or the other' % (folder, name))
        if inner:
            classes[name] = [name + '/' + file for file in inner]
    if not classes:
        raise ValueError('%s holds no images (%s), nor do its folders' % (folder, ' '.join(IMAGES)))
    return classes, skipped


def from_volumes(cfg):
    """A Source of axial patches round the nodules of a table; the nodules of a volume follow each other, as one volume is in memory."""
    annotations = volumes.read_annotations(cfg.annotations, cfg.coordinates)
    window, folder = volumes.window(cfg.window), cfg.volumes or os.path.dirname(cfg.annotations) or '.'
    side = cfg.resolution + 2 * margin(cfg)
    scans = collections.OrderedDict()
    for annotation in annotations:
        scans.setdefault(volumes.find_volume(annotation, folder), []).append(annotation)

    def patches():
        for scan, nodules in scans.items():
            volume = volumes.read_volume(*scan)
            for a in nodules:
                hu = volumes.patches(volume, a.point, side, cfg.spacing, cfg.slices, a.coordinates, a.where)
                facts = dict(scan=os.path.relpath(scan[0], folder), point=a.point, diameter_mm=a.diameter_mm)
                for index, gray in enumerate(volumes.to_gray(hu, window)):
                    yield Patch(gray[None], a.label, a.nodule, dict(facts, slice=index - (cfg.slices - 1) / 2.), None)

    labels = list(collections.OrderedDict.fromkeys(a.label for a in annotations))
    about = dict(source=cfg.annotations, window=window, coordinates=cfg.coordinates, mm_per_pixel=cfg.spacing, slices=cfg.slices, channels=1)
    name = os.path.splitext(os.path.basename(cfg.annotations))[0]
    return Source(name, labels, len(annotations) * cfg.slices, patches(), about, [])


def from_phantoms(cfg):
    """A Source of phantoms of one class. Phantom i depends on the seed, the class and i alone."""
    window, size = volumes.window(cfg.window), cfg.resolution + 2 * margin(cfg)
    about = dict(source=COMPUTED, window=window, mm_per_pixel=cfg.spacing, channels=1)
    if cfg.masks:
        about['masks'] = 'pairs/NODULE.png'
    return Source(cfg.kind, [None], cfg.number, _phantoms(cfg, [cfg.kind], size, window), about, [])


def phantom_pairs(cfg):
    """As from_phantoms, of one class or all, for CT | mask pairs."""
    kinds, window = phantom.CLASSES if cfg.phantom == 'all' else [cfg.phantom], volumes.window(cfg.window)
    about = dict(source=COMPUTED, window=window, mm_per_pixel=cfg.spacing)
    return Source(cfg.phantom, [None], cfg.number * len(kinds), _phantoms(cfg, kinds, cfg.resolution + 2 * SHIFT * cfg.off_centre, window), about, [])


def image_pairs(cfg):
    """A Source of the images and masks of the same names in two folders."""
    (names, masks), skipped = zip(*(_image_files(folder) for folder in (cfg.images, cfg.masks)))
    for folder, found in ((cfg.images, names), (cfg.masks, masks)):
        if None not in found:
            raise ValueError('%s holds folders of images; name one of them' % folder)
    lone = sorted(set(names[None]) ^ set(masks[None]))
    if lone:
        raise ValueError('%s is in only one of %s and %s; images and masks have the same names' % (lone[0], cfg.images, cfg.masks))
    stems = collections.Counter(os.path.splitext(name)[0] for name in names[None])
    if max(stems.values()) > 1:
        raise ValueError('%s has two files named %s; rename one' % (cfg.images, stems.most_common(1)[0][0]))

    def patches():
        for name in names[None]:
            if name.lower().endswith(('.jpg', '.jpeg')):
                raise ValueError('%s: JPEG blurs the outline of a mask; save masks as PNG' % os.path.join(cfg.masks, name))
            pixels, mask = [images.load(os.path.join(folder, name), cfg.resolution) for folder in (cfg.images, cfg.masks)]
            yield Patch(pixels, None, os.path.splitext(name)[0], dict(file=name), mask[0] > 0)

    return Source('pairs', [None], len(names[None]), patches(), dict(source=[cfg.images, cfg.masks]), [])


def _draw(job):
    """Some phantoms of a class, as a list of Patch; runs in another process."""
    kind, seed, indices, size, spacing, window = job
    drawn = []
    for i in indices:
        made = phantom.phantom(kind, np.random.RandomState([seed, phantom.CLASSES.index(kind), i]), size, spacing)
        facts = {name: round(value, 3) if isinstance(value, float) else value for name, value in made.facts.items()}
        drawn.append(Patch(volumes.to_gray(made.hu, window)[None], None, '%s-%05d' % (kind, i), facts, made.mask))
    return drawn


def _phantoms(cfg, kinds, size, window):
    if size < 16:
        raise ValueError('--resolution %d: phantoms have 16 pixels or more' % cfg.resolution)
    if not 0.1 <= cfg.spacing <= 2:
        raise ValueError('--spacing %g: pixels of phantoms are from 0.1 to 2 mm' % cfg.spacing)
    jobs = [(kind, cfg.seed, range(i, min(i + AT_A_TIME, cfg.number)), size, cfg.spacing, window)
            for kind in kinds for i in range(0, cfg.number, AT_A_TIME)]
    processes = min(cfg.processes or os.cpu_count(), -(-len(jobs) // 8))            # for a few jobs it takes longer to start one
    return _patches(_in_order(jobs, processes) if processes > 1 else (_draw(job) for job in jobs))


def _patches(results):
    with contextlib.closing(results):
        for drawn in results:
            yield from drawn


def _work(jobs, results):
    """Runs in another process, which is never more than a job or two ahead, as nobody empties its pipe."""
    with contextlib.suppress(BrokenPipeError):                  # the process that reads was killed
        for job in jobs:
            try:
                results.send(_draw(job))
            except (ValueError, MemoryError) as error:
                results.send(error)


def _in_order(jobs, processes):
    """Results of _draw in the order of the jobs, which processes take by turns. Each has a pipe of its own: no locks to be left held."""
    context = multiprocessing.get_context('spawn')              # not forks, which TensorFlow's threads do not survive
    workers, pipes = [], []
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)      # which they inherit: Ctrl-C reaches all processes of a terminal
    try:
        for i in range(processes):
            pipe, end = context.Pipe(duplex=False)
            pipes.append(pipe)
            workers.append(context.Process(target=_work, args=(jobs[i::processes], end), daemon=True))
            workers[-1].start()
            end.close()
        signal.signal(signal.SIGINT, handler)
        for i in range(len(jobs)):
            drawn = pipes[i % processes].recv()
            if isinstance(drawn, Exception):
                raise drawn
            yield drawn
    except EOFError:
        raise OSError('a process that draws phantoms has died, for lack of memory perhaps; lower --processes') from None
    finally:
        signal.signal(signal.SIGINT, handler)
        for worker in workers:
            if worker.pid:
                worker.terminate()
                worker.join()
