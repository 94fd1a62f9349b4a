import os
import time

import numpy as np
import pytest

from metrics import cache
from metrics.cache import Cache


def counted(calls):
    def compute():
        calls.append(1)
        return dict(numbers=np.arange(5.0), one=3.5)

    return compute


def test_a_value_is_computed_once_for_the_same_data_name_and_code(tmp_path, monkeypatch):
    calls, data = [], [np.arange(6, dtype=np.uint8), 1.5, None]
    for _ in range(2):
        kept = Cache(data, str(tmp_path))
        for _ in range(2):
            result = kept.recall('x', counted(calls))
            assert result['numbers'].tolist() == [0, 1, 2, 3, 4] and result['one'] == 3.5
    assert len(calls) == 1
    Cache(data, str(tmp_path)).recall('y', counted(calls))
    Cache([data[0].reshape(2, 3)] + data[1:], str(tmp_path)).recall('x', counted(calls))
    Cache(data[:2] + [0], str(tmp_path)).recall('x', counted(calls))
    code = cache._code()
    assert any(b'def estimate(' in text for text in code[:-2])  # intervals come from stats/bootstrap.py
    monkeypatch.setattr(cache, '_code', lambda: ['other'])
    Cache(data, str(tmp_path)).recall('x', counted(calls))
    assert len(calls) == 5


def test_nothing_is_written_without_a_folder_nor_of_what_is_cheap(tmp_path):
    calls = []
    Cache([1]).recall('x', counted(calls))
    Cache([1], str(tmp_path)).recall('x', counted(calls), disk=False)
    assert os.listdir(str(tmp_path)) == [] and len(calls) == 2


def test_a_damaged_file_is_never_trusted_whichever_byte_is_wrong(tmp_path):
    calls = []
    Cache([1], str(tmp_path)).recall('x', counted(calls))
    (path,) = [os.path.join(str(tmp_path), name) for name in os.listdir(str(tmp_path))]
    with open(path, 'rb') as f:
        whole = f.read()
    damaged = [b'', b'PK', whole[: len(whole) // 2], whole + b'x', b'{"a": 1}']
    damaged += [whole[:i] + bytes([whole[i] ^ 0x55]) + whole[i + 1 :] for i in range(len(whole))]
    for data in damaged:
        with open(path, 'wb') as f:
            f.write(data)
        result = Cache([1], str(tmp_path)).recall('x', counted([]))
        assert sorted(result) == ['numbers', 'one'] and result['numbers'].tolist() == [0, 1, 2, 3, 4]
        assert result['one'] == 3.5
    with open(path, 'wb') as f:
        f.write(whole[:-9])
    Cache([1], str(tmp_path)).recall('x', counted(calls))
    Cache([1], str(tmp_path)).recall('x', counted(calls))
    assert len(calls) == 2  # computed again, and whole from then on


def test_files_that_were_not_read_for_longest_go_when_there_are_too_many(tmp_path, monkeypatch):
    for i in range(4):
        Cache([i], str(tmp_path)).recall('x', counted([]))
    (size,) = {os.path.getsize(str(tmp_path / name)) for name in os.listdir(str(tmp_path))}
    monkeypatch.setattr(cache, 'LIMIT', 3 * size)
    for i in range(4):
        os.utime(Cache([i], str(tmp_path))._path('x'), (time.time() - 100 + i,) * 2)
    Cache([0], str(tmp_path)).recall('x', counted([]))  # read again
    Cache([4], str(tmp_path)).recall('x', counted([]))
    left = [os.path.exists(Cache([i], str(tmp_path))._path('x')) for i in range(5)]
    assert left == [True, False, False, True, True]


@pytest.mark.parametrize('name', ['file', 'file/folder'])
def test_a_folder_that_cannot_be_is_no_obstacle(tmp_path, name):
    (tmp_path / 'file').write_text('x')
    assert Cache([1], str(tmp_path / name)).recall('x', counted([]))['one'] == 3.5


def test_files_of_others_in_the_folder_of_the_cache_stay(tmp_path, monkeypatch):
    (tmp_path / 'mine.npz').write_bytes(b'mine')
    monkeypatch.setattr(cache, 'LIMIT', 0)
    Cache([1], str(tmp_path)).recall('x', counted([]))
    assert os.listdir(str(tmp_path)) == ['mine.npz']
