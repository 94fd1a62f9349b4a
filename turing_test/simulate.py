"""Readers who are not there: they play a study through its server, as browsers do, and answer by chance.

Each has an impression of a case that is normal with standard deviation 1 and mean d'/2 or -d'/2 (the equal-variance
model of Green and Swets, 1966), so that 2 * Phi^-1(accuracy) is d'. How far it is from 0 is the confidence.
"""

import http.cookiejar
import json
import urllib.request

STEPS = -1.0, -0.4, 0.0, 0.4, 1.0  # impressions between the verdicts 1 to 6


class Browser:
    """What a reader's browser sends and gets, from http://127.0.0.1:PORT."""

    def __init__(self, address):
        self.address = address
        jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def get(self, path):
        """The bytes of an answer."""
        with self.opener.open(self.address + path, timeout=60) as f:
            return f.read()

    def post(self, path, **values):
        """The JSON of an answer to JSON."""
        headers = {'Content-Type': 'application/json', 'Origin': self.address}
        request = urllib.request.Request(self.address + path, json.dumps(values).encode(), headers)
        with self.opener.open(request, timeout=60) as f:
            return json.loads(f.read().decode())
