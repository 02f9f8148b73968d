"""Energies as pure JAX callables: `x[dim] -> energy`, lanes as trailing axes."""

from jaxscape.potentials.analytic import (
    MuellerBrown as MuellerBrown,
    Schwefel as Schwefel,
    SixHumpCamel as SixHumpCamel,
)
from jaxscape.potentials.lattice import XY as XY, PhiFour as PhiFour
from jaxscape.potentials.mmff import MMFF94 as MMFF94
from jaxscape.potentials.pair import LennardJones as LennardJones, Morse as Morse
from jaxscape.potentials.periodic import Periodic as Periodic
from jaxscape.potentials.stillinger_weber import StillingerWeber as StillingerWeber
from jaxscape.potentials.thomson import Thomson as Thomson
from jaxscape.potentials.variable_cell import VariableCell as VariableCell
