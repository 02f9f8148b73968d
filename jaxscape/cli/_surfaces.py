"""The surface and the starting points that the user names."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    import jaxscape as js


def surface_of(arguments: argparse.Namespace, start: np.ndarray | None) -> js.Surface:
    """A named system, or what the user wrote.

    **Raises:** `ValueError`, with what is wrong.
    """
    import jaxscape as js

    if ":" not in arguments.surface:
        if arguments.bounds or arguments.dim:
            raise ValueError(
                f"{arguments.surface} has its own bounds and dim: "
                "--bounds and --dim are for module:function"
            )
        surface = js.systems.by_name(arguments.surface)
    else:
        found = _imported(arguments.surface)
        if isinstance(found, js.Surface):
            if arguments.bounds or arguments.dim:
                raise ValueError(f"{arguments.surface} is a Surface: set bounds and dim there")
            surface = found
        elif callable(found):
            dim = arguments.dim or (None if start is None else start.shape[1])
            surface = js.Surface(
                found, bounds=arguments.bounds, dim=dim, name=arguments.surface.split(":")[1]
            )
        else:
            raise ValueError(
                f"{arguments.surface} is a {type(found).__name__}, "
                "neither a jaxscape.Surface nor a function"
            )
    if start is not None and surface.dim not in (None, start.shape[1]):
        raise ValueError(
            f"{arguments.start} holds points of {start.shape[1]} coordinates, "
            f"but {arguments.surface} takes {surface.dim}"
        )
    if surface.dim is not None:
        _try_once(arguments.surface, surface)
    return surface


def _imported(name: str) -> Any:
    """The object called module:attribute."""
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise ValueError(f"{name!r} is not module:attribute, as in my_module:my_function")
    sys.path.insert(0, os.getcwd())
    try:
        found: Any = importlib.import_module(module_name)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name == module_name.split(".")[0]:
            raise ValueError(
                f"there is no module {module_name!r} in {os.getcwd()}, nor is one installed"
            ) from error
        raise ValueError(
            f"importing {module_name} failed: {type(error).__name__}: {error}"
        ) from error
    finally:
        sys.path.remove(os.getcwd())
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise ValueError(f"module {module_name!r} has no attribute {attribute!r}")
        found = getattr(found, part)
    return found


def _try_once(name: str, surface: js.Surface) -> None:
    """Trace the user's function, whose errors may be of any kind, before anything is written."""
    import jax
    import jax.numpy as jnp

    point = jax.ShapeDtypeStruct((surface.dim or 1,), jnp.result_type(float))
    try:
        jax.eval_shape(surface, point)
    except Exception as error:
        raise ValueError(
            f"{name} cannot be evaluated at a point of {surface.dim} coordinates: "
            f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        ) from error


def has_starts(surface: js.Surface) -> bool:
    """Whether random starting points can be drawn."""
    import jax

    try:
        surface.sample(jax.random.key(0), 1)
    except ValueError:
        return False
    return True


def read_points(path: str) -> np.ndarray:
    """Starting points `[n, dim]` from a file."""
    import numpy as np

    try:
        points = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise ValueError(f"there is no file {path}") from None
    except (ValueError, EOFError) as error:
        raise ValueError(
            f"{path} is no .npy file of numbers (write one with numpy.save): {error}"
        ) from error
    if not isinstance(points, np.ndarray):
        raise ValueError(f"{path} holds several arrays: save one array [n, dim] as .npy")
    if points.ndim != 2 or points.dtype.kind not in "fiu":
        raise ValueError(
            f"{path} holds {points.dtype} of shape {points.shape}: "
            "starting points are real numbers of shape [n, dim]"
        )
    return points.astype(np.float64)
