"""Losses of models as functions of their parameters, and data to fit them to."""

from jaxscape.models.acquisition import (
    ConfidenceBound as ConfidenceBound,
    ExpectedImprovement as ExpectedImprovement,
)
from jaxscape.models.covariance import RBF as RBF, Matern as Matern
from jaxscape.models.data_set import DataSet as DataSet
from jaxscape.models.example_data import (
    breast_cancer as breast_cancer,
    digits as digits,
    three_atoms as three_atoms,
    wine as wine,
    xor as xor,
)
from jaxscape.models.gaussian_process import (
    GaussianProcess as GaussianProcess,
    Posterior as Posterior,
)
from jaxscape.models.interpolation import Interpolation as Interpolation
from jaxscape.models.iris import iris as iris
from jaxscape.models.k_means import KMeans as KMeans
from jaxscape.models.latent import (
    latin_hypercube as latin_hypercube,
    neighbour_similarity as neighbour_similarity,
)
from jaxscape.models.mixture import GaussianMixture as GaussianMixture
from jaxscape.models.mlp import (
    accuracy as accuracy,
    auc_loss as auc_loss,
    cross_entropy as cross_entropy,
    hidden_layers as hidden_layers,
    hidden_units as hidden_units,
    init_mlp as init_mlp,
    predict as predict,
)
from jaxscape.models.regression import (
    RegressionNetwork as RegressionNetwork,
    mean_squares as mean_squares,
)
from jaxscape.models.roughness_surface import RoughnessSurface as RoughnessSurface
