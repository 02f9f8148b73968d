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
        makers = {"ase": ase_energy, "openmm": openmm_energy, "pyscf": pyscf_energy}
        evaluate = makers[kind](**options)
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


def openmm_energy(system, platform, start, free):
    """Energy and gradient in kcal/mol and Angstrom of a serialised OpenMM system."""
    import numpy as np
    import openmm
    from openmm import unit

    if platform not in (
        openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())
    ):
        raise ValueError(f"OpenMM has no platform {platform!r} here")
    context = openmm.Context(
        openmm.XmlSerializer.deserialize(system),
        openmm.VerletIntegrator(0.001),
        openmm.Platform.getPlatformByName(platform),
    )
    positions = np.array(start)

    def evaluate(x):
        positions[free] = x.reshape(-1, 3)
        context.setPositions(0.1 * positions)
        state = context.getState(energy=True, forces=True)
        energy = state.getPotentialEnergy().value_in_unit(unit.kilocalorie_per_mole)
        forces = state.getForces(asNumpy=True)
        forces = forces.value_in_unit(unit.kilocalorie_per_mole / unit.angstrom)
        return energy, -forces[free].reshape(-1)

    return evaluate


def pyscf_energy(mol, method):
    """Energy and gradient in hartree and Angstrom of a PySCF molecule."""
    from typing import Any

    from pyscf import dft, scf  # type: ignore
    from pyscf.data.nist import BOHR  # type: ignore

    def mean_field(molecule) -> Any:
        if callable(method):
            return method(molecule)
        found: Any = scf.HF(molecule) if method.upper() == "HF" else dft.KS(molecule, xc=method)
        found.conv_tol, found.conv_tol_grad = 1e-11, 1e-7
        return found

    def evaluate(x):
        molecule = mol.set_geom_(x.reshape(-1, 3), unit="Angstrom", inplace=False)
        molecule.verbose = 0
        found = mean_field(molecule)
        found.kernel()
        if not found.converged:
            raise RuntimeError("the self-consistent field did not converge")
        gradient = found.nuc_grad_method()
        gradient.verbose = 0
        return found.e_tot, gradient.kernel().reshape(-1) / BOHR

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
