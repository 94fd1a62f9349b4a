"""Where the table of predictions may go."""

import pytest

from classification import predict, settings
from common import commandline, files, written


@pytest.mark.parametrize('name', ['m.pkl', 'AIS-r04.tfrecords'])
def test_a_table_of_predictions_does_not_replace_its_classifier_nor_its_data(tmp_path, name):
    written.begin('Predict', [])
    for path in (tmp_path / 'm.pkl', tmp_path / 'X' / 'AIS-r04.tfrecords'):
        path.parent.mkdir(exist_ok=True)
        with files.atomic(str(path)) as f:
            f.write(b'mine')
    out = tmp_path / name if name == 'm.pkl' else tmp_path / 'X' / name
    flags = ['predict', '--model', tmp_path / 'm.pkl', '--data', tmp_path / 'X', '--out', out]
    _, cfg = commandline.parse_command(settings.COMMANDS, '', list(map(str, flags)))
    with pytest.raises(FileExistsError, match=name + ' is an input of this command'):
        predict.predict(cfg)
    assert out.read_bytes() == b'mine'
