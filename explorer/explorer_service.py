"""The explorer as it is served: models, real patches, and one worker that computes."""

import collections
import contextlib
import io
import shlex

import numpy as np

import dataset
from common import card, hounsfield, images, log
from explorer import axes, drawing, learning, mapping, models, moving, projecting, uploads, walking, worker

File = collections.namedtuple('File', 'content name kind')


@contextlib.contextmanager
def opened(cfg):
    """An Explorer of settings.Serve, until the block ends."""
    explorer = Explorer(cfg)
    try:
        explorer.begin()
        yield explorer
    finally:
        explorer.worker.close()


def _numpy(array):
    f = io.BytesIO()
    np.save(f, array)
    return f.getvalue()


class Explorer:
    """All that the page plays with; threads may share it. Methods raise ValueError in words for the user."""

    def __init__(self, cfg):
        self._cfg, self.models, self.painter, self._search = cfg, [], None, None
        self.data = dataset.Pyramid(cfg.data) if cfg.data else None
        self._reals = self.data.images[self.data.top] if self.data else None
        self._card = self.data.card if self.data else card.Card()
        for field in self._card.differing:
            text = self._card.differing_text(field)
            log.warning('the classes of %s differ (%s): that is taken as not known' % (cfg.data, text))
        self.worker = worker.Worker(self._load, cfg.cpu)

    def begin(self):
        """Wait until the weights are read, and have axes learnt that were not kept."""
        self.worker.prepared.result()
        self._maps = [mapping.Map(model, self.worker, self._reals) for model in self.models]
        self._neighbours = mapping.Neighbours(self._reals) if self.data else None
        for model in self.models:
            self.worker.begin(model.warm, worker.LEARNING)
            if model.axes is None:
                self.worker.begin(lambda model=model: self._learn(model), worker.LEARNING)

    def _load(self):
        for path in self._cfg.model:
            model = models.Model(path, self._card, self._cfg.cpu)
            model.axes = axes.recall(path, learning.facts(model))
            model.images(np.ones([1, model.latent_size]))  # the first image takes longer than others
            self.models.append(model)
        if self._cfg.pix2pix:
            self.painter = drawing.Painter(self._cfg.pix2pix)
        for one in self.models + [self.painter] * bool(self.painter):
            if self.data and one.size != 2**self.data.top:
                words = '%s makes images of %d pixels, and those of %s have %d; leave out one of them'
                raise ValueError(words % (one.path, one.size, self.data.path, 2**self.data.top))

    def _learn(self, model):
        log.info('%s: its axes are being learnt, which takes a minute or so' % model.path)
        model.axes = learning.learn(model, breathe=self.worker.yield_)
        axes.keep(model.path, learning.facts(model), model.axes)
        log.info('%s: its axes are ready' % model.path)

    def model(self, number):
        """A model by its number."""
        if number >= len(self.models):
            raise ValueError('there is no model %d here; load the page again' % number)
        return self.models[number]

    def about(self):
        """What the page is told at first, and while axes are learnt."""
        about = dict(models=[model.about() for model in self.models], pix2pix=None, data=None)
        about.update(presets=hounsfield.presets())
        if self.painter:
            about.update(pix2pix=self.painter.about())
        if self.data:
            about.update(data=dict(path=self.data.path, count=self.data.count, classes=self.data.classes))
        return about

    def _now(self, job, key=None):
        return self.worker.begin(job, worker.IMAGE, key).result()

    def image(self, shown, key=None, rough=False):
        """What Model.answer says of a State; of requests of one key that wait, the newest counts.

        rough: a hand still moves a slider, and what it asks for may be reached less well.
        """
        model = self.model(shown.model)
        rounds = moving.FEW if rough else moving.ROUNDS
        return self._now(lambda: model.answer(shown, rounds), key)

    def walk(self, stops, steps):
        """Frames uint8 [N, 1, R, R] of a loop through States."""
        if not 2 <= len(stops) <= 8 or len({shown.model for shown in stops}) > 1:
            raise ValueError('a walk goes through 2 to 8 nodules of one model')
        model = self.model(stops[0].model)
        job = self.worker.begin(lambda: walking.frames(model, stops, steps, self.worker.yield_), worker.LOOP)
        return job.result()

    def project(self, number, content):
        """The name of a search for the latent of a picture file; it ends the one before."""
        model = self.model(number)
        picture = uploads.picture(content, model.size)
        if self._search:
            self._search.stop()
        self._search = projecting.Search(self.worker, model, picture)
        return self._search.name

    def search(self, name):
        """The search of that name."""
        search = self._search
        if search is None or search.name != name:
            raise ValueError('that search has ended; drop the picture again')
        return search

    def stop(self, name):
        """End the search of that name, if it goes on."""
        if self._search and self._search.name == name:
            self._search.stop()

    def draw(self, mask, samples, seed):
        """Patches uint8 [samples, R, R] of a mask in base64."""
        mask = drawing.mask(mask, self._painter().size)
        return self._now(lambda: self.painter.patches(mask, samples, seed))

    def stamp(self, shape, diameter, seed):
        """A mask uint8 [R, R]."""
        return drawing.stamp(shape, diameter, self._painter().size, seed)

    def _painter(self):
        if not self.painter:
            raise ValueError('no network draws here; start 7-explore.py serve with --pix2pix')
        return self.painter

    def insert(self, patch, mask, index, soft):
        """Gray levels uint8 [R, R] of a real patch with the nodule of another; patch and mask in base64."""
        real, size = self.real(index)[0], self._painter().size
        windows = self.painter.window, self._card.window
        other = windows if all(windows) and list(windows[0]) != list(windows[1]) else None
        return drawing.inserted(drawing.pixels(patch, size), drawing.mask(mask, size), real, soft, other)

    def _require_data(self):
        if not self.data:
            raise ValueError('there are no real patches here; start 7-explore.py serve with --data')

    def real(self, index):
        """Gray levels uint8 [R, R] of a real patch, and its class."""
        self._require_data()
        if index >= self.data.count:
            raise ValueError('there are real patches 0 to %d' % (self.data.count - 1))
        return self._reals[index, 0], self.data.classes[self.data.labels[index]]

    def map(self, number, by, x, y):
        """What mapping.Map answers, None while it is computed."""
        self.model(number)
        return self._maps[number].answer(by, x, y)

    def nearest(self, shown):
        """What mapping.Neighbours answers."""
        self._require_data()
        model = self.model(shown.model)
        return self._neighbours.answer(self._now(lambda: model.pixels(shown)))

    def save(self, shown, kind):
        """A File of a State: png, raw or latents."""
        model = self.model(shown.model)
        latent = self._now(lambda: model.latent(shown))[None]
        if kind == 'latents':
            return File(_numpy(latent), 'latents.npy', 'application/octet-stream')
        image = self._now(lambda: model.images(latent, shown.label))
        if kind == 'raw':
            return File(_numpy(image.astype('<f4')), 'nodule.npy', 'application/octet-stream')
        f = io.BytesIO()
        images.encode(images.to_uint8(image[0]), f)
        return File(f.getvalue(), 'nodule.png', 'image/png')

    def command(self, shown):
        """The command that makes the image of saved latents again."""
        model = self.model(shown.model)
        words = ['python', '2-inference.py', '--model', model.path, '--latents', 'latents.npy']
        words += ['--label', model.classes[shown.label]] if model.labels else []
        return ' '.join(map(shlex.quote, words))

    def latents(self, number, content):
        """Latents [N, L] of a file."""
        return uploads.latents(content, self.model(number).latent_size)
