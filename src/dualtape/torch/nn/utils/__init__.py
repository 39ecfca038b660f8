"""PyTorch's `torch.nn.utils`: gradients clipped, parameters as one vector, padded sequences."""

from . import rnn as rnn
from . import stateless as stateless
from .clipping import clip_grad_norm as clip_grad_norm
from .clipping import clip_grad_norm_ as clip_grad_norm_
from .clipping import clip_grad_value_ as clip_grad_value_
from .clipping import clip_grads_with_norm_ as clip_grads_with_norm_
from .clipping import get_total_norm as get_total_norm
from .vectors import parameters_to_vector as parameters_to_vector
from .vectors import vector_to_parameters as vector_to_parameters
