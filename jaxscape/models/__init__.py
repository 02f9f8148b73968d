"""Losses of models as functions of their parameters, and data to fit them to."""

from jaxscape.models.datasets import (
    breast_cancer as breast_cancer,
    digits as digits,
    three_atoms as three_atoms,
    wine as wine,
    xor as xor,
)
from jaxscape.models.iris import iris as iris
from jaxscape.models.mlp import (
    accuracy as accuracy,
    auc_loss as auc_loss,
    cross_entropy as cross_entropy,
    hidden_layers as hidden_layers,
    hidden_units as hidden_units,
    init_mlp as init_mlp,
    predict as predict,
)
