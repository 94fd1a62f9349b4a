"""Writes docs/api.md from the docstrings: python docs/make_api.py"""

import ast
import itertools
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MODULES = {
    'tfutil.py': 'init_tf load save Network',
    'sampling/generate.py': 'load_generator images Images random_latents',
    'sampling/interpolation.py': 'spherical linear',
    'sampling/projection.py': 'project',
    'dataset.py': 'Pyramid levels read stream write about',
    'metrics/suite.py': 'evaluate_model evaluate_models',
    'metrics/real_reference.py': 'Reference',
    'metrics/evaluation.py': 'Evaluation evaluate',
    'metrics/sliced_wasserstein.py': 'Descriptors distances sliced_wasserstein',
    'metrics/memorisation.py': 'nearest copied',
    'metrics/nodules.py': 'nodules',
    'stats/arm_comparison.py': 'summary',
    'stats/predictions.py': 'gathered',
    'stats/reader_metrics.py': 'summary cases_needed',
    'turing_test/study.py': 'readings',
    'common/safe_pickle.py': 'read write',
    'common/hounsfield.py': 'to_hu to_gray',
}
BEGIN = """# Python

Generated from the docstrings by `python docs/make_api.py`. Call from the folder of the repository.

```python
import tfutil
from sampling import generate

with tfutil.init_tf():
    generator = generate.load_generator('demo/weight/AIS.pkl')
    images = generate.images(generator, number=100, seed=1)  # len(images) == 100, computed as one iterates
    pixels = images.pixels()  # uint8 [100, 1, 64, 64]
    latents = generate.random_latents(3, generator.inputs[0].shape[1], seed=7)
```

```python
from metrics import suite

found = suite.evaluate_model('demo/weight/AIS.pkl', 'processData/AIS', number=200)
print([(row.metric, row.fakes.value, row.fakes.interval) for row in found.rows])
```
"""


def signature(name, kind, lines, begin):
    """The text of a function or class, from the line that names it up to its colon."""
    parts, start = [], re.compile(r'\s*%s %s\b' % (kind, name))
    for line in itertools.dropwhile(lambda line: not start.match(line), lines[begin - 1 :]):
        parts.append(re.sub(r'\s+#.*', '', line).strip())
        if parts[-1].endswith(':'):
            break
    return re.sub(r',? (\))|(\() ', r'\1\2', ' '.join(parts))[:-1]


def described(node, lines, name=None):
    """Heading, signature and docstring of a function, or of a class and its public methods."""
    text = signature(node.name, 'class' if isinstance(node, ast.ClassDef) else 'def', lines, node.lineno)
    parts = ['### `%s`' % (name or node.name), '```python\n%s\n```' % text, ast.get_docstring(node) or '']
    for method in node.body if isinstance(node, ast.ClassDef) else ():
        if isinstance(method, ast.FunctionDef) and not method.name.startswith('_') and ast.get_docstring(method):
            parts += described(method, lines, '%s.%s' % (node.name, method.name))
    return parts


def page():
    """The text of docs/api.md."""
    parts = [BEGIN.rstrip()]
    for path, names in MODULES.items():
        with open(os.path.join(ROOT, path), encoding='utf-8') as f:
            text = f.read()
        found = {node.name: node for node in ast.parse(text).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        parts += ['## %s' % path[:-3].replace('/', '.'), ast.get_docstring(ast.parse(text))]
        for name in names.split():
            parts += described(found[name], text.split('\n'))
    return '\n\n'.join(filter(None, parts)) + '\n'


if __name__ == '__main__':
    with open(os.path.join(ROOT, 'docs', 'api.md'), 'w', encoding='utf-8') as f:
        f.write(page())
