"""PyTorch's `torch.nn.utils`: gradients clipped, weights parametrised, parameters as one vector, padded sequences."""

from typing import NoReturn

from ....core.missing import missing_attribute
from . import parametrizations as parametrizations
from . import parametrize as parametrize
from . import prune as prune
from . import rnn as rnn
from . import stateless as stateless
from .clipping import clip_grad_norm as clip_grad_norm
from .clipping import clip_grad_norm_ as clip_grad_norm_
from .clipping import clip_grad_value_ as clip_grad_value_
from .clipping import clip_grads_with_norm_ as clip_grads_with_norm_
from .clipping import get_total_norm as get_total_norm
from .spectral_norm import remove_spectral_norm as remove_spectral_norm
from .spectral_norm import spectral_norm as spectral_norm
from .vectors import parameters_to_vector as parameters_to_vector
from .vectors import vector_to_parameters as vector_to_parameters
from .weight_norm import remove_weight_norm as remove_weight_norm
from .weight_norm import weight_norm as weight_norm


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
