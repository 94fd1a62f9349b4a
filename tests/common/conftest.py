"""Pickles as the published program writes them, and what the reader says of bad ones."""

import pickle
import sys
import types

import pytest

import tfutil
from common import safe_pickle


class _Published:
    """Stands for the class whose name published files carry."""

    def __init__(self, state):
        self.__dict__['state'] = state

    def __getstate__(self):
        return self.state


@pytest.fixture
def publish(tmp_path, monkeypatch):
    """Writes a pickle as the published program does, with Python's own pickle module."""

    def call(value, protocol=4):
        path = tmp_path / 'a.pkl'
        host = types.ModuleType('tfutil')
        host.Network = type('Network', (_Published,), {'__module__': 'tfutil'})
        monkeypatch.setitem(sys.modules, 'tfutil', host)
        path.write_bytes(pickle.dumps(value(host.Network), protocol))
        monkeypatch.setitem(sys.modules, 'tfutil', tfutil)
        return str(path)

    return call


@pytest.fixture
def refused(tmp_path):
    """The reader's one-line complaint about these bytes."""

    def call(data):
        path = tmp_path / 'bad.pkl'
        path.write_bytes(data)
        with pytest.raises(ValueError) as caught:
            safe_pickle.read(str(path))
        message = str(caught.value)
        assert str(path) in message and '\n' not in message
        return message

    return call
