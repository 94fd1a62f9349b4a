"""The card of weights, as text: their use, their training data, what was measured, and their faults."""

from export.gate import NO_DEVICE

FRONT = """---
license: {license}
library_name: onnx
pipeline_tag: unconditional-image-generation
tags:
- medical
- computed-tomography
- lung-nodule
- synthetic-data
- progressive-growing-gan
---
"""
BODY = """# Generator of lung nodules ({channels}x{size}x{size})

**{notice}** Every image that it makes is synthetic.

![{samples}](samples.png)

## Intended use

Research: trying methods on images without patients, teaching, and tests of software. Whether its images help a
classifier has to be tested on patients that it did not learn from. Do not use it for diagnosis, and do not mix its
images with those of patients without marking them.

## Data

{origin}

{facts}
{training}
## Search for copies

{audit}

## Figures

{figures}

## Known faults

- An image is one slice of {size}x{size} pixels with one nodule in the middle. Slices above and below do not exist.
- A generator knows no more than its training images. Rare nodules are rarer still among its images.
- Vessels, bronchi and pleura are not checked by any program of this project.
{differs}{missing}
## Files

- `generator.onnx`: `latents` [N, {latents}] from a normal distribution{labels} -> `images`
  [N, {channels}, {size}, {size}], -1..1. Gray levels are round(127.5 * (x + 1)), limited to 0..255.{hu}
- `model.safetensors`: the generator, its moving average (`Gs`) and the discriminator. `2-inference.py --model` and
  `3-train.py --transfer` take it.
- SHA-256 of the original weights: `{sha256}`
"""

# Why an item of a scorecard has no figures (`metrics.scorecard.MISSING`), as the card says it.
_NOT_MEASURED = 'Not measured'  # all other reasons
_MISSING = dict(
    not_defined='Not defined for these data',
    unrecorded='Not recorded by the data or the weights',
    authors='Left to the authors to state',
)


def text(release, license, generator, scorecard, training):
    """The card, Markdown with front matter.

    generator: a sampling.Generator. scorecard: of scorecard.json, or None; training: {setting: number}.
    """
    learned = release.card
    facts = [('source', learned.source), ('classes', ', '.join(learned.classes or [])), ('digest', learned.digest)]
    facts.append(('mm per pixel', '%g' % learned.mm_per_pixel if learned.mm_per_pixel else None))
    facts.append(('window', '%g to %g HU' % learned.window if learned.window else None))
    numbers = [(name.replace('_', ' '), '%g' % value) for name, value in sorted(training.items())]
    states = {verdict['topic']: verdict['state'] for verdict in (release.evaluation or {'verdicts': []})['verdicts']}
    differs = ['- It differs from the images it learned from in %s.\n' % x for x in states if states[x] == 'differs']
    return FRONT.format(license=license) + BODY.format(
        notice=NO_DEVICE,
        channels=generator.shape[0],
        size=generator.resolution,
        samples='generated images',
        origin=release.origin,
        facts=_table(['', 'value'], [(name, value or 'not recorded') for name, value in facts]),
        training='\n## Settings of the training\n\n%s\n' % _table(['', 'value'], numbers) if numbers else '',
        audit=release.audit,
        figures=_figures(scorecard, learned.adjective),
        differs=''.join(differs),
        missing=_missing(scorecard),
        latents=generator.latent_size,
        labels=', and `labels` [N, %d]' % generator.label_size if generator.label_size else '',
        hu=' HU are %g + %g * gray.' % (learned.window[0], (learned.window[1] - learned.window[0]) / 255.0)
        if learned.window
        else '',
        sha256=release.sha256,
    )


def _table(heads, rows):
    lines = [heads, ['---'] * len(heads)] + [list(row) for row in rows]
    return '\n'.join('| %s |' % ' | '.join(str(cell).replace('|', '/') for cell in line) for line in lines)


def _cell(value):
    return '' if value is None else '%.4g' % value if isinstance(value, float) else str(value)


def _figures(scorecard, adjective):
    """The table of all figures of a scorecard. adjective: of the images that generated ones are compared with."""
    if not scorecard:
        return 'Not measured. `4-evaluate.py` measures it.'
    rows = []
    for item in scorecard['items']:
        for figure in item['figures']:
            interval = ' .. '.join(map(_cell, figure.get('interval') or []))
            rows.append(
                (item['label'], figure['name'], _cell(figure.get('value')), interval, _cell(figure.get('reference')))
            )
    return _table(['', 'figure', 'value', '95 % interval', 'of %s images' % adjective], rows)


def _missing(scorecard):
    """What the scorecard has no figures of, list items by the reason."""
    labels = {title: {} for title in [_NOT_MEASURED] + list(_MISSING.values())}  # each label once, in order
    for item in (scorecard or {'items': []})['items']:
        if item.get('missing') and item['key'] != 'intended_use':  # the card states it
            labels[_MISSING.get(item['missing'], _NOT_MEASURED)][item['label']] = True
    return ''.join('- %s: %s.\n' % (title, '; '.join(of_title)) for title, of_title in labels.items() if of_title)
