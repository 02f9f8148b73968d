"""Losses of models as functions of their parameters, and data to fit them to."""

from jaxscape.models.data_set import DataSet as DataSet
from jaxscape.models.interpolation import Interpolation as Interpolation
from jaxscape.models.iris import iris as iris
from jaxscape.models.k_means import KMeans as KMeans
from jaxscape.models.mixture import GaussianMixture as GaussianMixture
from jaxscape.models.mlp import (
    cross_entropy as cross_entropy,
    hidden_units as hidden_units,
    init_mlp as init_mlp,
    predict as predict,
)
