"""What the generated pages say, English and Chinese: the one table of strings of the scripts `docs/make_*.py`."""
# ruff: noqa: E501, RUF001 (a row is a row; Chinese has commas of its own)

LANGUAGES = ("en", "zh")


def file_of(stem: str, language: str) -> str:
    """The name of a page's file."""
    return f"{stem}.md" if language == "en" else f"{stem}.zh.md"


def twin(stem: str, language: str) -> str:
    """The line under a page's title: where the page stands in the other language."""
    return f"[中文]({stem}.zh.md)" if language == "en" else f"[English]({stem}.md)"


RULES = {
    "en": """# Formulas and rules

{twin}

<!-- Written by docs/make_rules.py; a test checks that it is up to date. -->

Every primitive of the engine, by the file of `dualtape/ops` that declares it: what it computes, its derivative, how each transformation gets
through it, and where the mathematics is from. {count} primitives; [a summary](primitives.md) counts them.

The formulas are evaluated by a test on samples of each primitive and held against what it computes. Derivatives are read from the rules
themselves, or written by hand where mathematics says them better, and then held against the rules in the same way, but for those that
are about places in arrays. Signs:

- `x`, `y`, … are operands, `out` is the result, `ȳ` the cotangent that arrives; of several outputs `out₁`, `ȳ₁` belong to the first. Other
  names are static parameters. `n` is how many elements are reduced into one.
- **Derivative or rule**: for elementwise operations the derivative by each operand, by which `ȳ` is multiplied; for others the cotangent that
  the operand gets. What broadcasting or a reduction did to shapes is undone by the engine, which conjugates complex numbers too. In formulas with
  matrices, `.T` is to be read `.H` for complex ones. A minus sign stands for no derivative.
- `[c]` is 1 where c holds, else 0. `x @ y` is the product of matrices, `x ∘ y` that of elements, `tr` the trace. `lower_half(A)` is the lower triangle with half
  the diagonal, `sym_lower(A)` the symmetric matrix with the lower triangle of A, `gaps(λ, p)` the matrix of 1 / (λⱼᵖ − λᵢᵖ), 0 on the diagonal, `prefix_sum` the running sum,
  `suffix_sum` the running sum from the end, `triangle(A)` the triangle that is looked at, `exchange(A, p)` A with rows exchanged, `put_back(A, p)` A with row exchanges undone.
- **reverse**, **forward**: a *rule* of its own; *self*: the operation itself, or its derivative's expression, serves; *part*: some
  operands have no rule yet, and asking for them raises `MissingRuleError`.
- **vmap**: a *rule*; *aligned*: batch axes are lined up and the operation runs once; *slices*: example by example, with one warning.
- **jet**: a *series* rule of its own; *linear*: term by term; *generic*: by its pushforward on series, right and slower.
- **compiled**: *native*: machine code in `dt.jit`, `torch.compile` and `tf.function` for real numbers; *NumPy*: called from it.

""",
    "zh": """# 公式与规则

{twin}

<!-- 由 docs/make_rules.py 生成；有测试检查它是否最新。 -->

引擎的全部基本运算，按声明它们的 `dualtape/ops` 文件排列：算什么、导数是什么、各种变换怎样通过它、数学出自哪里。共 {count} 种，[汇总](primitives.zh.md)另有一页。

公式由测试在每种运算的样例上求值，与运算的结果对照。导数直接从规则本身读出；数学写法更清楚的由手写，并以同样的方式与规则对照，只有涉及数组位置的除外。记号：

- `x`、`y` 等是操作数，`out` 是结果，`ȳ` 是传来的余切；有多个输出时，`out₁`、`ȳ₁` 属于第一个。其他名字是静态参数。`n` 是归约为一个结果的元素个数。
- **导数或规则**：逐元素运算给出对每个操作数的导数，`ȳ` 与它相乘；其他运算给出操作数得到的余切。广播和归约对形状的改变由引擎撤销，复数的共轭也由引擎处理。矩阵公式中的 `.T` 对复矩阵应读作 `.H`。减号表示没有导数。
- `[c]` 在 c 成立时为 1，否则为 0。`x @ y` 是矩阵乘积，`x ∘ y` 是逐元素乘积，`tr` 是迹。`lower_half(A)` 是对角线减半的下三角，`sym_lower(A)` 是以 A 的下三角构成的对称矩阵，`gaps(λ, p)` 是 1 / (λⱼᵖ − λᵢᵖ) 构成的矩阵（对角线为 0），`prefix_sum` 是累加，`suffix_sum` 是从末尾开始的累加，`triangle(A)` 是所看的那个三角，`exchange(A, p)` 是交换行之后的 A，`put_back(A, p)` 是撤销行交换后的 A。
- **反向**、**前向**：*规则*，有自己的规则；*自身*，运算本身或其导数表达式即可；*部分*，有的操作数还没有规则，求它时报 `MissingRuleError`。
- **vmap**：*规则*；*对齐*，对齐批轴后只运行一次；*逐片*，逐个样本运行，并警告一次。
- **jet**：*级数*，有自己的级数规则；*线性*，逐项进行；*通用*，在级数上做前推，正确但较慢。
- **编译**：*机器码*，在 `dt.jit`、`torch.compile`、`tf.function` 中对实数生成机器码；*NumPy*，由机器码调用 NumPy。

""",
}

