"""JSON files that people may have edited, checked against what their readers rely on; and what JSON can hold."""

import collections
import json
import math

from common import files


def problem(value, schema, where=''):
    """What is wrong with a value, in words that say where, or None.

    schema: a Type (see common.types), [schema] for a list of such values, or {name: schema} for an object; a name that
    ends in ? may be missing or null.
    """
    if isinstance(schema, list):
        if not isinstance(value, list):
            return '%s is not a list' % (where or 'it')
        inner = ((item, schema[0], '%s[%d]' % (where, i)) for i, item in enumerate(value))
    elif isinstance(schema, dict):
        if not isinstance(value, dict):
            return '%s is not an object' % (where or 'it')
        inner = []
        for name, wanted in schema.items():
            found = value.get(name.rstrip('?'))
            if found is not None or not name.endswith('?'):
                inner.append((found, wanted, (where + '.' if where else '') + name.rstrip('?')))
    else:
        return None if schema.accepts(value) else '%s is not %s' % (where or 'it', schema.wanted)
    return next(filter(None, (problem(*item) for item in inner)), None)


def read(path, schema, remedy):
    """The value of a JSON file that fits a schema; ValueError with the file, what is wrong and the remedy if not."""
    files.require_regular(path)
    try:
        with open(path, encoding='utf-8') as f:
            value = json.load(f)
        wrong = problem(value, schema)
    except (ValueError, RecursionError):
        wrong = 'it is not JSON'
    if wrong:
        raise ValueError('%s is damaged (%s); %s' % (path, wrong, remedy))
    return value


def plain(data):
    """Data with None for NaN, which JSON does not know."""
    if isinstance(data, dict):
        return collections.OrderedDict((key, plain(value)) for key, value in data.items())
    if isinstance(data, list):
        return [plain(value) for value in data]
    return None if isinstance(data, float) and math.isnan(data) else data
