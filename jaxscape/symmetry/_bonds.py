"""Bond graphs: which atoms are bonded, and which permutations leave the bonds as they are."""

import functools
from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float, Int

# Angstrom. B. Cordero et al., Dalton Trans. 2008, 2832: carbon sp3, Mn, Fe and Co of low spin.
_TABLE = """
    H 0.31 He 0.28 Li 1.28 Be 0.96 B 0.84 C 0.76 N 0.71 O 0.66 F 0.57 Ne 0.58 Na 1.66 Mg 1.41
    Al 1.21 Si 1.11 P 1.07 S 1.05 Cl 1.02 Ar 1.06 K 2.03 Ca 1.76 Sc 1.70 Ti 1.60 V 1.53 Cr 1.39
    Mn 1.39 Fe 1.32 Co 1.26 Ni 1.24 Cu 1.32 Zn 1.22 Ga 1.22 Ge 1.20 As 1.19 Se 1.20 Br 1.20 Kr 1.16
    Rb 2.20 Sr 1.95 Y 1.90 Zr 1.75 Nb 1.64 Mo 1.54 Tc 1.47 Ru 1.46 Rh 1.42 Pd 1.39 Ag 1.45 Cd 1.44
    In 1.42 Sn 1.39 Sb 1.39 Te 1.38 I 1.39 Xe 1.40 Cs 2.44 Ba 2.15 La 2.07 Ce 2.04 Pr 2.03 Nd 2.01
    Pm 1.99 Sm 1.98 Eu 1.98 Gd 1.96 Tb 1.94 Dy 1.92 Ho 1.92 Er 1.89 Tm 1.90 Yb 1.87 Lu 1.87 Hf 1.75
    Ta 1.70 W 1.62 Re 1.51 Os 1.44 Ir 1.41 Pt 1.36 Au 1.36 Hg 1.32 Tl 1.45 Pb 1.46 Bi 1.48 Po 1.40
    At 1.50 Rn 1.50 Fr 2.60 Ra 2.21 Ac 2.15 Th 2.06 Pa 2.00 U 1.96 Np 1.90 Pu 1.87 Am 1.80 Cm 1.69
""".split()
RADII: dict[str, float] = {
    kind: float(radius) for kind, radius in zip(_TABLE[::2], _TABLE[1::2], strict=True)
}
BONDED = 1.3  # times the sum of radii: what `bonds_of` takes for a bond


def bonds_of(
    species, positions: Float[np.ndarray, "n 3"], radii=None
) -> tuple[tuple[int, int], ...]:
    """Pairs of atoms nearer than 1.3 times the sum of their covalent radii."""
    reach = BONDED * reaches(species, radii)
    apart = np.linalg.norm(positions[:, None] - positions, axis=-1)
    return tuple((int(i), int(j)) for i, j in np.argwhere(np.triu(apart < reach, 1)))


def reaches(species, radii=None) -> Float[np.ndarray, "n n"]:
    """Sums of the covalent radii of all pairs of atoms."""
    known = RADII | dict(radii or {})
    unknown = sorted({str(kind) for kind in species if kind not in known})
    if unknown:
        raise ValueError(
            f"no covalent radius is known for {', '.join(unknown)}: pass radii={{...}} in Angstrom"
        )
    single = np.array([known[kind] for kind in species])
    return single[:, None] + single


@functools.lru_cache(maxsize=64)
def adjacency(count: int, bonds: tuple[tuple[int, int], ...]) -> Bool[np.ndarray, "n n"]:
    """Whether two atoms are bonded."""
    matrix = np.zeros((count, count), bool)
    for i, j in bonds:
        matrix[i, j] = matrix[j, i] = True
    matrix.flags.writeable = False
    return matrix


@functools.lru_cache(maxsize=64)
def classes(labels: tuple[int, ...], bonds: tuple[tuple[int, int], ...]) -> Int[np.ndarray, " n"]:
    """Labels refined until atoms of one label have neighbours of the same labels.

    Atoms that an automorphism exchanges have one label; the converse holds for nearly all
    molecules.
    """
    bonded = adjacency(len(labels), bonds)
    current = list(labels)
    while True:
        seen = [
            (own, *sorted(current[j] for j in np.flatnonzero(row)))
            for own, row in zip(current, bonded, strict=True)
        ]
        rank = {key: i for i, key in enumerate(sorted(set(seen)))}
        new = [rank[key] for key in seen]
        if len(rank) == len(set(current)):
            found = np.array(new)
            found.flags.writeable = False
            return found
        current = new


@functools.lru_cache(maxsize=64)
def steps_apart(count: int, bonds: tuple[tuple[int, int], ...]) -> Int[np.ndarray, "n n"]:
    """Bonds between atoms along the shortest way, `count` where there is none."""
    bonded = adjacency(count, bonds).astype(int)
    steps = np.where(np.eye(count, dtype=bool), 0, count)
    reached = np.eye(count, dtype=int)
    for step in range(1, count):
        reached = np.minimum(reached @ bonded, 1)
        new = (reached > 0) & (steps == count)
        if not new.any():
            break
        steps[new] = step
    return steps


@functools.lru_cache(maxsize=16)
def automorphisms(
    labels: tuple[int, ...], bonds: tuple[tuple[int, int], ...], most: int
) -> tuple[Int[np.ndarray, "p n"], bool]:
    """Permutations `p` with bonds `i-j` exactly where `p[i]-p[j]` are, and whether that is all."""
    found = []
    for permutation in _mappings(labels, bonds):
        if len(found) == most:
            return np.array(found), False
        found.append(permutation)
    return np.array(found), True


def _mappings(labels, bonds) -> Iterator[list[int]]:
    count = len(labels)
    kind = classes(labels, bonds).tolist()
    neighbours = [set(np.flatnonzero(row).tolist()) for row in adjacency(count, bonds)]
    order = _walk(kind, neighbours)
    # A one-to-one map that takes every bond to a bond takes no other pair to one: so many
    # bonds there are on either side.
    earlier = [neighbours[atom] & set(order[:depth]) for depth, atom in enumerate(order)]
    image = [-1] * count
    used = [False] * count

    def choices(depth):
        own = kind[order[depth]]
        anchors = [neighbours[image[other]] for other in earlier[depth]]
        pool = sorted(set.intersection(*anchors)) if anchors else range(count)
        return iter([c for c in pool if kind[c] == own and not used[c]])

    stack = [choices(0)]
    while stack:
        depth = len(stack) - 1
        atom = order[depth]
        if image[atom] >= 0:
            used[image[atom]] = False
            image[atom] = -1
        candidate = next(stack[-1], None)
        if candidate is None:
            stack.pop()
            continue
        image[atom] = candidate
        used[candidate] = True
        if depth + 1 == count:
            yield list(image)
        else:
            stack.append(choices(depth + 1))


def _walk(kind, neighbours) -> list[int]:
    """Atoms in an order in which each is bonded to an earlier one where possible."""
    count = len(kind)
    size = np.bincount(kind)
    left, order, near = set(range(count)), [], set()
    while left:
        best = min(near & left or left, key=lambda i: (size[kind[i]], i))
        order.append(best)
        left.remove(best)
        near |= neighbours[best]
    return order
