"""Bad input to the PyTorch front end: each case by type and words, held against PyTorch where it is installed."""

from __future__ import annotations

import gc
import warnings
from typing import Any

import numpy as np
import pytest

import dualtape.torch as dtorch
from dualtape.core import modes

try:
    import torch as real
except ImportError:
    real = None

# What is run (";;" parts lines), the built-in type of the error, and the first eight words of its message.
CASES = {
    "shapes that do not fit": [
        ("torch.ones(2) + torch.ones(3)", RuntimeError, "The size of tensor a (2) must match"),
        (
            "torch.ones(2, 3) @ torch.ones(2, 3)",
            RuntimeError,
            "mat1 and mat2 shapes cannot be multiplied (2x3",
        ),
        ("torch.mm(torch.ones(2, 3), torch.ones(2))", RuntimeError, "mat2 must be a matrix"),
        ("torch.ones(2, 3).reshape(4)", RuntimeError, "shape '[4]' is invalid for input of size"),
        ("torch.ones(2, 3).view(4, 2)", RuntimeError, "shape '[4, 2]' is invalid for input of"),
        (
            "torch.ones(2, 3).t().view(6)",
            RuntimeError,
            "view size is not compatible with input tensor's",
        ),
        (
            "torch.cat([torch.ones(2, 2), torch.ones(3, 3)])",
            RuntimeError,
            "Sizes of tensors must match except in dimension",
        ),
        (
            "torch.stack([torch.ones(2), torch.ones(3)])",
            RuntimeError,
            "stack expects each tensor to be equal size,",
        ),
        ("torch.ones(2).expand(3)", RuntimeError, "The expanded size of the tensor (3) must"),
        (
            "nn.Linear(3, 2)(torch.ones(2, 4))",
            RuntimeError,
            "mat1 and mat2 shapes cannot be multiplied (2x4",
        ),
        (
            "F.mse_loss(torch.ones(2), torch.ones(3))",
            RuntimeError,
            "The size of tensor a (2) must match",
        ),
        (
            "F.cross_entropy(torch.ones(2, 3), torch.tensor([0, 1, 2]))",
            ValueError,
            "Expected input batch_size (2) to match target batch_size",
        ),
        (
            "torch.einsum('ij,jk', torch.ones(2, 3), torch.ones(2, 3))",
            RuntimeError,
            "einsum(): subscript j has size 2 for operand",
        ),
        (
            "torch.ones(1).add_(torch.ones(3))",
            RuntimeError,
            "output with shape [1] doesn't match the broadcast",
        ),
        ("torch.tensor([[1.0], [2.0, 3.0]])", ValueError, "expected sequence of length 1 at dim 1"),
        ("torch.Tensor([[1], [1, 2]])", ValueError, "expected sequence of length 1 at dim 1"),
    ],
    "dtypes that do not fit": [
        (
            "torch.mm(torch.ones(2, 2), torch.ones(2, 2, dtype=torch.float64))",
            RuntimeError,
            "expected m1 and m2 to have the same",
        ),
        (
            "torch.ones(2, 2) @ torch.ones(2, 2, dtype=torch.int64)",
            RuntimeError,
            "expected m1 and m2 to have the same",
        ),
        (
            "F.linear(torch.ones(2, 3, dtype=torch.float64), torch.ones(4, 3))",
            RuntimeError,
            "expected m1 and m2 to have the same",
        ),
        (
            "torch.dot(torch.ones(2), torch.ones(2, dtype=torch.float64))",
            RuntimeError,
            "dot : expected both vectors to have same",
        ),
        (
            "torch.ones(2, dtype=torch.int64).add_(0.5)",
            RuntimeError,
            "result type Float can't be cast to the",
        ),
        (
            "torch.ones(2, dtype=torch.int64).div_(2)",
            RuntimeError,
            "result type Float can't be cast to the",
        ),
        (
            "torch.exp(torch.tensor([1]), out=torch.zeros(1, dtype=torch.int64))",
            RuntimeError,
            "result type Float can't be cast to the",
        ),
        (
            "F.nll_loss(torch.ones(2, 3), torch.tensor([0., 1.]))",
            RuntimeError,
            "expected target dtype to be Long or Byte,",
        ),
        (
            "nn.Embedding(3, 2)(torch.tensor([1.0]))",
            RuntimeError,
            "Expected tensor for argument #1 'indices' to have",
        ),
    ],
    "real and complex": [
        (
            "torch.ones(2, dtype=torch.complex64) @ torch.ones(2)",
            RuntimeError,
            "dot : expected both vectors to have same",
        ),
        (
            "torch.ones(2, 2, dtype=torch.complex64) @ torch.ones(2, 2)",
            RuntimeError,
            "expected m1 and m2 to have the same",
        ),
        ("torch.ones(2).add_(1j)", RuntimeError, "result type ComplexFloat can't be cast to the"),
        (
            "torch.ones(2).mul_(torch.ones(2, dtype=torch.complex64))",
            RuntimeError,
            "result type ComplexFloat can't be cast to the",
        ),
        (
            "torch.ones(2, dtype=torch.complex64).max()",
            NotImplementedError,
            "\"max_all\" not implemented for 'ComplexFloat'",
        ),
        (
            "torch.ones(2, dtype=torch.complex64) > 1",
            NotImplementedError,
            "\"gt_cpu\" not implemented for 'ComplexFloat'",
        ),
        (
            "torch.complex(torch.ones(2), torch.ones(2, dtype=torch.float64))",
            RuntimeError,
            "Expected object of scalar type Float but got",
        ),
        (
            "(torch.ones(2, dtype=torch.complex64, requires_grad=True) * 2).sum().backward()",
            RuntimeError,
            "grad can be implicitly created only for real",
        ),
        (
            "torch.ones(2, requires_grad=True).sum().backward(torch.tensor(1j))",
            RuntimeError,
            "For complex Tensors, both grad_output and output are",
        ),
        (
            "float(torch.tensor(1j))",
            RuntimeError,
            "value cannot be converted to type double without",
        ),
        (
            "int(torch.tensor(1j))",
            RuntimeError,
            "value cannot be converted to type int64_t without",
        ),
    ],
    "outputs that have no gradient": [
        (
            "(torch.ones(2, requires_grad=True) * 2).backward()",
            RuntimeError,
            "grad can be implicitly created only for scalar",
        ),
        ("torch.ones(()).backward()", RuntimeError, "element 0 of tensors does not require grad"),
        (
            "torch.autograd.grad(torch.ones(2, requires_grad=True) * 2, torch.ones(2, requires_grad=True))",
            RuntimeError,
            "grad can be implicitly created only for scalar",
        ),
        (
            "torch.ones(2, requires_grad=True).argmax().backward()",
            RuntimeError,
            "element 0 of tensors does not require grad",
        ),
        (
            "(torch.ones(2, requires_grad=True) > 0).sum().backward()",
            RuntimeError,
            "element 0 of tensors does not require grad",
        ),
        (
            "torch.ones(2, requires_grad=True).long().sum().backward()",
            RuntimeError,
            "element 0 of tensors does not require grad",
        ),
        (
            "torch.ones(2, requires_grad=True).sum().backward(torch.ones(2))",
            RuntimeError,
            "Mismatch in shape: grad_output[0] has a shape of",
        ),
        (
            "torch.ones(2, requires_grad=True).sum().backward('a')",
            TypeError,
            "gradients can be either Tensors or None, but",
        ),
        (
            "with torch.inference_mode(): y = torch.ones(2, requires_grad=True) * 2 ;; y.sum().backward()",
            RuntimeError,
            "element 0 of tensors does not require grad",
        ),
    ],
    "inputs that are not used": [
        (
            "torch.autograd.grad(torch.ones(2, requires_grad=True).sum(), torch.ones(2, requires_grad=True))",
            RuntimeError,
            "The differentiated Tensor at index 0 appears to",
        ),
        (
            "torch.autograd.grad(torch.ones(2, requires_grad=True).sum(), torch.ones(2))",
            RuntimeError,
            "One of the differentiated Tensors does not require",
        ),
        (
            "torch.autograd.grad(torch.ones(2, requires_grad=True).sum(), [])",
            RuntimeError,
            "`inputs` argument to `grad()` cannot be empty.",
        ),
        (
            "torch.ones(2, requires_grad=True).sum().backward(inputs=[])",
            RuntimeError,
            "`inputs` argument to `backward()` cannot be empty.",
        ),
        (
            "torch.ones(2, requires_grad=True).sum().backward(inputs=[torch.ones(2)])",
            RuntimeError,
            "can't retain_grad on Tensor that has requires_grad=False",
        ),
    ],
    "residuals modified, graphs freed": [
        (
            "x = torch.ones(2, requires_grad=True); y = (x * x).sum(); y.backward(); y.backward()",
            RuntimeError,
            "Trying to backward through the graph a second",
        ),
        (
            "x = torch.ones(2, requires_grad=True); y = x.exp(); z = y * y; y.add_(1); z.sum().backward()",
            RuntimeError,
            "one of the variables needed for gradient computation",
        ),
        (
            "x = torch.ones(2, requires_grad=True); y = x.exp(); y.mul_(2); y.sum().backward()",
            RuntimeError,
            "one of the variables needed for gradient computation",
        ),
    ],
    "writes to leaves": [
        (
            "torch.ones(2, requires_grad=True).add_(1)",
            RuntimeError,
            "a leaf Variable that requires grad is being",
        ),
        (
            "torch.ones(2, requires_grad=True)[0] = 1",
            RuntimeError,
            "a view of a leaf Variable that requires",
        ),
        (
            "torch.ones(2, requires_grad=True).view(2)[0] = 3.",
            RuntimeError,
            "a view of a leaf Variable that requires",
        ),
        (
            "x = torch.ones(2, requires_grad=True); x += 1",
            RuntimeError,
            "a leaf Variable that requires grad is being",
        ),
        (
            "with torch.no_grad(): v = torch.ones(2, requires_grad=True)[:1] ;; v.add_(1)",
            RuntimeError,
            "A view was created in no_grad mode and",
        ),
        (
            "x = torch.ones(2, requires_grad=True) * 1 ;; with torch.no_grad(): v = x[:1] ;; v.add_(1)",
            RuntimeError,
            "A view was created in no_grad mode and",
        ),
        (
            "(torch.ones(2, requires_grad=True) * 2)[0:1].detach_()",
            RuntimeError,
            "Can't detach views in-place. Use detach() instead. If",
        ),
    ],
    "writes to shared places": [
        (
            "torch.ones(1).expand(3).add_(1)",
            RuntimeError,
            "unsupported operation: more than one element of the",
        ),
        (
            "torch.ones(1).expand(3).copy_(torch.ones(3))",
            RuntimeError,
            "unsupported operation: more than one element of the",
        ),
        (
            "torch.ones(2, 1).expand(-1, 3).mul_(torch.ones(3))",
            RuntimeError,
            "unsupported operation: more than one element of the",
        ),
        (
            "torch.ones(3).broadcast_to(2, 3).exp_()",
            RuntimeError,
            "unsupported operation: more than one element of the",
        ),
        (
            "torch.ones(1).expand(3)[:2] = torch.ones(2)",
            RuntimeError,
            "unsupported operation: more than one element of the",
        ),
        (
            "torch.ones(1).expand(3).scatter_(0, torch.tensor([0]), 1.)",
            RuntimeError,
            "unsupported operation: more than one element of the",
        ),
        (
            "torch.ones(1).expand(3).uniform_()",
            RuntimeError,
            "unsupported operation: more than one element of the",
        ),
        (
            "torch.add(torch.ones(3), 1, out=torch.ones(1).expand(3))",
            RuntimeError,
            "unsupported operation: more than one element of the",
        ),
    ],
    "leaving the graph": [
        (
            "torch.ones(2, requires_grad=True).numpy()",
            RuntimeError,
            "Can't call numpy() on Tensor that requires grad.",
        ),
        (
            "np.asarray(torch.ones(2, requires_grad=True))",
            RuntimeError,
            "Can't call numpy() on Tensor that requires grad.",
        ),
        (
            "np.array(torch.ones(2, requires_grad=True) * 2)",
            RuntimeError,
            "Can't call numpy() on Tensor that requires grad.",
        ),
        (
            "import copy; copy.deepcopy(torch.ones(2, requires_grad=True) * 2)",
            RuntimeError,
            "Only Tensors created explicitly by the user (graph",
        ),
        ("torch.ones(2).item()", RuntimeError, "a Tensor with 2 elements cannot be converted"),
        ("bool(torch.ones(2))", RuntimeError, "Boolean value of Tensor with more than one"),
        ("int(torch.ones(2))", ValueError, "only one element tensors can be converted to"),
        ("float(torch.ones(2))", ValueError, "only one element tensors can be converted to"),
        ("complex(torch.ones(2))", ValueError, "only one element tensors can be converted to"),
        ("len(torch.tensor(1.))", TypeError, "len() of a 0-d tensor"),
        ("list(torch.tensor(1.))", TypeError, "iteration over a 0-d tensor"),
    ],
    "requires_grad where it cannot be": [
        (
            "torch.tensor([1, 2], requires_grad=True)",
            RuntimeError,
            "Only Tensors of floating point and complex dtype",
        ),
        (
            "torch.ones(2, dtype=torch.int64, requires_grad=True)",
            RuntimeError,
            "Only Tensors of floating point and complex dtype",
        ),
        (
            "torch.zeros(2, dtype=torch.bool, requires_grad=True)",
            RuntimeError,
            "Only Tensors of floating point and complex dtype",
        ),
        (
            "torch.arange(3, requires_grad=True)",
            RuntimeError,
            "Only Tensors of floating point and complex dtype",
        ),
        (
            "torch.tensor([1]).requires_grad_()",
            RuntimeError,
            "only Tensors of floating point dtype can require",
        ),
        (
            "t = torch.tensor([1]); t.requires_grad = True",
            RuntimeError,
            "only Tensors of floating point and complex dtype",
        ),
        (
            "torch.ones(2).requires_grad_('a')",
            TypeError,
            "requires_grad_(): argument 'requires_grad' (position 1) must be bool,",
        ),
        ("t = torch.ones(2); t.requires_grad = 1", RuntimeError, "requires_grad must be a bool"),
        (
            "(torch.ones(2, requires_grad=True) * 2).requires_grad_(False)",
            RuntimeError,
            "you can only change requires_grad flags of leaf",
        ),
        (
            "nn.Parameter(torch.tensor([1]))",
            RuntimeError,
            "Only Tensors of floating point and complex dtype",
        ),
    ],
    "grad assigned": [
        (
            "x = torch.ones(2, requires_grad=True); x.grad = torch.ones(3)",
            RuntimeError,
            "attempting to assign a gradient of size '[3]'",
        ),
        (
            "x = torch.ones(2, requires_grad=True); x.grad = torch.ones(2, dtype=torch.float64)",
            RuntimeError,
            "attempting to assign a gradient with dtype 'double'",
        ),
        (
            "x = torch.ones(2, requires_grad=True); x.grad = 1",
            TypeError,
            "assigned grad expected to be a Tensor or",
        ),
    ],
    "indices out of range": [
        ("torch.ones(2)[5]", IndexError, "index 5 is out of bounds for dimension"),
        ("torch.ones(2)[-3]", IndexError, "index -3 is out of bounds for dimension"),
        ("torch.ones(2, 2)[0, 0, 0]", IndexError, "too many indices for tensor of dimension 2"),
        ("torch.ones(2)[torch.tensor([5])]", IndexError, "index 5 is out of bounds for dimension"),
        ("torch.ones(2)[[0, 7]]", IndexError, "index 7 is out of bounds for dimension"),
        (
            "torch.ones(2).index_select(0, torch.tensor([3]))",
            IndexError,
            "index out of range in self",
        ),
        (
            "torch.gather(torch.ones(2, 2), 1, torch.tensor([[3]]))",
            RuntimeError,
            "index 3 is out of bounds for dimension",
        ),
        (
            "torch.take(torch.ones(2), torch.tensor([4]))",
            IndexError,
            "out of range: tried to access index 4",
        ),
        (
            "torch.ones(3)[torch.tensor([True, False])]",
            IndexError,
            "The shape of the mask [2] at index",
        ),
        ("torch.ones(2)['a']", TypeError, "new(): invalid data type 'str'"),
        (
            "torch.ones(2)[1.5]",
            IndexError,
            "only integers, slices (`:`), ellipsis (`...`), None and",
        ),
        ("torch.ones(2).sum(3)", IndexError, "Dimension out of range (expected to be in"),
        ("torch.ones(2).unsqueeze(5)", IndexError, "Dimension out of range (expected to be in"),
        (
            "torch.ones(2, 3).transpose(0, 4)",
            IndexError,
            "Dimension out of range (expected to be in",
        ),
        ("nn.Embedding(3, 2)(torch.tensor([5]))", IndexError, "index out of range in self"),
        (
            "F.cross_entropy(torch.ones(2, 3), torch.tensor([0, 5]))",
            IndexError,
            "Target 5 is out of bounds.",
        ),
    ],
    "tensors of inference mode": [
        (
            "with torch.inference_mode(): x = torch.ones(2) ;; torch.ones(2, requires_grad=True) * x",
            RuntimeError,
            "Inference tensors cannot be saved for backward. Please",
        ),
        (
            "with torch.inference_mode(): x = torch.ones(1, 2) ;; nn.Linear(2, 2)(x)",
            RuntimeError,
            "Inference tensors cannot be saved for backward. Please",
        ),
        (
            "with torch.inference_mode(): x = torch.ones(2).exp() ;; torch.ones(2, requires_grad=True).exp() * x",
            RuntimeError,
            "Inference tensors cannot be saved for backward. Please",
        ),
        (
            "with torch.inference_mode(): x = torch.ones(2) ;; x.requires_grad_()",
            RuntimeError,
            "Setting requires_grad=True on inference tensor outside InferenceMode is",
        ),
        (
            "with torch.inference_mode(): x = torch.ones(2) ;; x.requires_grad = True",
            RuntimeError,
            "Setting requires_grad=True on inference tensor outside InferenceMode is",
        ),
        (
            "with torch.inference_mode(): x = torch.ones(2) ;; x.add_(1)",
            RuntimeError,
            "Inplace update to inference tensor outside InferenceMode is",
        ),
        (
            "with torch.inference_mode(): x = torch.ones(2) ;; x += 1",
            RuntimeError,
            "Inplace update to inference tensor outside InferenceMode is",
        ),
        (
            "with torch.inference_mode(): x = torch.ones(2) ;; x[0] = 1",
            RuntimeError,
            "Inplace update to inference tensor outside InferenceMode is",
        ),
        (
            "with torch.inference_mode(): x = torch.ones(2) ;; x.zero_()",
            RuntimeError,
            "Inplace update to inference tensor outside InferenceMode is",
        ),
        (
            "with torch.inference_mode(): x = torch.ones(2) ;; with torch.no_grad(): x.view(2).add_(1)",
            RuntimeError,
            "Inplace update to inference tensor outside InferenceMode is",
        ),
        (
            "with torch.inference_mode(): x = torch.ones(2) ;; x._version",
            RuntimeError,
            "Inference tensors do not track version counter.",
        ),
    ],
    "data that are none": [
        ("torch.Tensor(1.5)", TypeError, "new(): data must be a sequence (got float)"),
        ("torch.Tensor(True)", TypeError, "new(): data must be a sequence (got bool)"),
        ("torch.Tensor(None)", TypeError, "new(): data must be a sequence (got NoneType)"),
        ("torch.Tensor('a')", TypeError, "new(): invalid data type 'str'"),
        ("torch.Tensor({'a': 1})", TypeError, "new(): data must be a sequence (got dict)"),
        ("torch.Tensor([1, 'a'])", TypeError, "must be real number, not str"),
        ("torch.Tensor([None])", TypeError, "must be real number, not NoneType"),
        ("torch.Tensor(-1)", RuntimeError, "Trying to create tensor with negative dimension -1:"),
        ("torch.Tensor(2, 'a')", TypeError, "new(): argument 'size' failed to unpack the object"),
        ("torch.Tensor(1.5, 2)", TypeError, "new() received an invalid combination of arguments -"),
        ("torch.FloatTensor(1.5)", TypeError, "new(): data must be a sequence (got float)"),
        ("torch.tensor('a')", TypeError, "new(): invalid data type 'str'"),
        ("torch.tensor([1, 'a'])", TypeError, "new(): invalid data type 'str'"),
        ("torch.tensor(None)", RuntimeError, "Could not infer dtype of NoneType"),
        ("torch.tensor(object())", RuntimeError, "Could not infer dtype of object"),
        ("torch.zeros('a')", TypeError, "zeros(): argument 'size' (position 1) must be tuple"),
        ("torch.randn(2, -1)", RuntimeError, "Trying to create tensor with negative dimension -1:"),
        (
            "torch.full((2,), 'a')",
            TypeError,
            "full(): argument 'fill_value' (position 2) must be Number,",
        ),
        ("torch.from_numpy([1, 2])", TypeError, "expected np.ndarray (got list)"),
        (
            "torch.from_numpy(np.array(['a']))",
            TypeError,
            "can't convert np.ndarray of type numpy.str_. The only",
        ),
        (
            "torch.from_numpy(np.ones(3)[::-1])",
            ValueError,
            "At least one stride in the given numpy",
        ),
    ],
    "arguments of the wrong kind": [
        ("torch.ones(2) + 'a'", TypeError, "unsupported operand type(s) for +: 'Tensor' and 'str'"),
        (
            "torch.ones(2) + None",
            TypeError,
            "unsupported operand type(s) for +: 'Tensor' and 'NoneType'",
        ),
        ("torch.sum('a')", TypeError, "sum(): argument 'input' (position 1) must be Tensor,"),
        ("torch.exp(1.0)", TypeError, "exp(): argument 'input' (position 1) must be Tensor,"),
        (
            "torch.ones(2).backward(foo=1)",
            TypeError,
            "Tensor.backward() got an unexpected keyword argument 'foo'",
        ),
        ("torch.ones(2).foo", AttributeError, "'Tensor' object has no attribute 'foo'"),
    ],
}
ROWS = [
    pytest.param(*row, id=f"{section}: {row[0]}") for section, rows in CASES.items() for row in rows
]


