"""A background search for the latent of a picture, of which a browser asks for the latest result."""

import secrets
import time

import numpy as np

from config import Inference
from explorer.models import encoded
from explorer.worker import SEARCH

TIMEOUT = 90.0  # seconds after which a search that nobody asks for ends; browsers let hidden pages ask once a minute


class _Stopped(Exception):
    """Nobody waits for the end any more."""


def _difference(image, picture):
    """Root mean square difference of gray levels."""
    return float(np.sqrt(np.mean(np.square(np.asarray(image, float) - picture))))


class Search:
    """A job of the worker, as 2-inference.py --project does it. name: by which a browser asks for it.

    latest(): None before its first step; {step, steps, error, pixels, seconds, left} of the best image until then,
    where error is the difference in gray levels and left are the seconds that remain, None at the first step; in the
    end {done, latent, label, error, pixels, seconds}, or {failed: message}.
    """

    def __init__(self, worker, model, picture):
        self.name = secrets.token_hex(8)
        self._worker, self._model, self._picture = worker, model, picture
        self._latest = None
        self._began = None  # when it began to compute
        self._first = None  # number and time of the first step that was seen
        self._stop_requested = False
        self._last_request = time.monotonic()
        self.future = worker.submit(self._run, SEARCH)
        self.future.add_done_callback(self._finish)

    def stop(self):
        """End the search at its next step."""
        self._stop_requested = True

    def latest(self):
        """The latest result; asking keeps the search going."""
        self._last_request = time.monotonic()
        return self._latest

    def _run(self):
        if self._stop_requested:
            raise _Stopped
        self._began = time.monotonic()
        defaults = Inference()
        generator = self._model.generator
        result = generator.project(self._picture, defaults.project_steps, defaults.seed, watch=self._watch)
        label = int(result.label[0].argmax()) if result.label.size else 0
        error = _difference(result.image, self._picture)
        found = dict(latent=result.latent[0].tolist(), label=label, error=error, pixels=encoded(result.image))
        return dict(found, done=True, seconds=time.monotonic() - self._began)

    def _watch(self, step, steps, image):
        self._worker.yield_()
        if self._stop_requested or time.monotonic() > self._last_request + TIMEOUT:
            raise _Stopped
        error = _difference(image, self._picture)
        best = self._latest or dict(error=np.inf)
        if error < best['error']:
            best = dict(error=error, pixels=encoded(image))
        now = time.monotonic()
        self._first = self._first or (step, now)
        first_step, first_time = self._first
        left = (now - first_time) / (step - first_step) * (steps - step) if step > first_step else None
        self._latest = dict(best, step=step, steps=steps, seconds=now - self._began, left=left)

    def _finish(self, future):
        error = future.exception()
        if error is None:
            self._latest = future.result()
        elif isinstance(error, _Stopped):
            self._latest = dict(failed='the search was stopped')
        elif isinstance(error, (ValueError, InterruptedError)):
            self._latest = dict(failed=str(error))
        else:
            self._latest = dict(failed='the search failed')
