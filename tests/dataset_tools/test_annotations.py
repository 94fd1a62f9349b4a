import pytest

from dataset_tools import annotations, ct_volumes
from scans import complaint


def table(folder, text, name='nodules.csv', **keywords):
    with open(str(folder / name), 'wb') as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return annotations.read_annotations(str(folder / name), **keywords)


def test_a_luna16_table_is_read_in_world_millimetres(tmp_path):
    rows = table(
        tmp_path,
        'seriesuid,coordX,coordY,coordZ,diameter_mm\n1.3.6,-128.7,-175.3,-298.4,5.65\n1.3.6,103.8,-211.9,-227.1,4.2\n',
    )
    assert rows[0][:7] == ('line 2', None, '1.3.6', (-128.7, -175.3, -298.4), 'world', 5.65, None)
    assert rows[0][7:12] == ('1.3.6#1', None, None, None, '1.3.6')
    assert rows[1].nodule == '1.3.6#2' and rows[1].place.endswith('line 3')


def test_a_path_table_is_read_with_class_and_nodule_and_its_paths_start_at_its_folder(tmp_path):
    rows = table(
        tmp_path,
        'nodule,class,path,x,y,z\nn7,AIS,scans/a.nii.gz,10,20,30.5\nn7,AIS,/data/b.mhd,1,2,3\n',
        coordinates='voxel',
    )
    assert rows[0][1:7] == (f'{tmp_path}/scans/a.nii.gz', None, (10.0, 20.0, 30.5), 'voxel', None, 'AIS')
    assert rows[0].nodule == 'scans/a.nii.gz#n7'  # a name counts within a scan, as each may have a nodule 1
    assert rows[1].path == '/data/b.mhd' and rows[1].nodule == '/data/b.mhd#n7'


def test_a_path_and_a_seriesuid_together_choose_one_series_of_a_folder(tmp_path):
    (tmp_path / 'study').mkdir()
    (row,) = table(tmp_path, 'path,seriesuid,x,y,z\nstudy,1.2.3,1,2,3\n')
    assert ct_volumes.find_volume(row, 'anywhere') == (str(tmp_path / 'study'), '1.2.3')


@pytest.mark.parametrize(
    'text',
    [
        'path;x;y;z;diameter_mm\na.nii;1;2;3;\n',
        'PATH\tX\tY\tZ\r\na.nii\t1\t2\t3\r\n\r\n',
        b'\xef\xbb\xbfpath,x,y,z\n"a.nii", 1 ,2,3\n,,,\n',
    ],
    ids=['semicolons', 'tabs', 'byte order mark'],
)
def test_what_spreadsheets_write_is_understood(tmp_path, text):
    (row,) = table(tmp_path, text)
    assert row.path == str(tmp_path / 'a.nii') and row.point == (1.0, 2.0, 3.0) and row.diameter_mm is None


@pytest.mark.parametrize(
    'text, message',
    [
        ('', ['no annotations', 'header']),
        ('path,x,y,z\n\n', ['no annotations']),
        ('path,x,y\na.nii,1,2\n', ['path,x,y', 'coordX,coordY,coordZ']),
        ('file,x,y,z\na.nii,1,2,3\n', ['seriesuid or path', '--volumes']),
        ('path,x,y,z\na.nii,1,2,3\nb.nii,1,2\n', ['line 3', '3 cells', 'header of 4']),
        ('path,x,y,z\na.nii,1,two,3\n', ['line 2', "y is 'two'"]),
        ('path,x,y,z\na.nii,1,2,nan\n', ['line 2', "z is 'nan'"]),
        ('path,x,y,z\na.nii,inf,2,3\n', ['line 2', "x is 'inf'"]),
        ('path;x;y;z\na.nii;1,234.5;2;3\n', ['line 2', "x is '1,234.5'", '12.5']),
        ('path,x,y,z\na.nii,1,,3\n', ['line 2', "y is ''"]),
        ('path,x,y,z\n,1,2,3\n', ['line 2', 'path is empty']),
        ('path,x,y,z,class\na.nii,1,2,3,\n', ['line 2', 'class is empty']),
        ('path,x,y,z,diameter_mm\na.nii,1,2,3,big\n', ['line 2', "diameter_mm is 'big'"]),
        (b'PK\x03\x04\0\0\x9c', ['UTF-8']),
    ],
)
def test_a_bad_table_is_refused_with_its_line_and_the_remedy(tmp_path, text, message):
    complaint(ValueError, lambda: table(tmp_path, text), tmp_path / 'nodules.csv', *message)


