import csv
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import filelock
import numpy as np
import pytest

import config
from common import run_names
from training import checkpoint, run_folder


def test_old_snapshots_are_kept_as_told(tmp_path):
    path = run_folder.create(str(tmp_path), 'AIS')
    state = dict(number=1, shown=1, elapsed=0, level=2, lod=0, minibatch=8)
    for kimg in (1, 2, 3):
        checkpoint.write(path, kimg, lambda name: open(name, 'w').close(), state, keep=2)
    assert [name[-10:] for name in run_names.snapshots(path)] == ['000002.pkl', '000003.pkl']
    with open(path + '/network-snapshot-000003.pkl', 'w') as f:
        f.write('cut off')
    assert checkpoint.last(path).path.endswith('000002.pkl')
    assert os.path.basename(run_folder.create(str(tmp_path), 'MIA')) == '001-MIA'


def test_latest_is_the_run_of_the_highest_number(tmp_path):
    for name in ('999-AIS', 'notes', '12'):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'run.json').write_bytes(b'{}')
    path = run_folder.create(str(tmp_path), 'MIA')
    assert (
        os.path.basename(path) == '1000-MIA' and os.path.basename(run_names.find('latest', str(tmp_path))) == '999-AIS'
    )
    shutil.copy(str(tmp_path / '12' / 'run.json'), path)
    assert run_names.find('latest', str(tmp_path)) == path


def test_a_run_is_found_by_its_number_where_only_one_has_it(tmp_path):
    for name in ('000-AIS', '003-AIS', '007-AIS', '007-MIA'):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'run.json').write_bytes(b'{}')
    for number in ('3', '003'):
        assert run_names.find(number, str(tmp_path)) == str(tmp_path / '003-AIS')
    assert run_names.find('0', str(tmp_path)) == str(tmp_path / '000-AIS')
    for number in ('7', '4'):
        with pytest.raises(FileNotFoundError, match='not one run %s; .*007-AIS, 007-MIA' % number):
            run_names.find(number, str(tmp_path))


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(minibatch='many'), 'minibatch'),
        (dict(total_kimg={'a': [1]}), 'total-kimg'),
        (dict(fmap_max='9' * 1000), 'fmap-max'),
        (dict(unknown=1), 'unknown'),
        (dict(help=True), 'help'),
        (dict(seed=-1), 'seed'),
    ],
)
def test_bad_settings_of_a_run_are_refused_with_its_file(tmp_path, change, message):
    settings = dict(config.Train(data='d')._asdict(), resume=None, **change)
    (tmp_path / 'run.json').write_text(json.dumps(dict(settings=settings, data=dict(digest='0-0'))))
    with pytest.raises(ValueError) as caught:
        run_folder.start(config.Train(resume=str(tmp_path)), config.Train, (), ())
    assert str(caught.value).startswith('%s/run.json is damaged' % tmp_path) and message in str(caught.value)


@pytest.mark.parametrize(
    'text', ['[' * 100000, '{}', '[1]', '{"settings": [1], "data": {"digest": "a"}}', '{"settings": {}, "data": {}}']
)
def test_a_run_json_of_other_content_is_damaged(tmp_path, text):
    (tmp_path / 'run.json').write_text(text)
    with pytest.raises(ValueError, match='run.json is damaged'):
        run_folder.start(config.Train(resume=str(tmp_path)), config.Train, (), ())


@pytest.mark.parametrize(
    'change', [dict(minibatch=np.nan), dict(minibatch=0), dict(shown=np.nan), dict(shown=-1), dict(crc=np.nan)]
)
def test_a_state_without_usable_numbers_is_damaged(tmp_path, change):
    (tmp_path / 'network-snapshot-000001.pkl').write_bytes(b'x')
    path = str(tmp_path / 'network-snapshot-000001.npz')
    np.savez(path, **dict(dict(crc=1, shown=1, minibatch=8), **change))
    with pytest.raises(ValueError, match='000001.npz is damaged'):
        checkpoint.last(str(tmp_path), ('shown', 'minibatch'))
    np.savez(path, crc=1, shown=1)
    with pytest.raises(ValueError, match='000001.npz is damaged'):
        checkpoint.last(str(tmp_path), ('shown', 'minibatch'))


def test_half_a_line_of_a_log_is_forgotten(tmp_path):
    path = run_folder.create(str(tmp_path), 'AIS')
    with run_folder.Run(path) as run:
        for kimg in (1, 2, 3):
            run.add_row({'kimg': kimg, 'lod': 0})
        with open(run.file('log.csv'), 'a') as f:
            f.write('3.5')
        run.rewind(2)
        with open(run.file('log.csv')) as f:
            assert [row['kimg'] for row in csv.DictReader(f)] == ['1', '2']


def test_a_file_system_without_locks_is_said_and_does_not_stop_the_run(tmp_path, monkeypatch, capsys):
    def acquire(*_, **__):
        raise NotImplementedError

    monkeypatch.setattr(filelock.FileLock, 'acquire', acquire)
    with run_folder.Run(run_folder.create(str(tmp_path), 'AIS')) as run:
        run.log('goes on')
    out = capsys.readouterr().out
    assert 'has no locks' in out and 'goes on' in out


def test_runs_that_start_at_once_take_different_numbers(tmp_path):
    for attempt in range(20):
        outdir, names = str(tmp_path / str(attempt)), ['AIS', 'MIA', 'AIS', 'AIS'] * 4
        with ThreadPoolExecutor(len(names)) as pool:
            paths = list(pool.map(lambda name: run_folder.create(outdir, name), names))
        assert sorted(os.path.basename(path)[:4] for path in paths) == ['%03d-' % i for i in range(16)]
        assert sorted(os.listdir(outdir)) == sorted(map(os.path.basename, paths))


def test_the_terminal_gets_lines_of_at_most_100_columns_and_the_log_whole_ones(tmp_path, capsys):
    run, line = run_folder.Run(str(tmp_path)), ' '.join(['G/16x16/Conv1/weight'] * 20)
    run.log(line)
    run.log('a line of figures', terminal='short')
    shown = capsys.readouterr().out.splitlines()
    assert max(map(len, shown)) <= 100 and ' '.join(' '.join(shown[:-1]).split()) == line and shown[-1] == 'short'
    assert (tmp_path / 'log.txt').read_text() == line + '\na line of figures\n'


def test_notes_in_a_table_stay_when_a_run_goes_on_and_its_later_rows_go(tmp_path):
    path = str(tmp_path / '000-AIS')
    os.mkdir(path)
    with run_folder.Run(path) as run:
        for kimg in (1.0, 2.0, 3.0):
            run.add_row(dict(kimg=kimg, loss=0.5))
        with open(run.file('log.csv'), 'ab') as f:
            f.write('kimg 2: lr was wrong here; größer\r\n4.0,0.'.encode('utf-8'))  # and a line that a power cut tore
        run.rewind(2)
    with open(os.path.join(path, 'log.csv'), 'rb') as f:
        assert f.read().decode('utf-8') == 'kimg,loss\r\n1.0,0.5\r\n2.0,0.5\r\nkimg 2: lr was wrong here; größer\r\n'
    assert [row['kimg'] for row in run.rows('log.csv')] == ['1.0', '2.0']