def error_of(torch: Any, program: str) -> Exception:
    """What a program raises on a system."""
    names = {"torch": torch, "np": np, "nn": torch.nn, "F": torch.nn.functional}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the type is what is compared
            exec(program.replace(" ;; ", "\n"), names)
    return caught.value


def first_words(error: Exception) -> str:
    return " ".join(str(error).split()[:8])


@pytest.mark.parametrize(("program", "kind", "words"), ROWS)
def test_bad_input(program: str, kind: type[Exception], words: str):
    ours = error_of(dtorch, program)
    assert isinstance(ours, kind)
    assert first_words(ours) == words


@pytest.mark.skipif(real is None, reason="PyTorch is not installed")
@pytest.mark.parametrize(("program", "kind", "words"), ROWS)
def test_the_table_is_pytorchs(program: str, kind: type[Exception], words: str):
    theirs = error_of(real, program)
    assert type(theirs) is kind
    assert first_words(theirs) == words


def test_a_write_that_is_refused_changes_nothing():
    x = dtorch.ones(1)
    with pytest.raises(RuntimeError, match="single memory location"):
        x.expand(3).add_(1)
    with dtorch.inference_mode():
        y = dtorch.ones(2)
    for write in (lambda: y.add_(1), lambda: y.zero_(), lambda: y.fill_(3), lambda: y.mul_(y)):
        with pytest.raises(RuntimeError, match="outside InferenceMode"):
            write()
    assert x.tolist() == [1.0]
    assert y.tolist() == [1.0, 1.0]


