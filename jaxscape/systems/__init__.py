"""Ready-made surfaces, by function or by name.

Two surfaces made by equal calls differ in nothing that compilation depends on, so that the
second one is searched without compiling again. Arrays have JAX's default float dtype at the
time of the call: switch `jax_enable_x64` on first.
"""

from jaxscape.systems.analytic import (
    mueller_brown as mueller_brown,
    schwefel as schwefel,
    six_hump_camel as six_hump_camel,
)
from jaxscape.systems.by_name import by_name as by_name, names as names
from jaxscape.systems.classifiers import (
    breast_cancer_mlp as breast_cancer_mlp,
    digits_mlp as digits_mlp,
    iris_mlp as iris_mlp,
    three_atoms_mlp as three_atoms_mlp,
    wine_mlp as wine_mlp,
)
from jaxscape.systems.clustering import gaussian_mixture as gaussian_mixture, k_means as k_means
from jaxscape.systems.clusters import (
    lennard_jones as lennard_jones,
    morse as morse,
    thomson as thomson,
)
from jaxscape.systems.crystals import (
    kob_andersen as kob_andersen,
    pt_heptamer as pt_heptamer,
    silica as silica,
    silicon as silicon,
)
from jaxscape.systems.data_sets import data_set as data_set
from jaxscape.systems.gaussian_processes import gaussian_process as gaussian_process
from jaxscape.systems.lattices import phi_four as phi_four, xy as xy
from jaxscape.systems.mixtures import (
    binary_lennard_jones as binary_lennard_jones,
    carbon as carbon,
    dzugutov as dzugutov,
    gupta as gupta,
    sutton_chen as sutton_chen,
    water as water,
)
from jaxscape.systems.networks import (
    mlp as mlp,
    regression_mlp as regression_mlp,
    xor_mlp as xor_mlp,
)
from jaxscape.systems.spins import p_spin as p_spin
from jaxscape.systems.starts import (
    InCell as InCell,
    OnShell as OnShell,
    OnSphere as OnSphere,
    RigidBodies as RigidBodies,
    Shaken as Shaken,
    UniformBall as UniformBall,
    UniformBox as UniformBox,
)
