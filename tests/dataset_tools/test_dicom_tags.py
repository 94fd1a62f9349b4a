"""Slices that do not say where they lie."""

import os
import struct

import pytest

from dataset_tools import ct_volumes, dicom_files
from scans import complaint


@pytest.mark.parametrize('position', ['', 'here', '1\\2', 'nan\\1\\2', '1\\2\\3\\4'])
def test_a_slice_without_a_usable_position_is_named(series, tmp_path, position):
    folder, paths = series
    with open(paths[4], 'rb') as file:
        data = file.read()
    start = data.index(b'\x20\0\x32\0')
    head = 6 if data[start + 4 : start + 6] == b'DS' else 4  # with the type of the value, or without
    kind = '<H' if head == 6 else '<I'
    length, begin = struct.unpack_from(kind, data, start + head)[0], start + head + struct.calcsize(kind)
    text = (position + ' ' * (len(position) % 2)).encode()
    for tag in (data[start : start + head] + struct.pack(kind, len(text)) + text, b''):
        with open(paths[4], 'wb') as file:
            file.write(data[:start] + tag + data[begin + length :])
        dicom_files.find_series.cache_clear()
        complaint((OSError, ValueError), lambda: ct_volumes.read_volume(folder), paths[4], 'ImagePosition', 'again')


def test_a_slice_whose_name_is_not_utf8_is_refused(series):
    folder, paths = series
    os.rename(paths[4], os.fsencode(paths[4][:-8]) + b'caf\xe9.dcm')
    complaint(ValueError, lambda: ct_volumes.read_volume(folder), 'not UTF-8')
