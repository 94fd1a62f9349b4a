"""The search for the latent of a picture, watched while it goes on."""

import secrets
import time

import numpy as np

from config import Inference
from explorer.models import encoded
from explorer.worker import SEARCH

PATIENCE = 90.0  # seconds after which a search that nobody asks for ends; browsers let hidden pages ask once a minute


class _Stopped(Exception):
    """Nobody waits for the end any more."""


def _away(image, picture):
    """Root mean square difference of gray levels."""
    return float(np.sqrt(np.mean(np.square(np.asarray(image, float) - picture))))


class Search:
    """One search, by the worker: as 2-inference.py --project makes it. name: by which a browser asks for it."""

    def __init__(self, worker, model, picture):
        self.name, self._model, self._picture, self._worker = secrets.token_hex(8), model, picture, worker
        self._latest, self._best, self._stop, self._asked = None, None, False, time.monotonic()
        self._future = worker.begin(self._run, SEARCH)
        self._future.add_done_callback(self._finish)

    def stop(self):
        """End the search at its next step."""
        self._stop = True

    def _run(self):
        if self._stop:
            raise _Stopped
        defaults = Inference()
        steps, seed = defaults.project_steps, defaults.seed
        latent, label, image = self._model.generator.project(self._picture, steps, seed, watch=self._watch)
        found = dict(done=True, latent=latent[0].tolist(), label=int(label[0].argmax()) if label.size else 0)
        return dict(found, error=_away(image, self._picture), pixels=encoded(image))

    def _watch(self, step, steps, image):
        self._worker.yield_()
        if self._stop or time.monotonic() > self._asked + PATIENCE:
            raise _Stopped
        error = _away(image, self._picture)
        if self._best is None or error < self._best[0]:
            self._best = error, encoded(image)
        self._latest = dict(step=step, steps=steps, error=self._best[0], pixels=self._best[1])

    def _finish(self, future):
        error = future.exception()
        self._latest = future.result() if error is None else dict(error=_words(error))

    def latest(self):
        """What is known by now, a dict, or None; the last one has done, or an error in words. Asking keeps it going."""
        self._asked = time.monotonic()
        return self._latest


def _words(error):
    if isinstance(error, _Stopped):
        return 'the search was stopped'
    return str(error) if isinstance(error, (ValueError, InterruptedError)) else 'the search failed'
