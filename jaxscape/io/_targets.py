"""Writing: nothing is replaced unasked, and no file is left half written."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def fresh_folder(folder, names: Iterable[str], overwrite: bool) -> Path:
    """A folder without any of these files; made where there is none.

    **Raises:** `ValueError` if one of them is there and may not be replaced.
    """
    folder = Path(folder).expanduser()
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file, but this format is a folder of files: name another")
    found = [folder / name for name in names if (folder / name).exists()]
    if found and not overwrite:
        raise ValueError(f"{found[0]} exists: choose another folder, or pass overwrite=True")
    folder.mkdir(parents=True, exist_ok=True)
    # What the new network does not have must not stay behind from an older one.
    for path in found:
        path.unlink()
    return folder


def write_file(path, data: str | bytes, overwrite: bool = True) -> None:
    """Write a whole file beside its place, then rename it into it.

    **Raises:** `ValueError` if it exists and may not be replaced, or the folder is missing.
    """
    path = check_target(path, overwrite)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(data.encode() if isinstance(data, str) else data)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def check_target(path, overwrite: bool) -> Path:
    """The path of a file that may be written.

    **Raises:** `ValueError` if it may not.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        raise ValueError(f"{path} is a folder: give a file name")
    if path.exists() and not overwrite:
        raise ValueError(f"{path} exists: choose another name, or pass overwrite=True")
    if not path.parent.is_dir():
        raise ValueError(f"there is no folder {path.parent}: create it, or choose another")
    return path
