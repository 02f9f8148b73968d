"""Checks of data that every fitted model makes."""

import numpy as np


def checked_points(points, name: str = "points", least: int = 1) -> np.ndarray:
    """Finite numbers `[samples, features]` in float64."""
    try:
        array = np.asarray(points, np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} are no numbers; pass an array [samples, features]") from None
    if array.ndim != 2 or not array.size:
        raise ValueError(
            f"{name} have shape {array.shape}; pass [samples, features], neither of them empty"
            + (f" (one feature: {name}[:, None])" if array.ndim == 1 else "")
        )
    check_finite(array, name)
    if len(array) < least:
        raise ValueError(f"{name} are only {len(array)}; {least} or more are needed")
    return array


def checked_values(values, samples: int, name: str = "values") -> np.ndarray:
    """Finite numbers `[samples]` in float64."""
    array = np.asarray(values, np.float64)
    if array.shape != (samples,):
        raise ValueError(f"{name} have shape {array.shape}; pass one for each point, [{samples}]")
    check_finite(array[:, None], name)
    return array


def check_finite(array: np.ndarray, name: str) -> None:
    """Raise `ValueError` with the first row that is NaN or infinite."""
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if len(bad):
        raise ValueError(
            f"{name} are NaN or infinite in {len(bad)} rows, the first is row {bad[0]}: "
            "leave these samples out or fill them in"
        )
