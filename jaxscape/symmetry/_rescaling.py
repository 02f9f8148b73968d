"""Blocks that may grow in some columns while they shrink in others, as neurons with ReLU do.

A block's columns are multiplied by `exp(e s)`, `e` an exponent a column and `s` any number a
block. Of all images of a point the balanced one is shortest; it is unique, which makes it the
representative that fingerprints and pairings are computed from.
"""

import numpy as np

_ROUNDS = 200


def balanced(x, groups):
    """The shortest image under rescaling of each row of `x [B, dim]`."""
    x = np.array(x, np.float64)
    moving = [group for group in groups if group.scales is not None]
    for _ in range(_ROUNDS if len(moving) > 1 else 1):
        largest = 0.0
        for group in moving:
            for exponents in np.array(group.scales):
                rows = x[:, group.array]
                size = _shortest(rows * rows, exponents)
                x[:, group.array] = rows * np.exp(size[..., None] * exponents)
                largest = max(largest, np.max(np.abs(size), initial=0.0))
        if largest < 1e-13:
            break
    return x


def fitted(target, image, groups):
    """`image`, balanced, rescaled block by block to lie closest to `target`."""
    # With the target's own factors: those already lead to it where the two are one point.
    shortest = balanced(target[None], groups)[0]
    factors = np.where(shortest == 0, 1.0, target / np.where(shortest == 0, 1.0, shortest))
    image = image * factors
    for turn in range(_ROUNDS):
        largest = 0.0
        for group in groups:
            for exponents in np.array(group.scales or np.zeros((0, 0))):
                rows, wanted = image[group.array], target[group.array]
                size = _closest(wanted, rows, exponents, wide=turn == 0)
                image[group.array] = rows * np.exp(size * exponents)
                largest = max(largest, float(np.max(np.abs(size))))
        if largest < 1e-12 or len(groups) == 1:
            break
    return image


def _shortest(squares, exponents):
    """`s` that minimises `sum(squares exp(2 e s))`, convex; 0 where nothing holds it back."""
    positive = squares @ (exponents > 0)
    negative = squares @ (exponents < 0)
    held = (positive > 1e-280) & (negative > 1e-280)
    s = np.where(held, np.log(np.where(held, negative / np.where(held, positive, 1.0), 1.0)), 0.0)
    s = s / (2.0 * np.ptp(exponents))
    for _ in range(60):
        terms = squares * np.exp(2.0 * s[..., None] * exponents)
        slope, curvature = terms @ exponents, 2.0 * (terms @ exponents**2)
        step = np.where(held, slope / np.where(curvature > 0, curvature, 1.0), 0.0)
        s = s - np.clip(step, -1.0, 1.0)
        if np.max(np.abs(step), initial=0.0) < 1e-15:
            break
    return s


def _closest(target, rows, exponents, wide):
    """`s [h, 1]` with `rows exp(e s)` closest to `target`; a `wide` search begins on a grid."""
    s = np.zeros((len(rows), 1))
    if wide:
        grid = np.linspace(-6.0, 6.0, 241)
        images = (rows * np.exp(size * exponents) for size in grid)
        values = np.stack([np.sum((target - image) ** 2, axis=1) for image in images])
        s = grid[np.argmin(values, axis=0)][:, None]
    for _ in range(30):
        scaled = rows * np.exp(s * exponents)
        slope = np.sum((scaled - target) * scaled * exponents, axis=1, keepdims=True)
        curvature = np.sum((2 * scaled - target) * scaled * exponents**2, axis=1, keepdims=True)
        step = np.where(curvature > 0, slope / np.where(curvature > 0, curvature, 1.0), 0.0)
        s = s - np.clip(step, -0.05, 0.05)
        if np.max(np.abs(step)) < 1e-14:
            break
    return s
