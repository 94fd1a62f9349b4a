"""Many nodules at once: thumbnails by what is measured or by likeness, and the nearest real image."""

import collections
import threading
from concurrent.futures import Future

import numpy as np

try:
    import threadpoolctl
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
except ImportError:
    raise ImportError('maps are drawn with scikit-learn: pip install scikit-learn') from None

from common.images import to_uint8
from explorer.models import encoded
from explorer.worker import LOOP, do
from metrics import feature_distances, memorisation
from sampling import generate

NUMBER = 500  # generated images, and real ones at most
THUMB = 32  # pixels across
LIKENESS = 'pca', 'tsne'
SAMPLE = 50  # real images whose nearest other one is looked for

# pixels: uint8 [N, 1, R, R]; values: {name: [N]}, what is measured.
Images = collections.namedtuple('Images', 'kinds numbers pixels values')


class Map:
    """Of a model and, where there are some, real images uint8 [N, 1, R, R]; computed when it is asked for."""

    def __init__(self, model, worker, reals):
        self._model, self._worker, self._lock, self._begun = model, worker, threading.Lock(), {}
        count = 0 if reals is None else len(reals)
        self._chosen = np.linspace(0, count - 1, min(count, NUMBER)).astype(int)
        self._reals = reals

    def answer(self, by, x=None, y=None):
        """What the page shows: points, and their thumbnails in one column; None while they are still computed."""
        names = [one.name for one in self._model.attributes]
        for name in () if by in LIKENESS else (x, y):
            if name not in names:
                raise ValueError('there is no axis %s; there are %s' % (name, ', '.join(names)))
        found = self._known('images', lambda: self._worker.begin(self._compute, LOOP).result())
        if found is None:
            return None
        if by in LIKENESS:
            places = self._known(by, lambda: likeness(by, found.pixels))
            if places is None:
                return None
        else:
            places = np.stack([found.values[x], found.values[y]], axis=1)
        there = np.flatnonzero(np.isfinite(places).all(axis=1))
        rows = [(places[i], found.kinds[i], found.numbers[i]) for i in there]
        points = [dict(x=float(at[0]), y=float(at[1]), kind=kind, number=number) for at, kind, number in rows]
        return dict(points=points, sheet=encoded(thumbnails(found.pixels[there, 0])), thumb=THUMB)

    def _known(self, key, job):
        """What a job computes, once for all who ask, or None until then; what went wrong is tried again."""
        with self._lock:
            future = self._begun.get(key)
            if future is None:
                future = self._begun[key] = Future()
                threading.Thread(target=do, args=(job, future), daemon=True).start()
        if not future.done():
            return None
        if future.exception():
            self._begun.pop(key, None)
        return future.result()

    def _compute(self):
        model, parts = self._model, []
        latents = generate.random_latents(NUMBER, model.latent_size)
        for begin in range(0, NUMBER, 16):
            parts.append(to_uint8(model.images(latents[begin : begin + 16])))
            self._worker.yield_()
        kinds, numbers = ['generated'] * NUMBER, list(range(NUMBER))
        if self._reals is not None:
            parts.append(self._reals[self._chosen])
            kinds += ['real'] * len(self._chosen)
            numbers += self._chosen.tolist()
        pixels, columns = np.concatenate(parts), collections.OrderedDict((one.name, []) for one in model.attributes)
        for begin in range(0, len(pixels), 32):
            for name, values in model.measure(pixels[begin : begin + 32])[0].items():
                columns[name].extend(values)
            self._worker.yield_()
        return Images(kinds, numbers, pixels, columns)


def likeness(by, pixels):
    """[N, 2]: places of images uint8 [N, 1, R, R], by 'pca' or 'tsne' of their features."""
    features = feature_distances.pixel_pyramid(pixels)
    if by == 'pca':
        return PCA(2, random_state=0).fit_transform(features)
    features = PCA(min(30, len(features[0])), random_state=0).fit_transform(features)
    with threadpoolctl.threadpool_limits(1):  # more wait for each other, minutes where others work beside
        return TSNE(2, init='pca', learning_rate=200.0, random_state=0).fit_transform(features)


def thumbnails(pixels):
    """uint8 [N * THUMB, THUMB] of images [N, R, R], R a power of two: boxes are averaged, or pixels repeated."""
    count, size = pixels.shape[:2]
    if size < THUMB:
        pixels = pixels.repeat(THUMB // size, axis=1).repeat(THUMB // size, axis=2)
    elif size > THUMB:
        box = size // THUMB
        pixels = np.rint(pixels.reshape(count, THUMB, box, THUMB, box).mean(axis=(2, 4))).astype(np.uint8)
    return pixels.reshape(count * THUMB, THUMB)


class Neighbours:
    """The nearest of real images uint8 [N, 1, R, R], as a search for copies finds it."""

    def __init__(self, reals):
        self._reals, self._lock, self._typical = reals, threading.Lock(), None

    def answer(self, image):
        """Of gray levels [R, R]: the nearest real image, turned as the image is, and how far others are apart."""
        with self._lock:
            found = memorisation.nearest(image[None, None], self._reals)
            if self._typical is None:
                self._typical = self._apart()
        index, symmetry = int(found.index[0]), int(found.symmetry[0])
        back = symmetry if symmetry >= 4 else -symmetry % 4  # a mirrored position is its own inverse
        pixels = memorisation.turned(self._reals[index, 0], back)
        return dict(index=index, error=float(found.distance[0]), pixels=encoded(pixels), typical=self._typical)

    def _apart(self):
        """The median distance of some real images to the nearest of the others; None where there are too few."""
        count = len(self._reals)
        chosen = np.random.RandomState(0).permutation(count)[: min(SAMPLE, count // 2)]
        if not len(chosen):
            return None
        others = np.delete(np.arange(count), chosen)
        return float(np.median(memorisation.nearest(self._reals[chosen], self._reals[others]).distance))
