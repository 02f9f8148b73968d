"""Energies as pure JAX callables: `x[dim] -> energy`, lanes as trailing axes."""

from jaxscape.potentials.analytic import (
    MuellerBrown as MuellerBrown,
    Schwefel as Schwefel,
    SixHumpCamel as SixHumpCamel,
)
from jaxscape.potentials.dzugutov import Dzugutov as Dzugutov
from jaxscape.potentials.ionic import Buckingham as Buckingham, Ionic as Ionic, bks as bks
from jaxscape.potentials.lattice import XY as XY, PhiFour as PhiFour
from jaxscape.potentials.listed import Listed as Listed
from jaxscape.potentials.metals import (
    GUPTA as GUPTA,
    GUPTA_ALLOYS as GUPTA_ALLOYS,
    SUTTON_CHEN as SUTTON_CHEN,
    Gupta as Gupta,
    GuptaParameters as GuptaParameters,
    SuttonChen as SuttonChen,
    SuttonChenParameters as SuttonChenParameters,
)
from jaxscape.potentials.mixture import (
    Cut as Cut,
    LennardJonesMixture as LennardJonesMixture,
    kob_andersen as kob_andersen,
)
from jaxscape.potentials.mmff import MMFF94 as MMFF94
from jaxscape.potentials.p_spin import PSpin as PSpin, random_couplings as random_couplings
from jaxscape.potentials.pair import LennardJones as LennardJones, Morse as Morse
from jaxscape.potentials.periodic import Periodic as Periodic
from jaxscape.potentials.stillinger_weber import StillingerWeber as StillingerWeber
from jaxscape.potentials.tersoff import Tersoff as Tersoff
from jaxscape.potentials.thomson import Thomson as Thomson
from jaxscape.potentials.tip4p import TIP4P as TIP4P
from jaxscape.potentials.variable_cell import VariableCell as VariableCell