RULES_TABLE = {
    "en": (
        "primitive",
        "what it computes",
        "derivative or rule",
        "reverse",
        "forward",
        "vmap",
        "jet",
        "compiled",
    ),
    "zh": ("运算", "计算什么", "导数或规则", "反向", "前向", "vmap", "jet", "编译"),
}

SOURCE = {"en": "Source: {}.", "zh": "出处：{}。"}

WORDS_OF_TRANSFORMS = {
    "rule": "规则",
    "self": "自身",
    "part": "部分",
    "aligned": "对齐",
    "slices": "逐片",
    "series": "级数",
    "linear": "线性",
    "generic": "通用",
    "native": "机器码",
    "NumPy": "NumPy",
    "-": "-",
}
"""How a transformation gets through, in Chinese."""

PRIMITIVES = {
    "en": """# Primitives and transformations

{twin}

<!-- Written by docs/make_primitives.py; a test checks that it is up to date. -->

How many primitives the engine has, by the file of `dualtape/ops` that declares them, and how the transformations get through them. Each
primitive with its formula, its rules and their source stands in [Formulas and rules](rules.md), which explains the words too. All of it is
checked by machine on samples of each primitive: the two modes against each other and against differences, second order, `vmap` against a loop, the
shape rule against the result.

{count} primitives, {differentiable} of them with derivatives; the others are comparisons, roundings to integers, indices and the like.

- By slices under `vmap`: {slices}.
- With derivatives not written for some operand: {parts}.
- Run by NumPy inside compiled functions: {called}.

| file | primitives | with derivatives | vmap at once | jet: series, linear, generic | native code |
|---|---|---|---|---|---|
""",
    "zh": """# 基本运算与变换

{twin}

<!-- 由 docs/make_primitives.py 生成；有测试检查它是否最新。 -->

引擎有多少种基本运算，按声明它们的 `dualtape/ops` 文件统计，以及各种变换怎样通过它们。每种运算的公式、规则和出处见[公式与规则](rules.zh.md)，其中也解释了这里的用词。这一切都由机器在每种运算的样例上检查：两种模式互相对照并与差商对照，二阶导数，`vmap` 与循环对照，形状规则与结果对照。

共 {count} 种基本运算，其中 {differentiable} 种有导数；其余是比较、取整、下标之类。

- 在 `vmap` 下逐片运行：{slices}。
- 对某个操作数还没有写导数：{parts}。
- 在编译后的函数里由 NumPy 执行：{called}。

| 文件 | 运算 | 有导数 | vmap 一次完成 | jet：级数、线性、通用 | 机器码 |
|---|---|---|---|---|---|
""",
}

NONE = {"en": "none", "zh": "无"}
TOTAL = {"en": "all", "zh": "合计"}

COVERAGE = {
    "en": {
        "head": """# Coverage

{twin}

Which public names of PyTorch 2.13 and TensorFlow 2.21 dualtape has. Written by `docs/make_coverage.py`, which compares the
namespaces; that a name exists does not say that every argument of it is supported, but what is not raises an error that says so.
Names below that are struck from PyTorch's CUDA, distributed, quantised, sparse and JIT parts are not planned for now.
""",
        "table": "| module | there | of |",
        "absent": "the real package is not installed",
        "there": "There: {}.",
        "missing": "Not there",
        "comma": ", ",
    },
    "zh": {
        "head": """# 覆盖范围

{twin}

PyTorch 2.13 和 TensorFlow 2.21 的公开名字中，哪些 dualtape 有。本页由 `docs/make_coverage.py` 比较两边的命名空间写成；名字存在不等于它的每个参数都支持，但不支持的会报错并说明。下面 PyTorch 的 CUDA、分布式、量化、稀疏和 JIT 部分的名字，目前没有计划。
""",
        "table": "| 模块 | 已有 | 总数 |",
        "absent": "没有安装真正的包",
        "there": "已有：{}。",
        "missing": "没有",
        "comma": "、",
    },
}

