"""Every operation the engine knows, a file per family, each with all its rules in one place."""

from ..core.vocabulary import vocabulary
from . import arithmetic, complex
from . import operators as operators
from . import reduce as reduce
from . import shape as shape

vocabulary.add = arithmetic.add
vocabulary.zeros_like = arithmetic.zeros_like
vocabulary.cast = complex.cast
vocabulary.conj = complex.conj
vocabulary.real = complex.real
