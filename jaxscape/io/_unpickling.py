"""Arrays from pickles without trusting them: nothing in one is run.

Unpickling calls what the bytes name. Here the names that NumPy writes for a plain array stand
for small classes of this file, and every other name is refused, so that a pickle can do no more
than build nested tuples of numbers and bytes. NumPy itself only sees the bytes of the result.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np

_TYPES = ("f8", "f4", "i8", "i4")


class _Dtype:
    """Stands for `numpy.dtype`: a kind of number and a byte order."""

    def __init__(self, kind, *flags):
        del flags
        self.kind = kind.decode("latin1") if isinstance(kind, bytes) else kind
        self.order = "<"

    def __setstate__(self, state):
        order = state[1].decode("latin1") if isinstance(state[1], bytes) else state[1]
        self.order = order

    def checked(self) -> np.dtype:
        kind = str(self.kind).lstrip("<=|>")
        order = str(self.kind)[:1] if str(self.kind)[:1] in "<>" else self.order
        if kind not in _TYPES or order not in ("<", ">"):
            raise pickle.UnpicklingError(f"an array of {self.kind!r}, not of plain numbers")
        return np.dtype(order + kind)


class _Ndarray:
    """Stands for `numpy.ndarray`, as an argument only."""


class _Array:
    """What `_reconstruct` and `_frombuffer` make: bytes with a shape and a type."""

    def __init__(self, data=b"", dtype=None, shape=(0,), fortran=False):
        self.data, self.dtype, self.shape, self.fortran = data, dtype, shape, fortran

    def __setstate__(self, state):
        _, self.shape, self.dtype, self.fortran, self.data = state

    def checked(self) -> np.ndarray:
        data = self.data.encode("latin1") if isinstance(self.data, str) else self.data
        if not isinstance(self.dtype, _Dtype) or not isinstance(data, bytes | bytearray):
            raise pickle.UnpicklingError("an array of objects, not of plain numbers")
        shape = tuple(int(length) for length in self.shape)
        flat = np.frombuffer(data, self.dtype.checked())
        return flat.reshape(shape, order="F" if self.fortran else "C").astype(np.float64)


def _reconstruct(*arguments) -> _Array:
    del arguments
    return _Array()


def _frombuffer(data, dtype, shape, order) -> _Array:
    return _Array(data, dtype, shape, order == "F")


def _encode(text, encoding="latin1") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError("bytes in an encoding other than latin1")
    return text.encode("latin1")


_KNOWN: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _Ndarray,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _encode,
} | {
    (f"numpy.{core}.{module}", name): stand_in
    for core in ("core", "_core")
    for module, name, stand_in in (
        ("multiarray", "_reconstruct", _reconstruct),
        ("numeric", "_frombuffer", _frombuffer),
    )
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"{module}.{name}, which is not loaded")
        stand_in = _KNOWN[module, name]
        # Made anew, since a pickle may set attributes of what it is given.
        return lambda *arguments: stand_in(*arguments)


def array_from_pickle(raw: bytes) -> np.ndarray:
    """The float64 array in a pickle of a NumPy array of numbers; anything else is refused.

    **Raises:** `ValueError`, with what the pickle holds instead.

    >>> array_from_pickle(pickle.dumps(np.arange(3.0))).tolist()
    [0.0, 1.0, 2.0]
    """
    try:
        found = _Unpickler(io.BytesIO(raw), encoding="latin1").load()
        if not isinstance(found, _Array):
            raise pickle.UnpicklingError(f"a {type(found).__name__}, not an array")
        return found.checked()
    except Exception as error:  # of a damaged pickle anything may come
        raise ValueError(f"a pickle with {error}") from error


def pickle_of_array(array: np.ndarray) -> bytes:
    """A pickle of an array that every version of NumPy opens."""
    plain = np.ascontiguousarray(array, np.float64)
    # The name of NumPy 1, which NumPy 2 knows, too; protocol 3 has names without lengths.
    return pickle.dumps(plain, 3).replace(b"numpy._core.multi", b"numpy.core.multi", 1)
