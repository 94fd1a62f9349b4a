"""The probabilities that a classifier gives images, as a table."""

import csv
import io
import json
import os

import numpy as np

import dataset
import tfutil
from classification import cnn, learner
from common import files, gray_range, images, log, schema, types
from metrics import training_data


def load(path):
    """(a function: uint8 images [N, C, R, R] -> log probabilities [N, K], shape of an image, names of the classes)."""
    (network,) = tfutil.load(path, cnn.BUILDERS, held=learner.ROLES)
    options = network.static_kwargs
    number = int(network.outputs[0].shape[1])
    try:
        classes = json.loads(str(options.get('class_names')))
    except (ValueError, RecursionError):
        classes = None
    if schema.problem(classes, [types.text]) or len(classes) != number:
        words = '%s does not name %d classes as a JSON list, as a classifier of 5-classify.py does; train it again'
        raise ValueError(words % (path, number))
    return learner.Reader(network), [int(size) for size in network.inputs[0].shape[1:]], classes


def read(path, shape):
    """(uint8 images [N, C, R, R], names of images, names of their nodules) of a dataset, or a folder of pictures."""
    inside = sorted(os.listdir(path)) if os.path.isdir(path) else []
    pictures = [name for name in inside if os.path.splitext(name)[1].lower() in images.SUFFIXES]
    if pictures:
        check = gray_range.RangeCheck()
        with gray_range.remedy('make a data set of them with 0-dataset_create.py images, which takes --range'):
            pixels = [images.load(os.path.join(path, name), shape[1], shape[0], check=check) for name in pictures]
            check.require()
        return np.stack(pixels), pictures, pictures
    data = dataset.Pyramid(path)
    pixels = data.images[data.top]
    if list(pixels.shape[1:]) != list(shape):
        raise ValueError('%s has images of %s, the classifier wants %s' % (path, list(pixels.shape[1:]), shape))
    labels = [data.classes[label] for label in data.labels]
    names = ['%s-%d' % (label, number) for number, label in enumerate(labels)]
    members = training_data.members(data)
    return pixels, names, [nodule for nodule, _, _ in members] if members else names


def predict(cfg):
    """A row for each image, and for each nodule that has several, in cfg.out."""
    files.require_replaceable(cfg.out)
    with tfutil.init_tf(cpu=cfg.cpu):
        classifier, shape, classes = load(cfg.model)
        pixels, names, nodules = read(cfg.data, shape)
        found = classifier(pixels)
    order, votes = learner.by_nodule(found, nodules)
    learnt = set((training_data.learnt_from(cfg.model) or {}).get('nodule') or []) & set(order)
    if learnt:
        words = '%s learnt from %d of these nodules, as %s: what it says of them is no test of it'
        log.warning(words % (cfg.model, len(learnt), min(learnt)))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(['of', 'name', 'nodule', 'class'] + ['p_' + name for name in classes])
    rows = [('image', name, nodule, p) for name, nodule, p in zip(names, nodules, found)]
    rows += [('nodule', nodule, nodule, p) for nodule, p in zip(order, votes)]
    for kind, name, nodule, p in rows:
        writer.writerow([kind, name, nodule, classes[int(p.argmax())]] + np.exp(p).round(6).tolist())
    with files.atomic(cfg.out) as f:
        f.write(text.getvalue().encode())
    print('%s: %d images of %d nodules' % (cfg.out, len(names), len(order)))