def test_world_columns_are_not_read_as_voxels(tmp_path):
    text = 'seriesuid,coordX,coordY,coordZ\n1,2,3,4\n'
    complaint(ValueError, lambda: table(tmp_path, text, coordinates='voxel'), 'world millimetres', 'x,y,z')


def test_a_missing_table_is_an_oserror():
    with pytest.raises(FileNotFoundError):
        annotations.read_annotations('nowhere.csv')


def test_all_wrong_lines_are_reported_at_once_up_to_ten(tmp_path):
    lines = ['a.nii,1,2,3'] + ['b.nii,%d,y,3' % i for i in range(12)] + [',1,2,3']
    text = 'path,x,y,z\n' + '\n'.join(lines) + '\n'
    message = complaint(ValueError, lambda: table(tmp_path, text), 'line 3', 'line 12', 'and 3 more')
    assert 'line 13' not in message and 'line 2:' not in message
    message = complaint(
        ValueError, lambda: table(tmp_path, 'path,x,y,z\na.nii,1,b,3\n,1,2,3\n'), 'line 2', 'line 3: path'
    )


def test_ras_points_are_turned_into_those_of_dicom(tmp_path):
    (row,) = table(tmp_path, 'path,x,y,z\na.nii,1.5,-2,3\n', coordinates='ras')
    assert row.point == (-1.5, 2.0, 3.0) and row.coordinates == 'world'


def test_pylidc_counts_rows_first(tmp_path):
    (row,) = table(tmp_path, 'seriesuid,i,j,k\n1.2,100,200,30.5\n')
    assert row.point == (200.0, 100.0, 30.5) and row.coordinates == 'voxel'
    (row,) = table(tmp_path, 'seriesuid,i,j,k,x,y,z\n1.2,100,200,30.5,1,2,3\n')
    assert row.point == (1.0, 2.0, 3.0) and row.coordinates == 'world'
    complaint(
        ValueError, lambda: table(tmp_path, 'path,i,j,k\na,1,2,3\n', coordinates='ras'), 'voxels', '--coordinates'
    )


def test_classes_are_compared_without_capitals_and_spelt_as_the_first(tmp_path):
    rows = table(tmp_path, 'path,x,y,z,label\na.nii,1,2,3,Ais\na.nii,11,2,3,AIS\na.nii,21,2,3,IA\na.nii,31,2,3,ais\n')
    assert [row.label for row in rows] == ['Ais', 'Ais', 'IA', 'Ais'] and rows[0].segment is None


def test_with_a_mask_the_label_is_its_number_or_name(tmp_path):
    rows = table(tmp_path, 'path,mask,label,class\na.nii,m/a.nii.gz,2,IA\na.nii,m/a.nii.gz,,IA\na.nii,rt.dcm,GTV,IA\n')
    assert rows[0][9:11] == (f'{tmp_path}/m/a.nii.gz', '2') and rows[0].point is None
    assert [row.segment for row in rows] == ['2', None, 'GTV'] and rows[2].label == 'IA'


def test_a_patient_owns_the_nodules_of_all_scans(tmp_path):
    rows = table(tmp_path, 'path,x,y,z,PatientID,nodule\na.nii,1,2,3,p1,n1\nb.nii,1,2,3,p1,n1\nb.nii,1,2,9,p2,n1\n')
    assert [row.nodule for row in rows] == ['p1#n1', 'p1#n1', 'p2#n1'] and rows[1].scan == 'b.nii'
