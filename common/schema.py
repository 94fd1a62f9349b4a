"""Checks JSON files, which people may have edited, against a schema of what their readers rely on."""

import collections
import itertools
import json
import math

from common import files


def problem(value, schema, where=''):
    """The first thing that is wrong with a value, as a message that names its place; None if it fits.

    schema: a Type (see common.types), [schema] for a list of such values, or {name: schema} for an object; a name that
    ends in ? may be missing or null.
    """
    place = where or 'it'
    if isinstance(schema, list):
        if not isinstance(value, list):
            return '%s is not a list' % place
        parts = [(item, schema[0], '%s[%d]' % (where, i)) for i, item in enumerate(value)]
    elif isinstance(schema, dict):
        if not isinstance(value, dict):
            return '%s is not an object' % place
        parts = []
        for key, inner in schema.items():
            name = key.rstrip('?')
            if value.get(name) is not None or name == key:
                parts.append((value.get(name), inner, '%s.%s' % (where, name) if where else name))
    else:
        return None if schema.accepts(value) else '%s is not %s' % (place, schema.wanted)
    return next(filter(None, itertools.starmap(problem, parts)), None)


def read(path, schema, remedy):
    """The value of a JSON file that fits a schema; ValueError with the file, what is wrong and the remedy if not."""
    files.require_regular(path)
    try:
        with open(path, encoding='utf-8') as f:
            value = json.load(f)
        message = problem(value, schema)
    except (ValueError, RecursionError):
        message = 'it is not JSON'
    if message:
        raise ValueError('%s is damaged (%s); %s' % (path, message, remedy))
    return value


def plain(data):
    """Data with None for NaN, which JSON does not know."""
    if isinstance(data, dict):
        return collections.OrderedDict((key, plain(value)) for key, value in data.items())
    if isinstance(data, list):
        return [plain(value) for value in data]
    return None if isinstance(data, float) and math.isnan(data) else data
