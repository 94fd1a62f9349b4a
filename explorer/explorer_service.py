"""The explorer without its web server: models, real patches, and one worker that computes."""

import collections
import contextlib
import io
import os
import re
import shlex
import time
import zipfile

import numpy as np

import dataset
from common import card, files, hounsfield, images, log
from explorer import axes, drawing, learning, mapping, models, opening, projecting, uploads, worker
from metrics import evaluation, suite
from sampling import latent_png

MOST_STEPS = 60  # of a walk, from one nodule to the next
LATENTS = '-latents.npy'  # how the name of a file of latents ends
SAME = 1.0  # mean difference, in gray levels, below which two images are the same on different chips

File = collections.namedtuple('File', 'content name mime_type')


@contextlib.contextmanager
def opened(cfg):
    """An Explorer of settings.Serve, until the block ends."""
    data = dataset.Pyramid(cfg.data) if cfg.data else None
    data_card = data.card if data else card.Card()
    for field in data_card.differing:
        text = data_card.differing_text(field)
        log.warning('the classes of %s differ (%s): that is taken as not known' % (cfg.data, text))
    generators = [_load_model(path, data_card, cfg.cpu) for path in cfg.model]
    painter = drawing.Painter(cfg.pix2pix, cfg.cpu) if cfg.pix2pix else None
    for weights in generators + [painter] * bool(painter):
        if data and weights.size != 2**data.top:
            message = '%s makes images of %d pixels, and those of %s have %d; leave out one of them'
            raise ValueError(message % (weights.path, weights.size, data.path, 2**data.top))
    explorer = Explorer(generators, painter, data)
    try:
        yield explorer
    finally:
        explorer.worker.close()


def _load_model(path, data_card, cpu):
    model = models.Model(path, data_card, cpu)
    model.axes = axes.load(path, model.facts)
    model.images(np.ones([1, model.latent_size]))  # the first image takes longer than others
    return model


