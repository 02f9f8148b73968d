"""A process that computes energies and forces, started by `_pool` as a script of its own.

It reads a pickled job from its standard input, then one point after the other, and answers each
with energy and gradient, or NaN and the reason. It imports nothing of jaxscape: a worker is up
as soon as its calculator is. What a calculator prints goes nowhere.
"""

import os
import pickle
import struct
import sys
import traceback


def main():
    """Serve until the standard input ends."""
    incoming, outgoing = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    path, job = pickle.loads(_block(incoming))
    sys.path[:] = path
    import numpy as np

    try:
        kind, options = pickle.loads(job)
        evaluate = {"ase": ase_energy}[kind](**options)
    except BaseException:
        _answer(outgoing, traceback.format_exc())
        return
    _answer(outgoing, "")
    while True:
        request = _block(incoming)
        x = np.frombuffer(request, np.float64)
        try:
            energy, gradient = evaluate(x)
            answer, reason = np.append(energy, gradient).astype(np.float64), ""
        except Exception:
            answer, reason = np.full(x.size + 1, np.nan), traceback.format_exc()
        outgoing.write(answer.tobytes())
        _answer(outgoing, reason)


def ase_energy(calculator, atoms, free, fresh):
    """Energy and gradient by an ASE calculator; `calculator` is pickled, or makes one."""
    import numpy as np

    def made():
        found = pickle.loads(calculator)
        return found if hasattr(found, "get_property") else found()

    atoms.calc = made()
    start = atoms.get_positions()

    def evaluate(x):
        if fresh:
            atoms.calc = made()
        positions = np.array(start)
        positions[free] = x.reshape(-1, 3)
        atoms.set_positions(positions, apply_constraint=False)
        energy = atoms.get_potential_energy()
        forces = atoms.get_forces(apply_constraint=False)
        return energy, -forces[free].reshape(-1)

    return evaluate


def _block(stream):
    size = stream.read(8)
    if len(size) < 8:
        os._exit(0)
    return stream.read(struct.unpack("q", size)[0])


def _answer(stream, text):
    data = text.encode()
    stream.write(struct.pack("q", len(data)) + data)
    stream.flush()


if __name__ == "__main__":
    main()
