"""What data sets tell of the patients they come from."""

import hashlib
import hmac
import os
import stat
from collections import namedtuple

import pytest

from created import CREATE, facts, tree
from dataset_tools import pseudonyms
from places import visible
from scans import complaint
from tables import PLANTED, hospital

Settings = namedtuple('Settings', 'key keep_names')
SMALL = ['--resolution', 16]
COMMANDS = {
    'volumes': ['volumes', 'Export20190704.csv'],
    'images': ['images', 'Ward12'],
    'image pairs': ['pairs', '--images', 'Ward12', '--masks', 'masks'],
    'volume pairs': ['pairs', '--annotations', 'Export20190704.csv'],
}


@pytest.fixture
def create(made, tmp_path, monkeypatch):
    """Runs one of COMMANDS in the hospital's folder, with more flags; -> all bytes that it wrote, names included."""
    monkeypatch.chdir(hospital(tmp_path))

    def call(command, *flags):
        made(*COMMANDS[command], *SMALL, *flags)
        written = tree(tmp_path / 'out')
        return b'\n'.join([name.encode() + (tmp_path / 'out' / name).read_bytes() for name in written])

    return call


@pytest.mark.parametrize('command', sorted(COMMANDS))
def test_no_name_folder_or_date_of_the_sources_is_in_any_output(create, command):
    written = create(command)
    assert len(written) > 500 and [name for name in PLANTED if name.encode() in written] == []


def test_keep_names_keeps_them(create):
    written = create('volumes', '--keep-names')
    assert all(name.encode() in written for name in ('1.2.840.99.7', 'Doe^John', 'Lesion77'))


def test_scan_patient_and_nodule_are_keyed_hashes_and_another_key_gives_others(create, tmp_path):
    (tmp_path / 'key').write_text('0123456789abcdef' * 4 + '\n')
    create('volumes', '--key', tmp_path / 'key')
    (entry,) = facts(tmp_path / 'out' / 'AIS')['entries']

    def expected(text, key=b'0123456789abcdef' * 4):
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:12]

    assert entry['scan'] == expected('scan 1.2.840.99.7') and entry['patient'] == expected('patient doe^john')
    assert entry['nodule'] == expected('nodule Doe^John#Lesion77')
    create('volumes', '--name', 'other')
    (other,) = facts(tmp_path / 'out' / 'other-AIS')['entries']
    assert all(entry[kind] != other[kind] for kind in ('scan', 'patient', 'nodule'))


def test_the_hashes_of_table_and_scan_are_those_of_their_files(create, tmp_path):
    create('volumes')
    about, root = facts(tmp_path / 'out' / 'AIS'), tmp_path / 'Klinik Ward12'
    assert about['table_sha256'] == hashlib.sha256((root / 'Export20190704.csv').read_bytes()).hexdigest()
    slices = [path.read_bytes() for path in sorted((root / 'studies').iterdir())]
    assert about['entries'][0]['scan_sha256'] == hashlib.sha256(b''.join(slices)).hexdigest()
    assert {'python', 'numpy', 'SimpleITK', 'nodule-generation'} <= set(about['versions'])


def test_a_key_is_made_once_for_its_owner_alone(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv('XDG_CONFIG_HOME', str(tmp_path))
    first = pseudonyms.namer(Settings(None, False))('scan', 'a')
    path = tmp_path / 'nodule-generation' / 'key'
    assert stat.S_IMODE(os.stat(str(path)).st_mode) == 0o600 and str(path) in capsys.readouterr().out
    assert (
        pseudonyms.namer(Settings(None, False))('scan', 'a')
        == first
        == pseudonyms.namer(Settings(str(path), False))('scan', 'a')
    )
    assert capsys.readouterr().out == '' and visible(path.parent) == ['key']
    assert pseudonyms.namer(Settings(None, False))('patient', 'a') != first


def test_a_file_that_is_no_key_is_refused(refuses, tmp_path, folder):
    (tmp_path / 'short').write_text('secret')
    refuses(CREATE, 'images', folder, *SMALL, '--key', tmp_path / 'short', parts=['short', 'no key', '32'])
    refuses(CREATE, 'images', folder, *SMALL, '--key', tmp_path, parts=[tmp_path])
    complaint(ValueError, lambda: pseudonyms.namer(Settings('a', True)), '--keep-names')


def test_pictures_of_pairs_are_named_by_the_hashed_nodule(create, tmp_path):
    create('volume pairs')
    (entry,) = facts(tmp_path / 'out' / 'pairs')['entries']
    assert visible(tmp_path / 'out' / 'pairs') == [entry['nodule'] + '.png', 'pairs.json']
