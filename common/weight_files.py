"""Networks of a weight file, a pickle or a safetensors file, as passive data."""

from common import safe_pickle, safetensors


def read(path, roles=('G', 'D', 'Gs')):
    """The states of a file's networks, one for each of `roles`; as of `safe_pickle.read`, which see."""
    if not safetensors.has_suffix(path):
        return safe_pickle.read(path, roles)
    networks = safetensors.read(path)
    held = [role for role, _ in networks]
    if roles and held != list(roles):
        message = '%s holds the networks %s; the networks %s are needed'
        raise ValueError(message % (path, ', '.join(held), ', '.join(roles)))
    return [safe_pickle.checked(path, state) for _, state in networks]
