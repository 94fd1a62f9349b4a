"""Valid files of each kind, and readers that read damaged copies of them."""

import contextlib
import gzip
import io
import json
import os
import shutil
import zipfile

import numpy as np
from mutations import mutate

import config
import dataset
from common import arrays, card, images, safe_pickle
from dataset_tools import verification
from places import DATA
from tfutil import tf
from training import run_folder

HEADS = [b'\x80\x04' + head for head in (b'', b'(', b']', b'](', b'}(', b'Nq\0')]
PARTS = [b'N', b'N\x94', b']', b'}', b'(', b'K\0', b'h\0', b'\x85', b']q\0h\0a', b'\x8c\x01ah\0s']
BOMBS = [head + part * 3000 + b'.' for head in HEADS for part in PARTS]
BOMBS += [b'\x80\x04C\xff' + bytes(255) + b'q\0' + b'h\0' * 90000 + b't.', b'\x80\x04N' + b'\x94' * 250000 + b'.']


class Pickles:
    def __init__(self, folder, random):
        self.path = os.path.join(folder, 'a.pkl')
        self.good = []
        for name in ('tf2.21-numpy2.pkl', 'cond.pkl'):
            with open(os.path.join(DATA, name), 'rb') as f:
                self.good.append(f.read())

    def damaged(self, index, random):
        seed = BOMBS[index // 3 % len(BOMBS)] if index % 3 == 0 else self.good[index % 2]
        with open(self.path, 'wb') as f:
            f.write(mutate(seed, self.good[random.randint(2)], random))

    def read(self, index):
        safe_pickle.read(self.path)


class Records:
    """Half of them have right checksums round damaged records."""

    def __init__(self, folder, random):
        self.path = os.path.join(folder, 'AIS')
        dataset.write(self.path, 'AIS', random.randint(256, size=[3, 1, 8, 8]).astype(np.uint8))
        self.file = os.path.join(self.path, 'AIS-r03.tfrecords')
        with open(self.file, 'rb') as f:
            self.good = f.read()
        self.records = list(tf.python_io.tf_record_iterator(self.file))

    def damaged(self, index, random):
        if index % 2:
            with tf.python_io.TFRecordWriter(self.file) as writer:
                for record in self.records:
                    writer.write(mutate(record, self.good, random) if random.rand() < 0.5 else record)
        else:
            with open(self.file, 'wb') as f:
                f.write(mutate(self.good, self.good, random))

    def read(self, index):
        for _, line in verification.verify([self.path]):
            assert '\n' not in line
        list(dataset.stream(self.file))


class Arrays:
    """.npy, .npz, and .npz whose archive is whole."""

    def __init__(self, folder, random):
        self.paths = [os.path.join(folder, name) for name in ('a.npy', 'a.npz', 'a.npz')]
        npy, npz = io.BytesIO(), io.BytesIO()
        np.save(npy, random.rand(5, 7))
        np.savez(npz, crc=np.uint32(1), minibatch=8, weights=random.rand(20, 3).astype('f4'))
        self.npy, self.npz = npy.getvalue(), npz.getvalue()

    def damaged(self, index, random):
        self.path, kind = self.paths[index % 3], index % 3
        data = mutate(self.npz if kind == 1 else self.npy, self.npz, random)
        with open(self.path, 'wb') as f:
            if kind == 2:
                with zipfile.ZipFile(f, 'w') as archive:
                    archive.writestr('crc.npy', data)
            else:
                f.write(data)

    def read(self, index):
        (arrays.load_npz if index % 3 else arrays.load)(self.path)


class Json:
    def __init__(self, folder, random):
        self.folder = folder
        entries = [dict(nodule='a%d' % i, records=2, file='a.png') for i in range(4)]
        facts = dict(
            records=8, resolution=8, channels=1, fold=1, window=[-1000, 400], mm_per_pixel=0.6, entries=entries
        )
        run = dict(settings=config.Train()._asdict(), data=dict(digest='0-0'), command=['x'])
        self.good = [json.dumps(value).encode() for value in (dict(facts, source=['a'], mm_per_pixel=0.6), run)]

    def damaged(self, index, random):
        self.path = os.path.join(self.folder, ('AIS.json', 'run.json')[index % 2])
        with open(self.path, 'wb') as f:
            f.write(mutate(self.good[index % 2], self.good[random.randint(2)], random))

    def read(self, index):
        if index % 2:
            run_folder.start(config.Train(resume=self.folder), config.Train, (), ())
        else:
            card.of_data(os.path.join(self.folder, 'AIS-r03.tfrecords'))


class Pictures:
    def __init__(self, folder, random):
        from PIL import Image

        self.good = []
        gray, colour = [random.randint(256, size=shape).astype(np.uint8) for shape in ([16, 16], [16, 16, 3])]
        for ending, options in (
            ('png', {}), ('tif', {}), ('tiff', dict(compression='tiff_lzw')), ('tif', dict(compression='tiff_deflate')),
            ('jpg', {}), ('gif', {}), ('bmp', {}), ('webp', {}),
        ):  # fmt: skip
            for pixels in (gray, colour, gray.astype(np.uint16) * 257):
                if pixels.dtype == np.uint8 or ending in ('png', 'tif'):
                    path = os.path.join(folder, 'good.' + ending)
                    Image.fromarray(pixels).save(path, **options)
                    with open(path, 'rb') as f:
                        self.good.append((os.path.join(folder, 'a.' + ending), f.read()))
        np.save(os.path.join(folder, 'a.npy'), gray)
        with open(os.path.join(folder, 'a.npy'), 'rb') as f:
            self.good.append((f.name, f.read()))

    def damaged(self, index, random):
        self.path, data = self.good[index % len(self.good)]
        self.more = images.DECODED * images.MOST if index % 5 == 0 else 0  # the others are refused by their size
        with open(self.path, 'wb') as f:
            f.write(mutate(data, self.good[random.randint(len(self.good))][1], random))

    def read(self, index):
        images.load(self.path, 16, 1 + 2 * (index // 50 % 2), (0, 255) if index % 7 else None, index % 5 == 0)


class Volumes:
    def __init__(self, folder, random):
        import SimpleITK

        import scans

        self.folder, self.good = folder, []
        image = scans.picture(size=(12, 10, 6))
        for name, packed in (('a.nii', False), ('a.nii.gz', True), ('a.mha', False), ('a.mha', True), ('a.nrrd', False),
                             ('a.nrrd', True)):  # fmt: skip
            SimpleITK.WriteImage(image, os.path.join(folder, name), packed)
            with open(os.path.join(folder, name), 'rb') as f:
                self.good.append((name, f.read()))
        self.series = os.path.join(folder, 'series')
        self.slices = scans.write_dicom(self.series, image, slope='1')
        with open(self.slices[2], 'rb') as f:
            self.slice = f.read()

    def damaged(self, index, random):
        kind = index % 8
        name, data = self.good[kind % 6]
        self.path = self.series if kind > 5 else os.path.join(self.folder, name)
        inner = name.endswith('.gz') and random.rand() < 0.5  # damaged, and packed again
        data = self.slice if kind > 5 else gzip.decompress(data) if inner else data
        data = mutate(data, data, random)
        with open(self.slices[2] if kind > 5 else self.path, 'wb') as f:
            f.write(gzip.compress(data) if inner and kind < 6 else data)

    def read(self, index):
        from dataset_tools import ct_volumes, dicom_files

        dicom_files.find_series.cache_clear()
        ct_volumes.read_volume(self.path)


class _Files:
    """Files of one kind: paths and what they hold when they are whole."""

    def damaged(self, index, random):
        self.path, data = self.good[index % len(self.good)]
        with open(self.path, 'wb') as f:
            f.write(mutate(data, self.good[random.randint(len(self.good))][1], random))


class Readings(_Files):
    """What readers of LIDC-IDRI marked, as XML and as SQLite."""

    def __init__(self, folder, random):
        import lidc_cases

        database = lidc_cases.write_database(os.path.join(folder, 'a.sqlite'), lidc_cases.CASES[:1])
        with open(database, 'rb') as f:
            self.good = [(database, f.read())]
        self.good.append((os.path.join(folder, 'a.xml'), lidc_cases.xml(lidc_cases.CASES[0]).encode()))

    def read(self, index):
        from dataset_tools import lidc_annotations

        lidc_annotations.read(self.path)


class Masks(_Files):
    """RTSTRUCT, SEG of two types, and segmentations of 3D Slicer."""

    def __init__(self, folder, random):
        import dicom_masks
        import scans
        import tables

        image = scans.picture(size=(24, 20, 12))
        sphere = tables.sphere(image, scans.POINT, 4)
        contours = {'GTV': dicom_masks.sphere_contours(image, scans.POINT, 4)}
        paths = [dicom_masks.rtstruct(os.path.join(folder, 'rt.dcm'), contours)]
        for kind in ('BINARY', 'LABELMAP'):
            paths.append(dicom_masks.segmentation(os.path.join(folder, kind + '.dcm'), {'nodule': sphere}, kind))
        paths.append(dicom_masks.layered(os.path.join(folder, 'a.seg.nrrd'), sphere, sphere))
        self.good = []
        for path in [paths[0]] + paths:  # RTSTRUCT twice as often
            with open(path, 'rb') as f:
                self.good.append((path, f.read()))

    def read(self, index):
        from dataset_tools import masks

        masks.read(self.path, '1')


class Stacks(_Files):
    """Files of many images, made into data sets: NPZ (packed or not, and with a damaged array within), NPY and TIFF."""

    PARTS = ('train_images', 6), ('val_images', 4), ('test_images', 4)

    def __init__(self, folder, random):
        from PIL import Image

        from dataset_tools import writer

        writer.write_page = lambda *arguments: None
        self.outdir = os.path.join(folder, 'out')
        self.npz, self.npy = os.path.join(folder, 'a.npz'), os.path.join(folder, 'a.npy')
        volumes = {name: random.randint(256, size=[count, 8, 8, 8]).astype(np.uint8) for name, count in self.PARTS}
        labels = {name.replace('images', 'labels'): np.arange(count)[:, None] % 2 for name, count in self.PARTS}
        self.good = []
        for save in (np.savez, np.savez_compressed):
            save(self.npz, **volumes, **labels)
            with open(self.npz, 'rb') as f:
                self.good.append((self.npz, f.read()))
        np.save(self.npy, volumes['train_images'])
        with open(self.npy, 'rb') as f:
            self.good.append((self.npy, f.read()))
        pages = [Image.fromarray(page) for page in volumes['train_images'][0]]
        pages[0].save(os.path.join(folder, 'a.tif'), save_all=True, append_images=pages[1:])
        with open(os.path.join(folder, 'a.tif'), 'rb') as f:
            self.good.append((f.name, f.read()))

    def damaged(self, index, random):
        kind = index % 6
        self.path, data = self.good[kind - 2 if kind > 3 else kind % 2]
        if kind in (2, 3):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                arrays_ = {name: archive.read(name) for name in archive.namelist()}
            name = sorted(arrays_)[random.randint(len(arrays_))]
            arrays_[name] = mutate(arrays_[name], data, random)
            with zipfile.ZipFile(self.path, 'w', zipfile.ZIP_DEFLATED if kind == 3 else zipfile.ZIP_STORED) as archive:
                for name, content in arrays_.items():
                    archive.writestr(name, content)
        else:
            with open(self.path, 'wb') as f:
                f.write(mutate(data, self.good[random.randint(2)][1], random))

    def read(self, index):
        import dataset_tools

        settings = dict(resolution=8, resize=index % 12 > 5, keep_names=True)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                dataset_tools.create_images(self.path, self.outdir, **settings)
        except (ValueError, OSError):
            left = os.listdir(self.outdir) if os.path.exists(self.outdir) else []
            assert not left, left  # nothing is half written
            raise
        shutil.rmtree(self.outdir)


KINDS = dict(pickles=Pickles, records=Records, arrays=Arrays, json=Json, pictures=Pictures, volumes=Volumes)
KINDS.update(readings=Readings, masks=Masks, stacks=Stacks)


def empty(folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
