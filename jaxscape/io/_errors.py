"""What is wrong with a file, where, and what was expected."""

from __future__ import annotations

from pathlib import Path


class FormatError(ValueError):
    """A file is broken, truncated, of another format, or belongs to other files.

    `path`; `line` (from 1, None where the file as a whole is wrong); `expected`; `found`.

    >>> print(FormatError("min.data", 3, "6 numbers", "'abc'"))
    min.data, line 3: expected 6 numbers, found 'abc'
    """

    def __init__(self, path, line: int | None, expected: str, found: str):
        self.path, self.line, self.expected, self.found = Path(path), line, expected, found
        place = f"{path}" if line is None else f"{path}, line {line}"
        super().__init__(f"{place}: expected {expected}, found {found}")


def shortened(text: str, length: int = 60) -> str:
    """A text in quotes, cut where it is long."""
    return repr(text if len(text) <= length else text[: length - 3] + "...")
