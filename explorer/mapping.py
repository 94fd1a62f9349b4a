"""Many nodules at once: thumbnails by their attributes or by similarity, and the nearest real image."""

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

from explorer.models import encoded
from explorer.worker import LOOP, complete
from metrics import feature_distances, memorisation

N = 500  # generated images, and real ones at most
THUMB = 32  # pixels across
SIMILARITIES = 'pca', 'tsne'
HELD_OUT = 500  # real images at most whose nearest other one is looked for
LEAST = 20  # real images; of fewer, no limit for copies can be told

# kinds: generated or real; indices: seeds, or places in the dataset; labels: of generated ones; classes: names, or
# None; pixels: uint8 [N, 1, R, R]; values: {attribute name: [N]}.
Images = collections.namedtuple('Images', 'kinds indices labels classes pixels values')


class Map:
    """Of a model and, where there are some, real images; computed at the first request.

    real_images: uint8 [N, 1, R, R] or None; real_classes: names, [N].
    """

    def __init__(self, model, worker, real_images, real_classes=()):
        self._model, self._worker, self._real_images, self._real_classes = model, worker, real_images, real_classes
        self._lock = threading.Lock()
        self._futures = {}

    def answer(self, by, x=None, y=None):
        """Points, and their thumbnails in one column, for the page; None while they are computed.

        by: one of SIMILARITIES, or else attributes x and y. Each point has its class, None where that has no name, and
        its measured `values`, {attribute name: number or None}, to be filtered by.
        """
        names = [attribute.name for attribute in self._model.attributes]
        for name in () if by in SIMILARITIES else (x, y):
            if name not in names:
                raise ValueError('there is no axis %s; there are %s' % (name, ', '.join(names)))
        images = self._once('images', lambda: self._worker.submit(self._compute, LOOP).result())
        if images is None:
            return None
        if by in SIMILARITIES:
            places = self._once(by, lambda: similarity_map(by, images.pixels))
            if places is None:
                return None
        else:
            places = np.stack([images.values[x], images.values[y]], axis=1)
        visible = np.flatnonzero(np.isfinite(places).all(axis=1))
        points = []
        for i in visible:
            across, up = places[i]
            point = dict(x=float(across), y=float(up), kind=images.kinds[i], index=images.indices[i])
            point['label'], point['class'] = images.labels[i], images.classes[i]
            measured = {name: round(float(column[i]), 3) for name, column in images.values.items()}
            point['values'] = {name: value if np.isfinite(value) else None for name, value in measured.items()}
            points.append(point)
        return dict(points=points, sheet=encoded(thumbnails(images.pixels[visible, 0])), thumb=THUMB)

    def _once(self, key, function):
        """What a function returns, computed once for all who ask, None until then; after an error it is tried again."""
        with self._lock:
            future = self._futures.get(key)
            if future is None:
                future = self._futures[key] = Future()
                threading.Thread(target=complete, args=(function, future), daemon=True).start()
        if not future.done():
            return None
        if future.exception():
            self._futures.pop(key, None)
        return future.result()

    def _compute(self):
        yield_ = self._worker.yield_
        kinds, indices = ['generated'] * N, list(range(N))
        labels = [index % max(self._model.generator.label_size, 1) for index in indices]
        names = self._model.generator.classes
        classes = [names[label] if names else None for label in labels]
        pixels = self._model.sample(N, yield_=yield_)
        if self._real_images is not None:
            count = len(self._real_images)
            chosen = np.linspace(0, count - 1, min(count, N)).astype(int)
            kinds += ['real'] * len(chosen)
            indices += chosen.tolist()
            labels += [None] * len(chosen)
            classes += [self._real_classes[index] for index in chosen]
            pixels = np.concatenate([pixels, self._real_images[chosen]])
        return Images(kinds, indices, labels, classes, pixels, self._model.measure_many(pixels, yield_))


def similarity_map(by, pixels):
    """Places [N, 2] of images uint8 [N, 1, R, R], by 'pca' or 'tsne' of their features."""
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
    """The nearest of real images uint8 [N, 1, R, R], as the search for copies of an evaluation finds it."""

    def __init__(self, real_images):
        self._real_images = real_images
        self._lock = threading.Lock()
        self._limit = None
        self._limit_is_known = False

    def answer(self, image, judged=True):
        """The real image nearest to gray levels [R, R], in their position; `copy`: whether they may be a copy of it.

        It may be one where it is at most `limit` away, in gray levels: memorisation.limit of real images that are held
        out in turn. Both are None of fewer than LEAST real images, and where it is not to be judged.
        """
        with self._lock:
            nearest = memorisation.nearest(image[None, None], self._real_images)
            if judged and not self._limit_is_known:
                self._limit = self._limit_of_held_out()
                self._limit_is_known = True
        index = int(nearest.index[0])
        pixels = np.rint(memorisation.placed(self._real_images[index], nearest)[0]).astype(np.uint8)
        distance, limit = float(nearest.distance[0]), self._limit if judged else None
        copy = None if limit is None else distance <= limit
        return dict(index=index, error=distance, pixels=encoded(pixels), limit=limit, copy=copy)

    def _limit_of_held_out(self):
        """memorisation.limit of up to HELD_OUT real images, a tenth of all at a time, and None of too few."""
        count = len(self._real_images)
        if count < LEAST:
            return None
        chosen = np.random.RandomState(0).permutation(count)[:HELD_OUT]
        distances = []
        for held_out in np.array_split(chosen, -(-10 * len(chosen) // count)):
            others = np.delete(self._real_images, held_out, axis=0)
            distances.append(memorisation.nearest(self._real_images[held_out], others).distance)
        return memorisation.limit(np.concatenate(distances))