def test_views_that_repeat_nothing_are_written_to():
    for base, view in (
        ((2, 3), lambda x: x.expand(2, 3)),
        ((1, 3), lambda x: x.expand_as(dtorch.ones(1, 3))),
        ((3,), lambda x: x.expand(1, 3)),
        ((4,), lambda x: x.as_strided((2, 2), (2, 1))),
        ((4,), lambda x: x.unfold(0, 2, 2)),
    ):
        x = dtorch.ones(*base)
        view(x).add_(1)
        assert (x == 2).all()


def test_one_number_may_fill_shared_places():
    x = dtorch.ones(1)
    x.expand(3).fill_(5)
    assert x.item() == 5.0
    x.expand(3)[1] = 7
    assert x.item() == 7.0
    x.expand(3).zero_()
    assert x.item() == 0.0


def test_filling_an_expanded_view_that_is_recorded():
    x = dtorch.ones(2, 1, requires_grad=True)
    y = x * 3
    y.expand(2, 3)[0].fill_(2.0)
    (y * y).sum().backward()  # here PyTorch raises
    assert y.tolist() == [[2.0], [3.0]]
    assert x.grad.tolist() == [[0.0], [18.0]]


def test_a_read_only_array_is_not_written_to():
    a = np.ones(3)
    a.flags.writeable = False
    with pytest.warns(UserWarning, match="not writable"):
        x = dtorch.from_numpy(a)
    with pytest.raises(RuntimeError, match="read-only NumPy array"):
        x.add_(1)
    assert a.tolist() == [1.0, 1.0, 1.0]


