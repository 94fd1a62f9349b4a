"""Whose scan it is, as the table or the DICOM header says, and that folds and `verify` go by it."""

import hashlib
import hmac
import json

import pytest

from created import CREATE, facts, tree
from dataset_tools import dicom_files, pseudonyms
from scans import POINT, picture, write_dicom


@pytest.fixture
def create(volumes, tmp_path):
    """Makes folds of DICOM scans with these PatientIDs, a nodule in each; -> all output. patients: a column."""

    def call(ids, *flags, patients=None):
        text = 'path,x,y,z' + (',patient' if patients else '') + '\n'
        for number, patient in enumerate(ids):
            tags = {} if patient is None else dict(t0010_0020=patient)
            scan = picture(size=(20, 20, 8)) + 20 * number  # no two images are alike
            write_dicom(tmp_path / ('s%d' % number), scan, uid='1.2.%d' % (number + 3), **tags)
            text += 's%d,%f,%f,%f' % ((number,) + tuple(POINT)) + (',' + patients[number] if patients else '') + '\n'
        code, out, err = volumes(text, '--folds', 3, *flags)
        assert code == 0, err
        return out + err

    return call


def sides(tmp_path, kind):
    """For each fold what is on its sides, (train, test)."""
    root = tmp_path / 'out' / 'nodules'
    folds = [[facts(root / ('fold%d' % fold) / side / 'nodules') for side in ('train', 'test')] for fold in range(3)]
    return [[{entry.get(kind) for entry in about['entries']} for about in pair] for pair in folds]


def test_scans_of_one_patient_id_stay_together_whatever_its_capitals_and_blanks(create, tmp_path, script):
    out = create(['P1', 'Q', 'p1', 'P2', ' P1', 'q'], '--keep-names')
    for train, test in sides(tmp_path, 'patient'):
        assert test in ({'P1'}, {'Q'}, {'P2'}) and train | test == {'P1', 'Q', 'P2'} and len(train) == 2
    assert '3 patients by the PatientID' in out and script(CREATE, 'verify', tmp_path / 'out')[0] == 0


def test_a_patient_id_leaves_the_scan_as_a_keyed_hash_alone(create, tmp_path):
    (tmp_path / 'key').write_text('0123456789abcdef' * 4)
    output = create(['Meier77', 'Schmitt88', 'Huber99', 'MEIER77'], '--key', tmp_path / 'key').lower()
    written = b'\n'.join((tmp_path / 'out' / name).read_bytes() for name in tree(tmp_path / 'out')).lower()
    for name in ('meier77', 'schmitt88', 'huber99'):
        assert name.encode() not in written and name not in output
    hashed = hmac.new(b'0123456789abcdef' * 4, b'patient meier77', hashlib.sha256).hexdigest()[:12]
    assert any(hashed in test for _, test in sides(tmp_path, 'patient'))


def test_the_spellings_of_a_patient_in_a_table_are_one_patient_and_one_nodule(create, tmp_path):
    create([None] * 4, '--keep-names', patients=['P1', 'p1', 'P  2', 'p3'])
    assert [test for _, test in sides(tmp_path, 'patient')].count({'P1'}) == 1
    assert set.union(*(test for _, test in sides(tmp_path, 'patient'))) == {'P1', 'P  2', 'p3'}
    key = tmp_path / 'key'
    key.write_text('0123456789abcdef' * 4)
    called = pseudonyms.namer(type('Settings', (), dict(key=str(key), keep_names=False)))
    assert called('patient', 'P1') == called('patient', ' p1') != called('patient', 'p 1')


def test_the_table_goes_before_the_headers_and_a_contradiction_is_reported(create, tmp_path):
    output = create(['X', 'X', 'Y', 'Z'], '--keep-names', patients=['A', 'B', 'C', 'C'])
    assert set.union(*(test for _, test in sides(tmp_path, 'patient'))) == {'A', 'B', 'C'}
    (line,) = [line for line in output.splitlines() if 'name different patients' in line]
    assert 'line 2, line 3 name' in line and 'one PatientID' in line


@pytest.mark.parametrize('nobody', ['', 'Anonymous', '0000', 'anonymized', None])
def test_what_stands_for_every_patient_is_no_patient(create, tmp_path, nobody):
    create([nobody] * 3)
    assert all(test == {None} for _, test in sides(tmp_path, 'patient'))
    assert len(set.union(*(test for _, test in sides(tmp_path, 'scan')))) == 3


def test_folds_of_too_few_patients_are_refused_with_what_they_go_by(create):
    with pytest.raises(AssertionError, match='3 folds of 1 groups .*DICOM headers.*lower --folds'):
        create(['P1', 'p1', 'P1 '])


def test_no_header_is_read_more_often_for_the_patient(create, monkeypatch):
    read = []
    once = dicom_files.read_header
    monkeypatch.setattr(dicom_files, 'read_header', lambda path: (read.append(path), once(path))[1])
    create(['P1', 'P2', 'P3'])
    # each of 8 slices is sorted and placed; the kernel is asked of the first
    assert len(read) == 3 * (8 + 8 + 1)


def test_verify_finds_a_patient_on_both_sides_however_it_is_spelt(create, script, tmp_path):
    create(['P1', 'P2', 'P3'], '--keep-names')
    path = tmp_path / 'out' / 'nodules' / 'fold0' / 'test' / 'nodules' / 'nodules.json'
    about = json.loads(path.read_text())
    (train, _), _, _ = sides(tmp_path, 'patient')
    about['entries'][0]['patient'] = ' ' + min(train).lower()
    path.write_text(json.dumps(about))
    code, out, _ = script(CREATE, 'verify', tmp_path / 'out')
    (line,) = [line for line in out.splitlines() if line.startswith('patient')]
    assert code == 1 and 'is both in' in line