KINKS = {
    "en": {
        "head": """# Kinks

{twin}

Where a function has a corner, a jump or an edge, its derivative is a choice. This page, written by `docs/make_kinks.py` and held
against dualtape by a test, says which: in NumPy code under `dualtape.grad`, and in the two dialects, which choose as
PyTorch 2.13 and TensorFlow 2.21 do (single precision, on the CPU). Several elements stand in parentheses, the gradients of several operands
are separated by semicolons; `none` is no gradient. A cell in bold differs from its framework, on purpose: TensorFlow's derivative of
`cumprod` loses the terms beyond a zero.
""",
        "table": "| | at | NumPy | PyTorch | TensorFlow |",
        "differs": "**{}** (there {})",
    },
    "zh": {
        "head": """# 不可导点处的取值

{twin}

函数在拐角、跳跃或定义域边缘处的导数是一种选择。本页由 `docs/make_kinks.py` 写成，并有测试与 dualtape 对照，列出选了什么：一是 `dualtape.grad` 下的 NumPy 代码，二是两个前端，它们与 PyTorch 2.13、TensorFlow 2.21 的选择相同（CPU 上的单精度）。多个元素写在括号里，多个操作数的梯度用分号隔开；`none` 表示没有梯度。加粗的格子有意与原框架不同：TensorFlow 的 `cumprod` 导数丢掉了零之后的各项。
""",
        "table": "| | 在 | NumPy | PyTorch | TensorFlow |",
        "differs": "**{}**（原框架 {}）",
    },
}

KINK_HEADINGS = {
    "Largest and smallest, at ties": "最大与最小，相等时",
    "At zero": "在零处",
    "Edges of pieces": "分段的边界",
    "Steps": "阶跃",
    "Edges of domains": "定义域的边缘",
}

KINK_TITLES = {
    "maximum of two": "两者中的最大",
    "minimum of two": "两者中的最小",
    "maximum of all": "全部中的最大",
    "minimum of all": "全部中的最小",
    "max along an axis": "沿轴的最大",
    "min along an axis": "沿轴的最小",
    "topk, k = 1": "topk，k = 1",
    "kthvalue, k = 2": "kthvalue，k = 2",
    "sort, the first": "sort 的第一个",
    "median of all": "全部的中位数",
    "median along an axis": "沿轴的中位数",
    "mode": "众数",
    "quantile 0.5": "分位数 0.5",
    "segment maximum": "分段最大",
    "max pooling": "最大池化",
    "infinity norm": "无穷范数",
    "sqrt, cotangent 0": "sqrt，余切为 0",
    "x ** y, y = 0": "x ** y，y = 0",
    "x ** y, y = 2": "x ** y，y = 2",
    "xlogy, y = 2": "xlogy，y = 2",
    "x / y, 0 / 0": "x / y，0 / 0",
    "divide_no_nan, 0 / 0": "divide_no_nan，0 / 0",
    "norm, p = 2": "范数，p = 2",
    "norm, p = 1": "范数，p = 1",
    "norm, p = inf": "范数，p = inf",
    "norm, p = 3": "范数，p = 3",
    "norm, p = 0.5": "范数，p = 0.5",
    "Frobenius norm": "Frobenius 范数",
    "euclidean norm of reduce": "reduce 的欧几里得范数",
    "std of equal numbers": "相等的数的标准差",
    "prod, one zero": "prod，一个零",
    "prod, two zeros": "prod，两个零",
    "cumprod, one zero": "cumprod，一个零",
    "cosine similarity": "余弦相似度",
    "pairwise distance": "两两距离",
    "abs of a complex number": "复数的绝对值",
    "clamp, at the lower edge": "clamp，下界上",
    "clamp, at the upper edge": "clamp，上界上",
    "clamp by a value, at it": "以值为界的 clamp，界上",
    "clip by norm, at it": "按范数裁剪，恰在界上",
    "clip by norm, at 0": "按范数裁剪，在 0",
    "relu6, at 0 and 6": "relu6，在 0 和 6",
    "where, x > 0": "where，x > 0",
    "where, sqrt behind it": "where，其中有 sqrt",
    "huber_loss, at the knee": "huber_loss，转折处",
    "huber_loss, at 0": "huber_loss，在 0",
    "smooth_l1_loss, at the knee": "smooth_l1_loss，转折处",
    "division rounded down": "向下取整的除法",
    "acos, at 1 and -1": "acos，在 1 和 -1",
    "asin, at 1 and -1": "asin，在 1 和 -1",
    "acosh, at 1": "acosh，在 1",
    "atanh, at 1": "atanh，在 1",
    "log1p, at -1": "log1p，在 -1",
    "logit, at 0 and 1": "logit，在 0 和 1",
    "logit, clamped": "logit，截断",
    "erfinv, at 1": "erfinv，在 1",
    "binary cross entropy, at 0 and 1": "二元交叉熵，在 0 和 1",
}
"""Titles with words in them; the others are names."""