# --- inference mode ---------------------------------------------------------------------------------


def inference_program(torch: Any) -> Any:
    before = torch.ones(2)
    with torch.inference_mode():
        made = torch.ones(2)
        inside = [
            made, torch.tensor([1.0]), torch.rand(2), torch.Tensor([1.0]), torch.empty(2), made + 1, before + 1,
            before.clone(), before, before[0], before.view(2), before.detach(), before.add_(1), made.t(),
        ]  # fmt: skip
    inside += [made.clone(), made[0], made.view(2), made + 1, made.detach()]
    w = torch.ones(2, requires_grad=True)
    (w + made).sum().backward()  # nothing of `made` is saved
    (w * made.clone()).sum().backward()
    return [t.is_inference() for t in inside], w.grad.tolist(), before._version


def test_which_tensors_are_of_inference_mode():
    made, grad, version = inference_program(dtorch)
    assert made[:7] == [True] * 7
    assert grad == [2.0, 2.0]
    if real is not None:
        assert inference_program(real) == (made, grad, version)


def test_recording_is_unguarded_once_the_tensors_of_inference_mode_are_gone():
    gc.collect()  # those of other tests may hang on a traceback
    with dtorch.inference_mode():
        x = dtorch.ones(2)
    assert modes.current() & modes.GUARDED
    w = dtorch.ones(2, requires_grad=True)
    w * 2
    assert modes.current() & modes.GUARDED
    del x
    w * 2
    assert not modes.current()


def test_a_residual_of_inference_mode_is_found_in_the_backward_pass_at_the_latest():
    with dtorch.inference_mode():
        x = dtorch.ones(2)
    modes.set_mode(0)  # as in a thread that has not seen the block
    y = (dtorch.ones(2, requires_grad=True) * x).sum()
    with pytest.raises(RuntimeError, match="Inference tensors cannot be saved for backward"):
        y.backward()
