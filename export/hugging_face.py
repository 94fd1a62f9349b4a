"""A folder as Hugging Face expects it: card, weights, sample images, scorecard."""

import os

from common import files, images, schema, types
from export import gate, model_card, weight_exports
from sampling import Generator

SAMPLES = 16
# What is relied on in scorecard.json.
SCORECARD = {
    'weights': [types.text],
    'items': [{'checklist': types.text, 'criterion': types.text, 'key': types.text, 'label': types.text,
               'missing?': types.text, 'figures': [{'name': types.text, 'source': types.text}]}],
}  # fmt: skip


def _scorecard(release):
    """scorecard.json beside the evaluation, without texts, which may name folders; None if there is none."""
    path = os.path.join(os.path.dirname(release.path), 'scorecard.json') if release.path else ''
    if not os.path.exists(path):
        return None
    remedy = 'run python 4-evaluate.py --model %s again' % release.model
    data = schema.read(path, SCORECARD, remedy)
    if data['weights'] != [release.sha256]:
        raise ValueError('%s is of other weights than %s; %s' % (path, release.model, remedy))
    items = []
    for item in data['items']:
        figures = [dict(x, source=_place(x['source'])) for x in item['figures'] if _may_be_passed_on(item, x)]
        items.append(dict(item, figures=figures))
    return dict(weights=data['weights'], items=items)


def _place(source):
    """Where a figure is from, without folders and names of files of the user."""
    path, colon, key = source.rpartition(': ')
    if not colon:
        return 'weights' if source.startswith('card of ') else os.path.basename(source)
    return os.path.basename(path) + colon + key


def _may_be_passed_on(item, figure):
    """Whether a figure of a scorecard is a number, or a verdict."""
    return not isinstance(figure.get('value'), str) or (item['criterion'], item['key']) == ('evaluation', 'images')


def _training(model):
    """{setting: number} of the run.json beside the weights; {} if there is none."""
    return {name: value for name, value in gate.run_settings(model).items() if type(value) in (int, float)}


def run(cfg):
    """Write what 8-export.py hf is asked for."""
    release = gate.release(cfg)
    names = 'README.md', 'model.safetensors', 'generator.onnx', 'samples.png', 'scorecard.json'
    readme, safetensors, onnx, samples, scorecard = [os.path.join(cfg.outdir, name) for name in names]
    files.require_replaceable(readme, safetensors, onnx, samples, scorecard)
    figures, training = _scorecard(release), _training(cfg.model)
    with Generator(cfg.model, cpu=cfg.cpu) as generator:
        pixels = generator.sample(SAMPLES)
        readme_text = model_card.text(release, cfg.license, generator, figures, training)
    os.makedirs(cfg.outdir, exist_ok=True)
    files.remove_unfinished(cfg.outdir)  # of an export that was killed: the folder is uploaded as it is
    weight_exports.write_safetensors(release, safetensors, cfg.license)
    weight_exports.write_onnx(release, onnx, 'Gs', license=cfg.license)
    images.save(samples, images.grid(pixels))
    if figures:
        files.write_json(scorecard, figures)
    else:
        files.remove(scorecard)  # of an earlier export
    files.write_text(readme, readme_text)
    size = sum(
        os.path.getsize(path) for path in (readme, safetensors, onnx, samples, scorecard) if os.path.exists(path)
    )
    print('%s: %.1f MB. %s %s' % (cfg.outdir, size / 1e6, release.origin, release.audit))
