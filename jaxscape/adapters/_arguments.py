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


def positive_numbers(**numbers) -> None:
    """Raise `ValueError` unless all are finite and above zero."""
    for name, value in numbers.items():
        if not 0 < value < float("inf"):
            raise ValueError(f"{name} is {value!r}; it must be a positive number")


def checked_numbers(workers, **positive) -> None:
    """`positive_numbers`, and a number of worker processes that is a number."""
    positive_numbers(**positive)
    if workers is not None and (
        isinstance(workers, bool) or int(workers) != workers or workers < 0
    ):
        raise ValueError(f"workers is {workers!r}; pass a whole number, 0 or more")
