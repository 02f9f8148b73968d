"""What adapters ask for before they begin."""

import contextlib


@contextlib.contextmanager
def missing(package: str, extra: str):
    """Turn a failed import of `package` into an error that names the extra."""
    try:
        yield
    except ImportError as error:
        raise ImportError(
            f'{package} is not installed: pip install "jaxscape-landscapes[{extra}]"'
        ) from error
