"""Simulated readers, who play a study through its server as browsers do.

The impression that a case makes is normal, with standard deviation 1 and mean m or -m (the equal-variance model of
Green and Swets, 1966). m is Phi^-1(accuracy), so that a reader who decides at 0 is right with that probability, or
follows from d': d'/2 for one patch, d'/sqrt(2) for a pair, of which both impressions count (Macmillan and Creelman
2005). Readers decide at their criterion; the farther the impression is from it, the surer is the verdict. Half of the
variance belongs to the case for that reader, so that a second look is much like the first.
"""

import concurrent.futures
import http.cookiejar
import json
import os
import secrets
import time
import urllib.error
import urllib.request

import numpy as np
from scipy import stats

from common import folders, log, web_server
from turing_test import reading_session, study, study_app

STEPS = -1.0, -0.4, 0.0, 0.4, 1.0  # impressions between verdicts 1 to 6, from the criterion
WINDOWS = [[-600, 1500]]  # [level, width] in HU of each answer


class Browser:
    """A reader's browser, as seen by the server behind a link. seconds: that each response took."""

    def __init__(self, link):
        self.address = link.partition('/?')[0]
        self.seconds = []
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )
        self._send(urllib.request.Request(link))

    def _send(self, request):
        begin = time.perf_counter()
        try:
            with self._opener.open(request, timeout=60) as f:
                body = f.read()
        except urllib.error.HTTPError as error:
            with error:
                raise ValueError('the server refused: ' + json.loads(error.read().decode())['error']) from None
        self.seconds.append(time.perf_counter() - begin)
        return body

    def get(self, path):
        """The bytes at a path."""
        return self._send(urllib.request.Request(self.address + path))

    def ask(self, path):
        """The JSON at a path."""
        return json.loads(self.get(path).decode())

    def post(self, path, **values):
        """The JSON that answers JSON."""
        headers = {'Content-Type': 'application/json', 'Origin': self.address}
        body = self._send(urllib.request.Request(self.address + path, json.dumps(values).encode(), headers))
        return json.loads(body.decode())


class Impressions:
    """Verdicts of a reader.

    truth: {the patches of a case, as bytes: signal}; mean: of the impression of signals, that of noise is its negative.
    """

    def __init__(self, truth, mean, criterion, seed):
        self._truth, self._random = truth, np.random.RandomState(seed)
        self._mean, self._criterion = mean, criterion
        self._case_parts = {}

    def verdict(self, patches):
        """1 to 6, for the patches of a case."""
        case_part, moment_part = np.sqrt(0.5) * self._random.randn(2)
        case_part = self._case_parts.setdefault(patches, case_part)
        mean = self._mean if self._truth[patches] else -self._mean
        impression = case_part + moment_part + mean
        return 1 + int(np.searchsorted(STEPS, impression - self._criterion))

    def milliseconds(self):
        """How long an answer takes: half of them less than four seconds."""
        return int(4000 * self._random.lognormal(0, 0.4))


def enter(link, name, years=5):
    """The Browser of a new reader."""
    browser = Browser(link)
    browser.post('/api/enter', name=name, years=years)
    return browser


def play(browser, reader):
    """Read a whole study, practice too. reader: Impressions."""
    state = browser.ask('/api/state')
    while state['item']:
        patches = [browser.get('/api/pixels/%s/%d' % (state['item'], which)) for which in range(state['images'])]
        answer = dict(item=state['item'], verdict=reader.verdict(b''.join(patches)), milliseconds=reader.milliseconds())
        state = browser.post('/api/answer', windows=WINDOWS, zoom=1, **answer)['state']


def copy_study(path, outdir=None):
    """The folder of a new study of the same cases, without readers, which is marked as simulated."""
    protocol, cases = study.cases(path)
    if not outdir:
        folder = os.path.normpath(path if os.path.isdir(path) else os.path.dirname(path))
        outdir = (os.path.abspath(folder) if folder.endswith('.') else folder) + '-simulated'
    if os.path.lexists(outdir):
        raise FileExistsError('%s is there already; choose another place with --outdir' % outdir)
    with folders.folder(outdir) as folder:
        protocol = dict(protocol, simulated=True)
        study.write(folder, protocol, secrets.token_urlsafe(16), secrets.token_hex(32), cases)
    return outdir


def mean_impression(accuracy, dprime, mode):
    """The mean of Impressions; dprime: of one patch, or None for the one of an unbiased reader of that accuracy."""
    if dprime is None:
        return stats.norm.ppf(accuracy)
    return dprime / (np.sqrt(2) if mode == '2afc' else 2)


def run(cfg):
    """Play the readers of study_settings.Simulate, all at once, through a server on a free port, in a copy."""
    folder = copy_study(cfg.study, cfg.outdir)
    truth, mode = study.truth(folder), study.cases(folder)[0]['mode']
    mean = mean_impression(cfg.accuracy, cfg.d_prime, mode)
    impressions = [Impressions(truth, mean, cfg.criterion, [cfg.seed, i]) for i in range(cfg.readers)]
    with reading_session.opened(folder) as session, web_server.running(study_app.application(session)) as link:
        browsers = [enter(link, 'simulated %d' % (i + 1)) for i in range(cfg.readers)]
        with concurrent.futures.ThreadPoolExecutor(cfg.readers) as pool:
            list(log.progress(pool.map(play, browsers, impressions), desc='readers', unit='', total=cfg.readers))
    seconds = [seconds for browser in browsers for seconds in browser.seconds]
    median, most = 1000 * np.percentile(seconds, [50, 95])
    readers = '1 reader has' if cfg.readers == 1 else '%d readers have' % cfg.readers
    message = '%s read %s, a copy of %s; the server answered in %.0f ms, 95 %% of the time within %.0f ms'
    print(message % (readers, folder, cfg.study, median, most))
    print('analyse it: python 6-turing_test.py analyse %s' % folder)
