"""Folders that are filled out of sight and take their name at the end, perhaps that of an earlier one."""

import os

import pytest

from common import folders, manifest
from places import visible
from writing import RECORD, program, write  # noqa: F401


def fill(path, text, replace=True):
    with folders.folder(str(path), replace) as part:
        write(os.path.join(part, 'data'), text)
        os.mkdir(os.path.join(part, 'inner'))
        write(os.path.join(part, 'inner', 'more'), text)


FOREIGN = {
    'a file': lambda path: (path / 'thesis.txt').write_text('mine'),
    'an inner file': lambda path: (path / 'inner' / 'thesis.txt').write_text('mine'),
    'a folder': lambda path: (path / 'inner' / 'empty').mkdir(),
    'a link': lambda path: os.symlink('.', str(path / 'link')),
    'a change': lambda path: (path / 'data').write_bytes(b'OLD'),
    'no record': lambda path: os.unlink(str(path / 'inner' / RECORD)),
}


@pytest.mark.parametrize('foreign', sorted(FOREIGN))
def test_a_folder_is_replaced_only_if_all_in_it_is_as_it_was_written(tmp_path, foreign):
    fill(tmp_path / 'a', b'one')
    fill(tmp_path / 'a', b'old')
    assert sorted(os.listdir(str(tmp_path))) == ['a'] and (tmp_path / 'a' / 'inner' / 'more').read_bytes() == b'old'
    FOREIGN[foreign](tmp_path / 'a')
    with pytest.raises(FileExistsError, match='is not replaced'):
        fill(tmp_path / 'a', b'new')
    assert (tmp_path / 'a' / 'inner' / 'more').read_bytes() == b'old' and sorted(os.listdir(str(tmp_path))) == ['a']


def test_what_is_put_into_a_folder_while_it_is_replaced_is_kept_beside(tmp_path, monkeypatch):
    fill(tmp_path / 'a', b'old')
    rename = os.rename

    def late(source, target):
        if target.endswith('.old'):
            (tmp_path / 'a' / 'late.txt').write_text('mine')
        rename(source, target)

    monkeypatch.setattr(os, 'rename', late)
    fill(tmp_path / 'a', b'new')
    (left,) = [name for name in os.listdir(str(tmp_path)) if name.endswith('.old')]
    assert (tmp_path / 'a' / 'data').read_bytes() == b'new' and visible(tmp_path / left) == ['late.txt']


def test_without_leave_to_replace_a_folder_stays_and_one_that_holds_the_same_is_no_error(tmp_path):
    fill(tmp_path / 'a', b'old')
    fill(tmp_path / 'a', b'old', replace=False)
    with pytest.raises(OSError):
        fill(tmp_path / 'a', b'new', replace=False)
    assert (tmp_path / 'a' / 'data').read_bytes() == b'old' and os.listdir(str(tmp_path)) == ['a']


def test_a_folder_that_holds_an_input_is_not_replaced(tmp_path):
    fill(tmp_path / 'a', b'old')
    for source in (tmp_path / 'a', tmp_path / 'a' / 'inner', tmp_path / 'a' / 'data'):
        manifest.begin('test', [str(source)])
        with pytest.raises(FileExistsError, match='holds an input'):
            fill(tmp_path / 'a', b'new')
    assert (tmp_path / 'a' / 'data').read_bytes() == b'old'
