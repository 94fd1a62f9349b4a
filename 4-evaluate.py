"""Evaluation of a generator: how near its images are to real ones, how varied, and whether they are copies."""
import json
import os

import commandline
import config


def halves(count, seed, number):
    """Two disjoint random choices of up to `number` out of `count` images."""
    import numpy as np
    order = np.random.RandomState([seed, 5]).permutation(count)
    number = min(number, count // 2)
    return order[:number], order[number:2 * number]


def main(argv=None):
    cfg = commandline.parse(config.Evaluate, __doc__, argv)
    if not os.path.exists(cfg.model):
        raise FileNotFoundError('%s does not exist; train it with 3-train.py or download the published weights (links in README.md)' % cfg.model)
    if cfg.number < 10:
        raise ValueError('--number %d: an evaluation needs at least 10 images' % cfg.number)
    import numpy as np
    import dataset          # after the flags: TensorFlow takes seconds to load, and -h should not
    import evaluation
    import files
    import frozen
    import images
    import memorisation
    import metrics
    import networks
    import report
    import tfutil
    import volumes
    data = dataset.Pyramid(cfg.data)
    training = data.images[data.top]
    facts = dataset.about(cfg.data) if data.classes == [os.path.basename(os.path.abspath(cfg.data))] else {}
    if cfg.real_holdout:
        held = dataset.Pyramid(cfg.real_holdout)
        if held.images[held.top].shape[1:] != training.shape[1:]:
            raise ValueError('%s has images of %s, %s of %s; they have to agree' % (
                cfg.real_holdout, list(held.images[held.top].shape[1:]), cfg.data, list(training.shape[1:])))
        known = {hash(image.tobytes()) for image in training}
        shared = sum(hash(image.tobytes()) in known for image in held.images[held.top])
        if shared:
            raise ValueError('%s and %s have %d images in common; held-out images have to be others' % (cfg.real_holdout, cfg.data, shared))
        number = min(cfg.number, held.count, data.count)
        reals = held.images[held.top][np.random.RandomState([cfg.seed, 5]).permutation(held.count)[:number]]
        others = training[np.random.RandomState([cfg.seed, 6]).permutation(data.count)[:number]]
    else:
        chosen, rest = halves(data.count, cfg.seed, cfg.number)
        number, reals, others = len(chosen), training[chosen], training[rest]
        training = np.delete(training, chosen, axis=0)
    if number < 10:
        raise ValueError('%s holds %d images%s; an evaluation needs at least %d' % (
            cfg.data, data.count, '' if not cfg.real_holdout else ' and %s %d' % (cfg.real_holdout, held.count), 10 if cfg.real_holdout else 20))
    if (reals == reals[:1]).all():
        raise ValueError('%s holds the same image again and again; there is nothing to compare with' % (cfg.real_holdout or cfg.data))
    with tfutil.init_tf(cpu=cfg.cpu):
        network = frozen.features(cfg.features, training.shape[1], training.shape[2], cfg.feature_tensor) if cfg.features else None
        Gs, = tfutil.load(cfg.model, networks.BUILDERS, 'Gs')
        shape = [int(size) for size in Gs.outputs[0].shape[1:]]
        if len(Gs.inputs) != 2 or shape != list(training.shape[1:]):
            raise ValueError('%s makes images of %s, %s holds %s; name the data it was trained on' % (cfg.model, shape, cfg.data, list(training.shape[1:])))
        latent_size, label_size = [int(tensor.shape[1]) for tensor in Gs.inputs]
        fakes = np.zeros([number] + shape, np.uint8)
        for part in metrics.chunks(number, evaluation.bar('images'), cfg.minibatch):
            latents = np.array([np.random.RandomState([cfg.seed, i]).randn(latent_size) for i in range(part.start, part.stop)])
            labels = np.eye(label_size)[np.arange(part.start, part.stop) % label_size] if label_size else np.zeros([len(latents), 0])
            fakes[part] = images.to_uint8(Gs.run(latents, labels, minibatch=cfg.minibatch))
        if (fakes == fakes[:1]).all():
            raise ValueError('%s makes the same image from every latent; there is nothing to measure' % cfg.model)
        os.makedirs(cfg.outdir, exist_ok=True)          # before the minutes that the rest takes
        window = facts.get('window') or volumes.WINDOWS['paper']
        found = evaluation.evaluate(fakes, reals, others, training, window, facts.get('mm_per_pixel'), network, cfg.audit, cfg.seed)
    print(report.table(found.rows))
    about = [('model', cfg.model), ('training data', '%s (%d images)' % (cfg.data, len(training))),
             ('held-out reals', cfg.real_holdout or 'half of %s, kept out of the comparison but perhaps not of the training' % cfg.data),
             ('compared', '%d generated images with %d held-out reals; the baseline with %d others' % (number, number, number)), ('seed', cfg.seed)]
    pairs = memorisation.side_by_side(fakes, training, found.nearest[0])
    figures = [report.picture(images.grid(fakes[:64]), 'generated'), report.picture(images.grid(reals[:64]), 'held-out reals'),
               report.picture(images.grid(pairs, 4), 'left: the generated images nearest to training images, right: those images', 2)]
    unit = 'mm' if facts.get('mm_per_pixel') else 'pixels'
    for words, unit, name, pair in (('mean of the nodule', 'HU', 'gray', found.nodules), ('diameter of the nodule', unit, 'diameter', found.nodules),
                                    ('distance to the nearest training image', 'gray levels', 'distance', found.nearest)):
        figures.append(report.histogram(*[x._asdict()[name] for x in pair], words, unit))
    figures.append(report.histogram(volumes.to_hu(fakes[:500].ravel(), window), volumes.to_hu(reals[:500].ravel(), window), 'pixels', 'HU'))
    result = dict(about, rows=[dict(metric=row.metric, wanted=row.wanted, seconds=row.seconds, **{
        name + what: value for name in ('fakes', 'reals') for what, value in zip(('', '_interval'), getattr(row, name))}) for row in found.rows])
    with files.atomic(os.path.join(cfg.outdir, 'evaluation.json')) as f:
        f.write(json.dumps(result, indent=1).encode())
    with files.atomic(os.path.join(cfg.outdir, 'evaluation.html')) as f:
        f.write(report.page('Evaluation of ' + os.path.basename(cfg.model), about, found.rows, figures).encode())
    print('evaluation.html and evaluation.json are in %s' % cfg.outdir)


if __name__ == '__main__':
    commandline.command(main)