class Explorer:
    """All that the page plays with; threads may share it. ValueErrors of its methods are messages for the user.

    painter: a drawing.Painter or None. data: a dataset.Pyramid of real patches or None.
    Axes that were not saved are learned in the background, first those of the model that the page opens with.
    """

    def __init__(self, models, painter, data):
        self.models, self.painter, self.data = models, painter, data
        self._real_images = data.images[data.top] if data else None
        self._neighbours = mapping.Neighbours(self._real_images) if data else None
        self._search = None
        self.worker = worker.Worker()
        classes = [data.classes[label] for label in data.labels] if data else ()
        self._maps = [mapping.Map(model, self.worker, self._real_images, classes) for model in models]
        self._opening = self.worker.submit(lambda: opening.choose(models), worker.IMAGE)
        first = models[opening.place(models)[0]]
        for model in sorted(models, key=lambda model: model is not first):
            self.worker.submit(model.build_vjp, worker.LEARNING)
            if model.axes is None:
                self.worker.submit(lambda model=model: self._learn(model), worker.LEARNING)

    def _learn(self, model):
        log.info('%s: its axes are being learned, which takes a minute or so' % model.path)
        begin = time.monotonic()

        def progress(share):
            model.learning = share, time.monotonic() - begin

        model.axes = learning.learn(model, yield_=self.worker.yield_, progress=progress)
        axes.save(model.path, model.facts, model.axes)
        log.info('%s: its axes are ready' % model.path)

    def _compute(self, function, key=None):
        return self.worker.submit(function, worker.IMAGE, key).result()

    def model(self, index):
        """A model by its index."""
        if index >= len(self.models):
            raise ValueError('there is no model %d here; load the page again' % index)
        return self.models[index]

    def about(self):
        """What the page needs to know at first, and while axes are learned."""
        about = dict(models=[model.about() for model in self.models], presets=hounsfield.presets())
        about['opening'] = self._opening.result()
        about['pix2pix'] = self.painter.about() if self.painter else None
        about['data'] = None
        if self.data:
            facts = dict(path=self.data.path, count=self.data.count, classes=self.data.classes)
            about['data'] = dict(facts, adjective=self.data.card.adjective)
        return about

    def image(self, state, key=None, rough=False):
        """Model.answer of a State; of requests of one key that wait, the newest counts.

        rough: the slider is still being dragged, and what it requests may be reached less well.
        """
        model = self.model(state.model)
        return self._compute(lambda: model.answer(state, rough), key)

    def reach(self, state, name, key=None):
        """Model.reach of a State and the name of an attribute; key: as of image."""
        model = self.model(state.model)
        return self.worker.submit(lambda: model.reach(state, name, self.worker.yield_), worker.LOOP, key).result()

    def walk(self, states, steps):
        """Frames uint8 [N, 1, R, R] of a loop through States."""
        if not 2 <= len(states) <= 8 or len({state.model for state in states}) > 1:
            raise ValueError('a walk goes through 2 to 8 nodules of one model')
        model = self.model(states[0].model)
        return self.worker.submit(lambda: model.walk(states, steps, self.worker.yield_), worker.LOOP).result()

    def project(self, index, pixels):
        """The name of a search for the latent of gray levels in base64; it ends the one before."""
        model = self.model(index)
        picture = drawing.decode_pixels(pixels, model.size)[None]
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
        mask = drawing.decode_mask(mask, self._require_painter().size)
        return self._compute(lambda: self.painter.patches(mask, samples, seed))

    def stamp(self, shape, diameter, seed):
        """A mask uint8 [R, R]."""
        return drawing.stamp(shape, diameter, self._require_painter().size, seed)

    def _require_painter(self):
        if not self.painter:
            raise ValueError('no network draws here; start 7-explore.py serve with --pix2pix')
        return self.painter

    def insert(self, patch, mask, index, soft):
        """Gray levels uint8 [R, R] of a real patch with the nodule of another; patch and mask in base64."""
        real, _ = self.real(index)
        size = self._require_painter().size
        windows = self.painter.window, self.data.card.window
        differ = all(windows) and list(windows[0]) != list(windows[1])
        patch, mask = drawing.decode_pixels(patch, size), drawing.decode_mask(mask, size)
        return drawing.insert(patch, mask, real, soft, windows if differ else None)

    def _require_data(self):
        if not self.data:
            raise ValueError('there are no real patches here; start 7-explore.py serve with --data')

    def real(self, index):
        """Gray levels uint8 [R, R] of a real patch, and its class."""
        self._require_data()
        if index >= self.data.count:
            raise ValueError('there are real patches 0 to %d' % (self.data.count - 1))
        return self._real_images[index, 0], self.data.classes[self.data.labels[index]]

    def map(self, index, by, x, y):
        """mapping.Map.answer of a model, None while it is computed."""
        self.model(index)
        return self._maps[index].answer(by, x, y)

    def nearest(self, state):
        """mapping.Neighbours.answer of a State, and what the data are to the weights, a key of evaluation.RELATIONS.

        Whether it is a copy is judged only where the weights learned from the data.
        """
        self._require_data()
        model = self.model(state.model)
        relation = suite.relation(model.generator.card, self.data.card)
        pixels = self._compute(lambda: model.pixels(state))
        return dict(self._neighbours.answer(pixels, relation in evaluation.TRAINED_ON), relation=relation)

    def save(self, state, kind, scale=1):
        """A File of a State: png, enlarged by a factor and with its latent; raw; or latents."""
        model = self.model(state.model)
        latent, image, name = self._compute(lambda: self._named_image(model, state))
        if kind == 'latents':
            return File(_npy(latent[None]), name + LATENTS, 'application/octet-stream')
        if kind == 'raw':
            return File(_npy(image[None].astype('<f4')), name + '.npy', 'application/octet-stream')
        mm = model.mm / scale if model.mm else None
        origin = latent_png.Origin(os.path.basename(model.path), latent, state.label, model.window, mm)
        f = io.BytesIO()
        latent_png.encode(images.enlarged(images.to_uint8(image), scale), f, origin)
        return File(f.getvalue(), name + '.png', 'image/png')

    def _named_image(self, model, state):
        """The latent [L] and network output [1, R, R] of a State, and the name of their file without its ending."""
        latent = model.latent(state)
        image = model.images(latent[None], state.label)[0]
        return latent, image, '-'.join([_file_name(model, [state])] + model.size_text(images.to_uint8(image)))

    def command(self, state):
        """The command that makes the image of saved latents again."""
        model = self.model(state.model)
        _, _, name = self._compute(lambda: self._named_image(model, state))
        command = ['python', '2-inference.py', '--model', model.path, '--latents', name + LATENTS]
        if model.generator.label_size:
            command += ['--label', model.generator.classes[state.label]]
        return ' '.join(map(shlex.quote, command))

    def latents(self, index, content):
        """{model, label, latents}: of a .npy file for a model by its index, or of a picture that `save` made."""
        if content.startswith(b'\x89PNG'):
            return self._saved_latent(index, *uploads.saved_picture(content))
        rows = uploads.latents(content, self.model(index).latent_size)
        return dict(model=index, label=0, latents=rows.tolist())

    def _saved_latent(self, index, origin, pixels):
        """As `latents`: of the model that makes the same image, as files of several models may have one name."""
        named = [i for i, model in enumerate(self.models) if os.path.basename(model.path) == origin.model]
        for i in sorted(named, key=lambda i: i != index):
            if self._is_image(self.models[i], origin, pixels):
                return dict(model=i, label=origin.label, latents=[origin.latent.tolist()])
        remedy = 'start the explorer with these weights'
        if named:
            remedy = 'other weights of that name are open here; ' + remedy
        raise files.BadFile('the picture', 'was made with %s' % origin.model, remedy)

    def _is_image(self, model, origin, pixels):
        """Whether gray levels uint8 [1, H, W] are the image, which may be enlarged, of a model for an Origin."""
        if len(origin.latent) != model.latent_size or origin.label >= max(model.generator.label_size, 1):
            return False
        image = images.to_uint8(self._compute(lambda: model.images(origin.latent[None], origin.label))[0])
        image = images.enlarged(image, max(pixels.shape[1] // model.size, 1))
        return image.shape == pixels.shape and np.abs(image.astype(int) - pixels).mean() < SAME

    def walk_name(self, states):
        """The name of the files of a walk through States, without its ending."""
        return _file_name(self.model(states[0].model), states)


def _file_name(model, states):
    """The model, its class, and the seeds of States as part of the name of a file."""
    class_name = [model.generator.classes[states[0].label]] if model.generator.label_size else []
    seeds = ['latent' if state.latent else ('%.3f' % state.seed).rstrip('0').rstrip('.') for state in states]
    name = '-'.join([model.name] + class_name + ['seed'])
    return re.sub(r'[^\w.-]', '_', name, flags=re.ASCII) + '-'.join(seeds)


def gif(frames, seconds, scale, name):
    """A File of frames [N, 1, R, R], enlarged by a factor, that takes so many seconds."""
    f = io.BytesIO()
    per_frame = max(seconds / len(frames), 0.02)
    images.encode_animation((images.enlarged(frame, scale) for frame in frames), f, per_frame)
    return File(f.getvalue(), name + '.gif', 'image/gif')


def archive(frames, scale, name):
    """A File of frames [N, 1, R, R], enlarged by a factor, as PNG in a zip archive."""
    f = io.BytesIO()
    with zipfile.ZipFile(f, 'w') as archive:
        for i, frame in enumerate(frames):
            archive.writestr('frame_%03d.png' % i, _png(images.enlarged(frame, scale)))
    return File(f.getvalue(), name + '.zip', 'application/zip')


def _png(image):
    f = io.BytesIO()
    images.encode(image, f)
    return f.getvalue()


def _npy(array):
    f = io.BytesIO()
    np.save(f, array)
    return f.getvalue()
