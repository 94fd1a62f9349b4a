"""The explorer as it is served: models, real patches, and one worker that computes."""

import contextlib

import dataset
from common import hounsfield, talk
from explorer import axes, learning, models, worker
from metrics import provenance

PRESETS = [(name,) + hounsfield.WINDOWS[name] for name in ('lung', 'paper', 'mediastinum')]


@contextlib.contextmanager
def opened(cfg):
    """An Explorer of settings.Serve, until the block ends."""
    explorer = Explorer(cfg)
    try:
        explorer.prepared()
        yield explorer
    finally:
        explorer.worker.close()


class Explorer:
    """All that the page plays with; threads may share it. Methods raise ValueError in words for the user."""

    def __init__(self, cfg):
        self._cfg, self.models = cfg, []
        self.data = dataset.Pyramid(cfg.data) if cfg.data else None
        self.worker = worker.Worker(self._load, cfg.cpu)

    def prepared(self):
        """Wait until the weights are read, and begin to learn axes that were not kept."""
        self.worker.prepared.result()
        for model in self.models:
            if model.axes is None:
                self.worker.begin(lambda model=model: self._learn(model))

    def _load(self):
        scale = provenance.scale(self.data) if self.data else None
        for path in self._cfg.model:
            model = models.Model(path, scale)
            model.axes = axes.recall(path, learning.facts(model))
            self.models.append(model)

    def _learn(self, model):
        talk.say('%s: its axes are learnt, which takes about a minute' % model.path)
        model.axes = learning.learn(model, breathe=self.worker.breathe)
        axes.keep(model.path, learning.facts(model), model.axes)
        talk.say('%s: its axes are ready' % model.path)

    def model(self, number):
        """A model by its number."""
        if number >= len(self.models):
            raise ValueError('there is no model %d here; load the page again' % number)
        return self.models[number]

    def about(self):
        """What the page is told at first, and while axes are learnt."""
        about = dict(models=[model.about() for model in self.models], pix2pix=None, data=None, presets=PRESETS)
        if self.data:
            about.update(data=dict(path=self.data.path, count=self.data.count, classes=self.data.classes))
        return about

    def image(self, shown, browser):
        """What Model.answer says of a State; of a browser's requests that wait the newest one counts."""
        model = self.model(shown.model)
        return self.worker.ask(lambda: model.answer(shown), browser)
