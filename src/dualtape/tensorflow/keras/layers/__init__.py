"""`keras.layers`."""
# ruff: noqa: F401 - this module is a namespace

from typing import NoReturn

from ....core.missing import missing_attribute
from ..layer import Layer
from .convolutional import Conv1D, Conv2D, Conv3D, ZeroPadding2D
from .convolutional import Conv1D as Convolution1D
from .convolutional import Conv2D as Convolution2D
from .convolutional import Conv3D as Convolution3D
from .core import (
    Activation,
    Dense,
    Embedding,
    Flatten,
    Identity,
    Input,
    InputLayer,
    Lambda,
    Permute,
    RepeatVector,
    Reshape,
)
from .merging import (
    Add,
    Average,
    Concatenate,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    concatenate,
    multiply,
)
from .normalization import BatchNormalization, LayerNormalization
from .pointwise import ELU, Dropout, GaussianNoise, LeakyReLU, ReLU, Rescaling, Softmax
from .pooling import (
    AveragePooling1D,
    AveragePooling2D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    MaxPooling1D,
    MaxPooling2D,
    UpSampling2D,
)
from .pooling import AveragePooling1D as AvgPool1D
from .pooling import AveragePooling2D as AvgPool2D
from .pooling import GlobalAveragePooling1D as GlobalAvgPool1D
from .pooling import GlobalAveragePooling2D as GlobalAvgPool2D
from .pooling import GlobalMaxPooling1D as GlobalMaxPool1D
from .pooling import GlobalMaxPooling2D as GlobalMaxPool2D
from .pooling import MaxPooling1D as MaxPool1D
from .pooling import MaxPooling2D as MaxPool2D


def __getattr__(name: str) -> NoReturn:
    raise missing_attribute(__name__, name, globals())
