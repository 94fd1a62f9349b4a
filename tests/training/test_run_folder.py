import csv
import os
import shutil

import filelock

from training import run_folder, snapshots


def test_old_snapshots_are_kept_as_told(tmp_path):
    path = run_folder.create(str(tmp_path), 'AIS')
    with run_folder.Run(path, keep=2) as run:
        for kimg in (1, 2, 3):
            run.save(
                kimg,
                lambda name: open(name, 'w').close(),
                dict(number=1, shown=1, elapsed=0, level=2, lod=0, minibatch=8),
            )
        assert [name[-10:] for name in snapshots.paths(path)] == ['000002.pkl', '000003.pkl']
        with open(path + '/network-snapshot-000003.pkl', 'w') as f:
            f.write('cut off')
        assert snapshots.restore(path)[0].endswith('000002.pkl')
    assert os.path.basename(run_folder.create(str(tmp_path), 'MIA')) == '001-MIA'


def test_latest_is_the_run_of_the_highest_number(tmp_path):
    for name in ('999-AIS', 'notes', '12'):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'run.json').write_bytes(b'{}')
    path = run_folder.create(str(tmp_path), 'MIA')
    assert (
        os.path.basename(path) == '1000-MIA' and os.path.basename(run_folder.find('latest', str(tmp_path))) == '999-AIS'
    )
    shutil.copy(str(tmp_path / '12' / 'run.json'), path)
    assert run_folder.find('latest', str(tmp_path)) == path


def test_half_a_line_of_a_log_is_forgotten(tmp_path):
    path = run_folder.create(str(tmp_path), 'AIS')
    with run_folder.Run(path) as run:
        for kimg in (1, 2, 3):
            run.tick({'kimg': kimg, 'lod': 0})
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
    assert 'knows no locks' in out and 'goes on' in out