NUMPY = {
    "en": {
        "head": """# NumPy's functions

{twin}

<!-- Written by docs/make_numpy.py; a test checks that it is up to date. -->

`dt.grad`, `dt.jvp`, `dt.vmap` and the rest work on functions that call `numpy` as it stands: the arrays they
are called with answer NumPy's protocols. This page lists every function of `numpy`, `numpy.linalg`,
`numpy.fft` and `numpy.emath`. For what is called without any array that is being differentiated, batched or
traced, NumPy itself is called, whatever the function.

Operators, indexing and the methods of arrays do what the functions of the same name do. `import dualtape.numpy
as np` gives the same functions with arrays as results that may be assigned into, differentiably: `np.zeros`, `np.array`.

Arrays may be overwritten as NumPy's may (`P -= K @ H`, `x[1:] += x[:-1]`, `out=`, masks), before and after a derivative
needs what they held: a copy of what is overwritten is kept while it can be asked for. What may not be written to is an
argument of the function that is differentiated: work on `x.copy()`. A plain NumPy array beside such arrays may be
overwritten too up to 256 KB, since it is copied when it is used; of a larger one the sums are taken, and a change is an error
when the derivative is taken. `np.asarray` of an array from `dualtape.numpy` is a copy.

What differs from NumPy: a scalar under differentiation (`x[0]`, `x.sum()`) is an `Array` without axes, so `np.isscalar`
says False of it; ask `np.ndim(x) == 0`. `isinstance(x, np.ndarray)` and `isinstance(x, float)` say False of an array under
differentiation, so that a function that asks takes another branch there than without: convert before, outside of it. What goes by the
layout in memory (`order="A"` and `"K"`) has no answer under `dt.vmap`, and a mask as an index takes one value for all its places
there (`y[y < 0] = 0.0`). Inside `dt.vmap` a function runs once for the whole batch: `np.random.normal()`, or a
generator's, draws once for all examples. With `randomness="same"` that is meant; otherwise it is an error, for NumPy's and Python's global
generators and for NumPy generators that the function is given or names itself (beside other threads, which may have drawn, a warning, as under
`torch.func.vmap`). A generator that is further away, in an attribute or a helper, is not noticed. Draw for the
batch outside and pass the numbers in (`dt.vmap(f)(x, rng.normal(size=len(x)))`).

Derivatives at kinks (all of them are in [kinks.md](kinks.md)): ties of `max` and `min` share evenly, `abs`,
`norm`, `std` and `sign` have 0 at 0, `clip` has 1 at its bounds, roundings have 0 everywhere.
""",
        "good": "**Differentiable** ({}): {}\n",
        "passing": "\n**Passes through without a derivative**, since {}: {}\n",
        "missing": "\n**Not covered**, {}: {}\n",
        "special": (
            "\n## scipy.special\n\n**Differentiable** ({}): {}; of an order that is a "
            "whole number and the same for all elements: {}\n\n"
            "**Not covered** are functions that SciPy writes in Python and that ask for plain numbers first (`logsumexp`, `softmax`, "
            "`polygamma`): an error names the line and what to write instead, most often what follows.\n"
        ),
        "scipy": (
            "\n## dualtape.scipy\n\n`from dualtape.scipy import linalg, special, stats, integrate` gives SciPy's modules, with these "
            "functions differentiable by all that is continuous in them; for plain numbers they are SciPy's own, as is everything "
            "else in the modules.\n"
        ),
        "module": "\n**{}** ({}): {}\n",
    },
    "zh": {
        "head": """# NumPy 函数

{twin}

<!-- 由 docs/make_numpy.py 生成；有测试检查它是否最新。 -->

`dt.grad`、`dt.jvp`、`dt.vmap` 等可以直接用在调用 `numpy` 的函数上：传进去的数组会响应 NumPy 的协议。本页列出 `numpy`、`numpy.linalg`、`numpy.fft` 和 `numpy.emath`
的每个函数。凡是参数中没有正在求导、批处理或记录的数组，调用的就是 NumPy 本身，无论哪个函数。

运算符、下标和数组的方法与同名函数相同。`import dualtape.numpy as np` 给出同样的函数，其结果是可以赋值、且赋值可导的数组：`np.zeros`、`np.array`。

数组可以像 NumPy 的数组那样原地改写（`P -= K @ H`、`x[1:] += x[:-1]`、`out=`、掩码），无论导数还需不需要它们原来的内容：在可能被用到期间，会保留被覆盖内容的副本。不可以改写的是被求导函数的参数：请在 `x.copy()` 上操作。与这些数组一起使用的普通 NumPy 数组，不超过 256 KB 的也可以改写，因为使用时就已复制；更大的只记下校验和，改动过的话求导时会报错。对 `dualtape.numpy` 的数组调用 `np.asarray` 得到的是副本。

与 NumPy 不同之处：求导时的标量（`x[0]`、`x.sum()`）是没有轴的 `Array`，所以 `np.isscalar` 对它为 False；请用 `np.ndim(x) == 0` 判断。`isinstance(x, np.ndarray)` 和 `isinstance(x, float)` 对求导中的数组也为 False，这样提问的函数求导时会走另一个分支：请在函数外面先转换。取决于内存布局的写法（`order="A"`、`"K"`）在 `dt.vmap` 里没有答案；掩码作为下标时，在那里只能写入一个值（`y[y < 0] = 0.0`）。在 `dt.vmap` 里，函数对整批只运行一次：`np.random.normal()` 或生成器的抽样只发生一次，所有样本得到同一个数。`randomness="same"` 表示这正是所要的；否则，对 NumPy 和 Python 的全局生成器，以及函数得到的或自己写出名字的 NumPy 生成器，这是一个错误（有别的线程时无法分清是谁抽样，只给警告；`torch.func.vmap` 也只警告）。放得更远的生成器（对象的属性里、被调用的函数里）察觉不到。请在外面为整批抽好，再作为参数传进去（`dt.vmap(f)(x, rng.normal(size=len(x)))`）。

不可导点处的导数（全部见[不可导点处的取值](kinks.zh.md)）：`max`、`min` 相等时平分，`abs`、`norm`、`std`、`sign` 在 0 处取 0，`clip` 在界上取 1，取整处处取 0。
""",
        "good": "**可导**（{}）：{}\n",
        "passing": "\n**可以通过但没有导数**，因为{}：{}\n",
        "missing": "\n**未覆盖**，{}：{}\n",
        "special": (
            "\n## scipy.special\n\n**可导**（{}）：{}；阶须为整数且对所有元素相同的：{}\n\n"
            "**未覆盖**的是 SciPy 用 Python 写成、先要求普通数值的函数（`logsumexp`、`softmax`、`polygamma`）：报错会指出是哪一行、该改写成什么，多半就是下面这些。\n"
        ),
        "scipy": (
            "\n## dualtape.scipy\n\n`from dualtape.scipy import linalg, special, stats, integrate` 给出 SciPy 的模块，其中下列函数对其中一切连续的量都可导；"
            "对普通数值它们就是 SciPy 自己的函数，模块中的其余一切也是。\n"
        ),
        "module": "\n**{}**（{}）：{}\n",
    },
}

NUMPY_REASONS = {
    "the result is made of whole numbers or truth values": "结果是整数或真假值",
    "the result depends on shape and dtype alone": "结果只取决于形状和 dtype",
    "the result is text, or a file": "结果是文本或文件",
    "makes a new array from no array: use it as it is, or from `dualtape.numpy` if values under differentiation are written into it": (
        "不由数组生成新数组：照常使用即可，要往里写入正在求导的值时用 `dualtape.numpy` 中的"
    ),
    "about settings, types, text or files, not about numbers": "关于设置、类型、文本或文件，与数值无关",
    "for `numpy.matrix`, which is not covered": "用于 `numpy.matrix`，而它未被覆盖",
    "set operations on whole arrays: `np.unique` and indexing cover what has a derivative": "整个数组的集合运算：有导数的部分用 `np.unique` 和下标即可",
    "the old name of another function": "另一个函数的旧名",
    "counts in several dimensions, whose edges and weights would need rules of their own": "多维计数，其边界和权重需要另外的规则",
    "without a rule: an error says so when a derivative is asked for": "没有规则：求导时会报错说明",
}
