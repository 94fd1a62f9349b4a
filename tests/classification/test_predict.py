"""Where the table of predictions may go."""

import pytest

from classification import classify_settings, predict
from common import commandline, files, manifest


@pytest.mark.parametrize(
    'name, words', [('m.pkl', 'is an input of this command'), ('AIS-r04.tfrecords', 'as this program wrote it')]
)
def test_a_table_of_predictions_does_not_replace_its_classifier_nor_its_data(tmp_path, name, words):
    for path, by in ((tmp_path / 'm.pkl', 'Predict'), (tmp_path / 'X' / 'AIS-r04.tfrecords', 'dataset')):
        manifest.begin(by, [])
        path.parent.mkdir(exist_ok=True)
        with files.atomic(str(path)) as f:
            f.write(b'mine')
    out = tmp_path / name if name == 'm.pkl' else tmp_path / 'X' / name
    flags = ['predict', '--model', tmp_path / 'm.pkl', '--data', tmp_path / 'X', '--out', out]
    _, cfg = commandline.parse_command(classify_settings.COMMANDS, '', list(map(str, flags)))
    with pytest.raises(FileExistsError, match='%s .*%s' % (name, words)):
        predict.predict(cfg)
    assert out.read_bytes() == b'mine'
