"""TensorFlow's API on dualtape's engine: `import dualtape.tensorflow as tf`."""
from .dtype import *
from .convert import constant, convert_to_tensor
from .arithmetic import *
from .elementwise import *
from .reductions import *
from .variable import Variable
from .tape import GradientTape
from .dtype import float16,float32,float64,int32,int64,complex64,complex128
from .enums import UnconnectedGradients
