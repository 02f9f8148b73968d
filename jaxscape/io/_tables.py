"""Tables of numbers in text files: read at once, and line by line where something is wrong."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from jaxscape.io._errors import FormatError, shortened

_FORTRAN = bytes.maketrans(b"Dd", b"Ee")
# Fortran leaves out the letter where the exponent has three digits: 0.69-309.
_BARE_EXPONENT = re.compile(rb"(?<=[0-9.])([+-][0-9]{3})(?=\s|$)")


def read_bytes(path: Path) -> bytes:
    """The contents of a file that has to be there.

    **Raises:** `FormatError` if it is missing or empty.
    """
    if not path.is_file():
        kind = "a folder" if path.is_dir() else "no such file"
        raise FormatError(path, None, "a file", kind)
    raw = path.read_bytes()
    if not raw.strip():
        raise FormatError(path, None, "data", "an empty file")
    return raw


def read_table(
    path: Path, columns: Sequence[str], widths: Sequence[int] | None = None, empty: bool = False
) -> Float[np.ndarray, "rows columns"]:
    """Numbers in lines of equal length; Fortran's exponents (`1.0D-03`) are read, too.

    **Arguments:**

    - `columns`: what the numbers of a line are, for messages.
    - `widths`: allowed numbers per line, by default as many as `columns`.
    - `empty`: whether a file without any numbers is a table without rows.

    **Raises:** `FormatError` with the first line that is wrong.
    """
    widths = (len(columns),) if widths is None else tuple(widths)
    if empty and path.is_file() and not path.read_bytes().strip():
        return np.zeros((0, widths[0]))
    raw = read_bytes(path)
    table = _fast(raw)
    if table is None:
        table = _fast(_BARE_EXPONENT.sub(rb"E\1", raw.translate(_FORTRAN)))
    if table is None or table.shape[1] not in widths or not np.isfinite(table).all():
        raise _first_error(path, raw, columns, widths)
    return table


def read_rows_of_any_width(path: Path, what: str) -> Float[np.ndarray, "rows columns"]:
    """A table as wide as its first line: points, one a line."""
    raw = read_bytes(path)
    width = len(next(line for line in raw.splitlines() if line.strip()).split())
    return read_table(path, [what] * width)


def integers(
    path: Path, table: Float[np.ndarray, "rows columns"], column: int, name: str, least: int = 0
) -> Int[np.ndarray, " rows"]:
    """A column of whole numbers.

    **Raises:** `FormatError` with the line of the first one that is not, or is below `least`.
    """
    values = table[:, column]
    wrong = np.flatnonzero((values != np.round(values)) | (values < least))
    if len(wrong):
        expected = f"{name}, a whole number" + (f" of at least {least}" if least else "")
        raise at_row(path, int(wrong[0]), expected, repr(float(values[wrong[0]])))
    return values.astype(np.int64)


def at_row(path: Path, row: int, expected: str, found: str) -> FormatError:
    """An error in the line that holds row `row` of a table; blank lines do not count."""
    numbers = [n for n, text in enumerate(path.read_bytes().splitlines(), 1) if text.strip()]
    return FormatError(path, numbers[row] if row < len(numbers) else None, expected, found)


def number(text: str) -> float:
    """One number, with Fortran's exponents.

    >>> number("1.5D-03"), number("0.25-100")
    (0.0015, 2.5e-101)
    """
    return float(_BARE_EXPONENT.sub(rb"E\1", text.encode().translate(_FORTRAN)))


def lines_of(rows: Sequence[Sequence[float]]) -> str:
    """Lines of numbers that are read back to the last digit."""
    return "".join(" ".join(map(repr, row)) + "\n" for row in rows)


def _fast(raw: bytes) -> np.ndarray | None:
    try:
        return np.loadtxt(io.BytesIO(raw), comments=None, ndmin=2)
    except ValueError:
        return None


def _first_error(path: Path, raw: bytes, columns, widths) -> FormatError:
    counts = " or ".join(map(str, widths))
    names = ", ".join(dict.fromkeys(columns))
    expected = f"{counts} number{'s' * (widths != (1,))} ({names})"
    width = None
    for number_of_line, line in enumerate(raw.splitlines(), start=1):
        text = line.decode("utf-8", "replace").strip()
        words = text.split()
        if not words:
            continue
        for word in words:
            try:
                value = number(word)
            except ValueError:
                return FormatError(path, number_of_line, expected, shortened(text))
            if not np.isfinite(value):
                return FormatError(path, number_of_line, "finite numbers", shortened(word))
        if len(words) not in widths or width not in (None, len(words)):
            if width is not None:
                expected = f"{width} numbers as in the lines before ({names})"
            found = f"{len(words)} ({shortened(text)})"
            return FormatError(path, number_of_line, expected, found)
        width = len(words)
    return FormatError(path, None, expected, "something that NumPy cannot read")
