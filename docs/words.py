"""What primitives compute, in words, English and Chinese; part of `docs/make_rules.py`.

For those that no formula of `dualtape/show/formulary.py` describes, and beside formulas that name a function or need a condition.
An empty English text is the docstring of the primitive's declaration.
"""
# ruff: noqa: E501, RUF001 (a row is a row; Chinese has commas of its own)

_SEVERAL = ("", "把 v 写入 x 的 `positions` 处；同一位置写多次时以最后一次为准。")
_ADDED = ("", "把 v 累加到 x 的 `positions` 处。")
_TAKEN = ("", "x 在 `positions` 处的元素。")
_FILLED = ("", "把一个 Python 数写入 x 的 `positions` 处。")
_AVERAGE = (
    "The mean over each window of the last axes, which a stencil per axis describes; `divide` says what counts: the padding too, or only elements.",
    "最后几个轴上每个窗口的平均值，每轴的窗口由一个模板描述；`divide` 决定除数是否计入填充。",
)
_INTERPOLATED = (
    "Interpolation along the last axes, the weighted sum of neighbours; a stencil per axis says which and with what weights ({}).",
    "沿最后几个轴插值：邻近元素的加权和，每轴由一个模板给出取哪些元素和权重（{}）。",
)
_MAXIMUM = (
    "The maximum of each window of the last axes, which a stencil per axis describes.",
    "最后几个轴上每个窗口的最大值，每轴的窗口由一个模板描述。",
)
_SQUEEZED = ("", "去掉 `axes` 指定的轴，它们的长度都是 1。")
_RUNNING = (
    "Running {} along `axis`, and the latest place where it was reached.",
    "沿 `axis` 的累计{}，以及最近一次取到它的位置。",
)
_ENDS = (
    "The {} along `axis`, and the first place where it lies.",
    "沿 `axis` 的{}，以及它第一次出现的位置。",
)
_ARG = (
    "The first place of the {} along `axis`, or of all elements.",
    "沿 `axis`（或全部元素中）{}第一次出现的位置。",
)


def _inter(en: str, zh: str) -> tuple[str, str]:
    return _INTERPOLATED[0].format(en), _INTERPOLATED[1].format(zh)


def _said(pair: tuple[str, str], en: str, zh: str) -> tuple[str, str]:
    return pair[0].format(en), pair[1].format(zh)


WORDS: dict[str, tuple[str, str]] = {
    # activation
    "gelu": ("Φ is the distribution function of the standard normal distribution.", "Φ 是标准正态分布的分布函数。"),
    "gelu_slope": ("φ is the density of the standard normal distribution.", "φ 是标准正态分布的密度。"),
    "gelu_tanh": ("The approximation of gelu by tanh.", "gelu 的 tanh 近似。"),
    "mish": ("ln(1 + e^x) is softplus.", "ln(1 + e^x) 即 softplus。"),
    "silu": ("σ is the logistic function; also called swish.", "σ 是逻辑函数；又称 swish。"),
    # along
    "add_along": ("", "全零数组，沿 `axis` 把 x 累加到 `places` 处：`pick_along` 的转置。"),
    "cummax": _said(_RUNNING, "maxima", "最大值"),
    "cummin": _said(_RUNNING, "minima", "最小值"),
    "kthvalue": ("", "沿 `axis` 第 k 小的元素（k 从 1 数起）及其位置。"),
    "max_along": _said(_ENDS, "maximum", "最大值"),
    "median": ("", "沿 `axis` 的下中位数及其位置；含 NaN 时为 NaN。"),
    "min_along": _said(_ENDS, "minimum", "最小值"),
    "mode": ("", "沿 `axis` 出现次数最多的元素及其最后一个位置。"),
    "nanmedian": ("", "沿 `axis` 除去 NaN 后的下中位数及其位置。"),
    "pick_along": ("", "沿 `axis` 取 x 在 `places` 处的元素；`unique` 表示没有位置重复。"),
    "sort": ("", "沿 `axis` 排好序的元素，以及它们原来的位置。"),
    "topk": ("", "沿 `axis` 最大（或最小）的 k 个元素，按序排列，以及它们原来的位置。"),
    # arithmetic
    "is_negative": ("Whether the real part is below 0, or NaN.", "实部是否小于 0 或为 NaN。"),
    "pow": ("The derivative by y is 0 where x = 0 and y ≥ 0.", "在 x = 0、y ≥ 0 处对 y 的导数取 0。"),
    # assign
    "clear_slice": ("", "x，但在一个基本下标处清零。"),
    "set_slice": ("", "x，但在一个基本下标处写入 v；v 与 x[index] 同形。"),
    # attention
    "safe_softmax": ("", "沿最后一轴的 softmax；整行都是负无穷时为零。"),
    # bessel
    "airy_ai": ("Airy's function, the bounded solution of y″ = x y.", "Airy 函数，y″ = x y 的有界解。"),
    "airy_ai_slope": ("The derivative of Airy's function Ai.", "Airy 函数 Ai 的导数。"),
    "bessel_in": ("I: the modified Bessel function of the first kind, of integer order.", "I：整数阶第一类修正贝塞尔函数。"),
    "bessel_jn": ("J: Bessel's function of the first kind, of integer order.", "J：整数阶第一类贝塞尔函数。"),
    "bessel_kn": ("K: the modified Bessel function of the second kind, of integer order.", "K：整数阶第二类修正贝塞尔函数。"),
    "bessel_yn": ("Y: Bessel's function of the second kind, of integer order.", "Y：整数阶第二类贝塞尔函数。"),
    # binning
    "histc": (
        "How many elements fall into each of `bins` bins of equal width from `low` to `high` (from the least to the largest, if both are 0).",
        "把 `low` 到 `high`（两者都是 0 时取最小值到最大值）等分为 `bins` 个区间，每个区间中元素的个数。",
    ),
    "searchsorted": ("", "每个 x 在已排序的行中可以插入的第一个位置（`right` 时在相等元素之后）。"),
    "sorted_by": ("`rows` along the last axis, in the order that `sorter` gives.", "把 `rows` 沿最后一轴按 `sorter` 给出的次序排列。"),
    # compare
    "between": ("A bound may be None. False for NaN.", "界可以是 None；NaN 时为假。"),
    "isclose": ("NaNs are close to each other if `equal_nan`.", "`equal_nan` 时 NaN 之间视为接近。"),
    "signbit": ("", "符号位是否为 1：−0.0 为真；整数则看 x < 0。"),
    "left_shift": ("The bits of an integer moved towards the higher places.", "整数的二进制位向高位移动。"),
    "right_shift": ("The bits of an integer moved towards the lower places.", "整数的二进制位向低位移动。"),
    # complex
    "cast": ("", "转换为 `dtype`；复数转实数保留实部。总是复制。"),
    "cast_constant": ("x converted to a dtype without derivatives: integers or booleans.", "转换为没有导数的 dtype（整数或布尔）。"),
    # contraction
    "contract": (
        "Σ over the names that the result lacks of x[names] · y[names], as einsum writes it: `ij, jk -> ik` is a product of matrices.",
        "Σ x[names] · y[names]，对结果中没有的名字求和，与 einsum 的写法相同：`ij, jk -> ik` 就是矩阵乘积。",
    ),
    # convolution
    "conv": (
        "y[b, o, i] = Σ over c, k of x[b, c, stride · i + dilation · k − padding] · w[o, c, k]: a correlation, in any number of space axes i, within `groups` of channels.",
        "y[b, o, i] = Σ x[b, c, stride · i + dilation · k − padding] · w[o, c, k]，对 c、k 求和：互相关，空间轴 i 可有任意个，通道分为 `groups` 组。",
    ),
    "conv_input_gradient": (
        "x[b, c, j] = Σ y[b, o, i] · w[o, c, k] over all o, i, k with stride · i + dilation · k − padding = j: the transpose of `conv` in x, and transposed convolution.",
        "x[b, c, j] = Σ y[b, o, i] · w[o, c, k]，对满足 stride · i + dilation · k − padding = j 的 o、i、k 求和：`conv` 对 x 的转置，即转置卷积。",
    ),
    "conv_weight_gradient": (
        "w[o, c, k] = Σ over b, i of x[b, c, stride · i + dilation · k − padding] · y[b, o, i]: the transpose of `conv` in w.",
        "w[o, c, k] = Σ x[b, c, stride · i + dilation · k − padding] · y[b, o, i]，对 b、i 求和：`conv` 对 w 的转置。",
    ),
    # cross_entropy
    "class": ("", "目标类别；没有类别时给出某个类别。"),
    "counted": ("1 for targets that count, 0 for those to be ignored.", "计入的目标为 1，忽略的为 0。"),
    "cross_entropy": (
        "ln Σ exp(x[c]) − x[target] for each row, classes c along the last axis; then the mean (or the sum, or each) of the rows that are not ignored.",
        "每行 ln Σ exp(x[c]) − x[target]，类别 c 沿最后一轴；再对未忽略的行取平均（或求和，或逐行给出）。",
    ),
    "nll_loss": (
        "−x[target] for each row, x being logarithms of probabilities; then the mean (or the sum, or each) of the rows that are not ignored.",
        "每行 −x[target]，x 是对数概率；再对未忽略的行取平均（或求和，或逐行给出）。",
    ),
    "nll_place": ("", "`nll_loss` 的转置：全零，只在每行的目标处放该行所占 x 的相反数。"),
    # diagonals
    "diagonal": ("", "`axis1` 与 `axis2` 所成矩阵的对角线，作为最后一轴。"),
    "place_diagonal": ("", "形状为 `shape` 的零数组，对角线上是 x：`diagonal` 的转置。"),
    "tril": ("x[i, j] where j − i ≤ offset, 0 elsewhere.", "j − i ≤ offset 处为 x[i, j]，其余为 0。"),
    "triu": ("x[i, j] where j − i ≥ offset, 0 elsewhere.", "j − i ≥ offset 处为 x[i, j]，其余为 0。"),
    # distances
    "raised": ("With the derivative of x; `refuse_negative`: an error for negative variances.", "导数与 x 的相同；`refuse_negative`：方差为负时报错。"),
    # exponential
    "expm1": ("Exact near 0.", "在 0 附近精确。"),
    "log1p": ("Exact near 0.", "在 0 附近精确。"),
    "logaddexp": ("Without overflow.", "不会溢出。"),
    "logaddexp2": ("Without overflow.", "不会溢出。"),
    "xlogy": ("NaN where y is.", "y 为 NaN 处为 NaN。"),
    "xlog1py": ("NaN where y is.", "y 为 NaN 处为 NaN。"),
    "matrix_exp": ("The exponential of a matrix, Σ xᵏ / k!.", "矩阵指数 Σ xᵏ / k!。"),
    # extrema
    "amax": ("Ties share the gradient evenly.", "并列者平分梯度。"),
    "amin": ("Ties share the gradient evenly.", "并列者平分梯度。"),
    "argmax": _said(_ARG, "maximum", "最大值"),
    "argmin": _said(_ARG, "minimum", "最小值"),
    "max_all": ("Over all axes but `lead` ones in front.", "对除前 `lead` 个轴以外的所有轴。"),
    "min_all": ("Over all axes but `lead` ones in front.", "对除前 `lead` 个轴以外的所有轴。"),
    "tie_share": ("y is the extremum over `axes`; where nothing equals it, a NaN, that is NaN, unless `share_nan` counts NaNs as ties.",
                  "y 是 `axes` 上的极值；没有元素等于它（NaN）时为 NaN，除非 `share_nan` 把 NaN 算作并列。"),
    # factorisation
    "cholesky": (
        "Lower triangular, with a positive diagonal (`upper`: U with Uᴴ U = x). One triangle of x is read; the derivative is that on Hermitian matrices.",
        "下三角矩阵，对角线为正（`upper`：U，使 Uᴴ U = x）。只读 x 的一个三角；导数是在埃尔米特矩阵上的导数。",
    ),
    "cholesky_info": ("", "每个矩阵第一个不为正的顺序主子式的阶，没有则为 0。"),
    "cholesky_inverse": ("The inverse of a matrix, by its Cholesky factor t.", "由 Cholesky 因子 t 求矩阵的逆。"),
    "cholesky_solve": ("The solution with a matrix, by its Cholesky factor t.", "由矩阵的 Cholesky 因子 t 求解。"),
    "exchange_rows": ("", "按 `pivots` 描述的次序 p 取 x[p]；`back` 时取其逆。"),
    "geqrf": ("", "LAPACK 形式的 QR：R 及其下方的 Householder 向量，还有它们的系数。"),
    "lu": ("Unit lower triangular L and upper triangular U with L U = P x, packed into one matrix, and the row exchanges P, counted from 1 as LAPACK does.",
           "单位下三角 L 与上三角 U（L U = P x）压在一个矩阵里，以及行交换 P（与 LAPACK 一样从 1 数起）。"),
    "qr": ("Q with orthonormal columns and upper triangular R, for at least as many rows as columns.", "Q 的列标准正交，R 为上三角；行数不少于列数。"),
    "qr_complete": ("", "Q 为方阵的 QR。Q 的最后几列不是 x 的函数，所以只有方阵 x 有导数。"),
    "zero_pivot": ("", "压缩 LU 因子对角线上第一个零的序号（从 1 数起），没有则为 0。"),
    # fft
    "fft_c2c": ("y[k] = Σⱼ x[j] · exp(∓2πi jk/n) along each of `axes`, − forward, + if `inverse`; `scale` divides by 1, √n or n.",
                "沿 `axes` 的每个轴，y[k] = Σⱼ x[j] · exp(∓2πi jk/n)，正变换取 −，`inverse` 取 +；`scale` 除以 1、√n 或 n。"),
    "fft_c2r": ("The real inverse transform of one half of a Hermitian spectrum, to `points` points.", "由埃尔米特频谱的一半作实数逆变换，得到 `points` 个点。"),
    "fft_r2c": ("", "实数 x 的正变换；`onesided` 略去最后一轴冗余的一半。"),
    # fractional
    "fractional_indices": ("", "由 `samples`（每个样本和通道一行）选出的各窗口中最大值的位置。"),
    # grid
    "at_place": ("", "x，对 `grid` 的导数为零。"),
    "grid_clamped": ("The number of an element, those that are not there replaced by one that is.", "元素序号，越界的换成某个存在的元素。"),
    "grid_floor": ("The element below a place.", "某位置下方的元素。"),
    "grid_inside": ("", "该元素是否存在。"),
    "grid_node": ("", "位置附近某个元素的序号，越界为 −1。"),
    "grid_place": ("((g + 1) · n − 1) / 2, or (g + 1) · (n − 1) / 2 with `align`; then moved inside as `padding` says.",
                   "((g + 1) · n − 1) / 2，`align` 时为 (g + 1) · (n − 1) / 2；再按 `padding` 移到范围内。"),
    "grid_slope": ("", "`grid_place` 的导数；被边界挡住处（含边界）为 0。"),
    "zero_slope": ("", "与 `grid` 同形的零，但记录为两者的函数。"),
    # guarded
    "power_or_zero": ("Derivatives included.", "导数也如此。"),
    "div_or_zero": ("Derivatives included.", "导数也如此。"),
    # incomplete
    "betainc": ("The regularised incomplete beta function, ∫[0, x] t^(a−1) (1−t)^(b−1) dt / B(a, b); derivative by x only.",
                "正则化不完全贝塔函数 ∫[0, x] t^(a−1) (1−t)^(b−1) dt / B(a, b)；只对 x 求导。"),
    "gammainc": ("The regularised lower incomplete gamma function, ∫[0, x] t^(a−1) e^(−t) dt / Γ(a).", "正则化下不完全伽马函数 ∫[0, x] t^(a−1) e^(−t) dt / Γ(a)。"),
    "gammainc_slope": ("∂P(a, x)/∂a, by series and quadrature.", "∂P(a, x)/∂a，由级数和数值积分得到。"),
    "gammaincc": ("The regularised upper incomplete gamma function, 1 − P(a, x).", "正则化上不完全伽马函数 1 − P(a, x)。"),
    # integrals
    "dawsn": ("Dawson's integral, e^(−x²) ∫[0, x] e^(t²) dt.", "Dawson 积分 e^(−x²) ∫[0, x] e^(t²) dt。"),
    "expint": ("The exponential integral, ∫[−∞, x] e^t / t dt (principal value).", "指数积分 ∫[−∞, x] e^t / t dt（主值）。"),
    "fresnel_cos": ("Fresnel's integral, ∫[0, x] cos(π t² / 2) dt.", "Fresnel 积分 ∫[0, x] cos(π t² / 2) dt。"),
    "fresnel_sin": ("Fresnel's integral, ∫[0, x] sin(π t² / 2) dt.", "Fresnel 积分 ∫[0, x] sin(π t² / 2) dt。"),
    "spence": ("The dilogarithm of 1 − x, ∫[1, x] ln(t) / (1 − t) dt.", "1 − x 的二重对数 ∫[1, x] ln(t) / (1 − t) dt。"),
    "spence_slope": ("The derivative of order `order` of ln(x) / (1 − x), which is −1 at 1.", "ln(x) / (1 − x) 的 `order` 阶导数；函数在 1 处为 −1。"),
    # joining
    "block_diag": ("", "把各矩阵放在零矩阵的对角线上；它们的形状是 `shapes`。"),
    "split": ("", "沿 `axis` 把 x 分成长度为 `sizes` 的各段。"),
    "split_with_sizes": ("", "沿 `axis` 把 x 分成长度为 `sizes` 的各段。"),
    "unbind": ("", "沿 `axis` 的各元素，都去掉该轴。"),
    # linalg_spectra
    "matrix_rank": ("", "大于 max(atol, rtol · 最大奇异值) 的奇异值个数。"),
    # logistic
    "log_sigmoid": ("Exact for large negative x.", "x 为绝对值很大的负数时也精确。"),
    # lookup
    "embedding_with_padding": ("", "x 在 `positions` 处的元素；`live` 不成立的没有导数。"),
    "inverse_frequency": ("", "每个下标出现次数的倒数。"),
    "one_hot": ("", "每个下标对应一行，一个 1，其余为 0。"),
    "scaled_gradient": ("The derivative is multiplied by `factor`.", "导数乘以 `factor`。"),
    "unravel_index": ("", "按行优先次序，序号 i 的元素沿 `axis` 的下标。"),
    # loss
    "label_places": ("", "每行标签到第一个 −1 为止：标签（结束后为 0），哪些位置有标签，哪些类别是标签。"),
    "others": ("", "哪些类别不是目标。"),
    # matmul
    "bmm": ("Of two stacks of matrices.", "两叠矩阵逐个相乘。"),
    "matmul": ("Of two stacks of matrices that broadcast against each other.", "两叠矩阵，可以互相广播。"),
    "mv": ("Of a matrix and a vector.", "矩阵乘向量。"),
    "vm": ("Of a vector and a matrix.", "向量乘矩阵。"),
    "vdot": ("`dot` with the first vector conjugated.", "第一个向量取共轭的 `dot`。"),
    # norms
    "vector_norm": ("For the orders 0, ∞ and −∞: how many are not 0, the largest and the smallest |x|.", "阶为 0、∞、−∞ 时：非零元素个数、最大的 |x|、最小的 |x|。"),
    # numbers
    "angle": ("In (−π, π]; for real x, π where x < 0, else 0. Derivative 0 for real x.", "在 (−π, π] 中；实数 x < 0 时为 π，否则为 0。对实数导数为 0。"),
    "copysign": ("Looks at the sign bit of y: −0.0 is negative.", "看 y 的符号位：−0.0 算负。"),
    "frexp": ("A mantissa in [0.5, 1) in absolute value, and an integer exponent.", "尾数的绝对值在 [0.5, 1) 内，指数为整数。"),
    "nextafter": ("", "从 x 朝 y 方向的下一个浮点数。"),
    "round": ("To the nearest integer, ties to the even one.", "取最近的整数，居中时取偶数。"),
    "round_decimals": ("To `decimals` places, ties to the even digit.", "保留 `decimals` 位小数，居中时取偶数位。"),
    "sgn": ("For real x the sign; 0 at NaN.", "实数取符号；NaN 处为 0。"),
    "sign": ("0 at NaN.", "NaN 处为 0。"),
    "signum": ("NaN at NaN.", "NaN 处为 NaN。"),
    # others
    "bitwise_and": ("Bit by bit: 1 where both have a 1.", "逐位：两者都为 1 时为 1。"),
    "bitwise_not": ("Bit by bit: 1 where x has a 0.", "逐位：x 为 0 时为 1。"),
    "bitwise_or": ("Bit by bit: 1 where one of them has a 1.", "逐位：至少一个为 1 时为 1。"),
    "bitwise_xor": ("Bit by bit: 1 where the two differ.", "逐位：两者不同时为 1。"),
    "gcd": ("The greatest common divisor, never negative.", "最大公约数，非负。"),
    "lcm": ("The least common multiple, never negative.", "最小公倍数，非负。"),
    # padding
    "circular_pad": ("Padded with what lies at the other end, as if x were repeated.", "用另一端的元素填充，如同 x 周期重复。"),
    "constant_pad_nd": ("", "用 `value`（Python 数，取 x 的 dtype）填充；负的宽度裁去元素。"),
    "copies_added": ("", "复制式填充的转置：每个副本加回它的原件。"),
    "reflection_pad": ("Padded with mirror images; the outermost element is the mirror.", "镜像填充，以最外侧元素为镜面。"),
    "replication_pad": ("Padded with copies of the outermost element.", "用最外侧元素的副本填充。"),
    # picking
    "along_index": ("", "`shape` 中沿 `axis` 下标为 i、其余下标不变的元素的位置。"),
    "clear": ("", "x，但 `positions` 处为零。"),
    "deposit": ("", "形状为 `shape` 的零数组，在 `positions` 处累加 v：`index` 的转置。"),
    "embedding": _TAKEN, "gather": _TAKEN, "index": _TAKEN, "index_select": _TAKEN, "masked_select": _TAKEN, "take": _TAKEN,
    "index_add": _ADDED, "index_put_add": _ADDED, "put_add": _ADDED, "scatter_add": _ADDED,
    "index_copy": _SEVERAL, "index_put": _SEVERAL, "masked_scatter": _SEVERAL, "put": _SEVERAL, "scatter": _SEVERAL,
    "index_fill": _FILLED, "scatter_fill": _FILLED,
    "place": ("", "形状为 `shape` 的零数组，在 `positions` 处写入 v；同一位置写多次时以最后一次为准。"),
    "position": ("", "检查过小于 `size` 的整数；`wrap` 时负数从末尾数起。"),
    "ravel_index": ("", "由每个轴的下标得到位置；轴长为 `sizes`，第一个是第 `axis` 轴。"),
    "retrieve": ("", "x 在 `positions` 处的元素；后面还会出现的位置取零。"),
    # pointwise_loss
    "binary_cross_entropy": ("Logarithms are cut off at −100. The mean, or `reduction`: the sum, or each.", "对数在 −100 处截断。取平均；按 `reduction` 也可求和或逐个给出。"),
    "binary_cross_entropy_with_logits": ("The mean, or `reduction`: the sum, or each.", "取平均；按 `reduction` 也可求和或逐个给出。"),
    "huber_loss": ("The mean, or `reduction`: the sum, or each.", "取平均；按 `reduction` 也可求和或逐个给出。"),
    "mse_loss": ("The mean, or `reduction`: the sum, or each.", "取平均；按 `reduction` 也可求和或逐个给出。"),
    "smooth_l1_loss": ("The mean, or `reduction`: the sum, or each.", "取平均；按 `reduction` 也可求和或逐个给出。"),
    "soft_margin_loss": ("The mean, or `reduction`: the sum, or each.", "取平均；按 `reduction` 也可求和或逐个给出。"),
    # polynomials
    "polynomial": (
        "The derivative of order `order`, by x, of the polynomial of degree n of `family`: Chebyshev's (T, U, V, W), Hermite's (H, He), Laguerre's, Legendre's, by their "
        "three-term recurrence p[k+1] = (a x + b) p[k] − c p[k−1].",
        "`family` 一族（切比雪夫 T、U、V、W，埃尔米特 H、He，拉盖尔，勒让德）n 次多项式对 x 的 `order` 阶导数，由三项递推 p[k+1] = (a x + b) p[k] − c p[k−1] 得到。",
    ),
    # pooling
    "adaptive_max_pool2d": _MAXIMUM, "adaptive_max_pool3d": _MAXIMUM, "max_pool2d": _MAXIMUM, "max_pool3d": _MAXIMUM,
    "col2im": ("", "把各列加回它们的窗口所在之处：`im2col` 的转置。"),
    "im2col": ("", "x (..., C, *S) 的各窗口作为列：(..., C · prod(kernel), 窗口数)。"),
    "max_pool_indices": ("", "每个窗口最大值的位置，按展平的池化轴编号。"),
    "max_pool_pick": ("", "d 在 x 的各窗口最大值处的元素。"),
    "max_pool_spread": ("", "全零，把 ct 累加到 x 的各窗口最大值处。"),
    "pool_gather": ("", "x 在 `at` 处的元素。"),
    "pool_scatter": ("", "形状为 `space` 的零数组，在 `at` 处累加 y；`distinct` 时写入。"),
    # products
    "cumprod": ("y[k] = x[0] · … · x[k] along `axis`; from the other end with `reverse`.", "沿 `axis`，y[k] = x[0] · … · x[k]；`reverse` 时从另一端。"),
    "linear_recurrence": ("y[k] = a[k] · y[k−1] + b[k] along `axis`, from y[−1] = 0; from the other end with `reverse`.",
                          "沿 `axis`，y[k] = a[k] · y[k−1] + b[k]，y[−1] = 0；`reverse` 时从另一端。"),
    "prod": ("The derivative is right at zeros too.", "在零处导数也正确。"),
    "prod_all": ("The derivative is right at zeros too.", "在零处导数也正确。"),
    "shift": ("", "沿 `axis` 移动一格（`by` 为 1 或 −1），空出处补零。"),
    # quantile
    "as_place": ("", "整数值作为下标。"),
    "last_rank": ("", "已排序各行中最大元素（`skip_nan` 时为最大的数）的位置，保留该轴。"),
    "row_has_nan": ("Whether there is a NaN along the last axis, which is kept.", "最后一轴上是否有 NaN，保留该轴。"),
    # random
    "drawn": ("A random number, drawn with the parameter x: its derivative by x is zero.", "以 x 为参数抽取的随机数；对 x 的导数为零。"),
    # rearrange
    "flip": ("y[i] = x[n − 1 − i] along each of `axes`.", "沿 `axes` 的每个轴，y[i] = x[n − 1 − i]。"),
    "roll": ("y[i] = x[(i − shift) mod n] along each of `axes`.", "沿 `axes` 的每个轴，y[i] = x[(i − shift) mod n]。"),
    "tile": ("", "把 x 整体重复，沿第 i 轴 `repeats[i]` 次。"),
    # reduce
    "all": ("Whether all elements over `axes` are not 0.", "`axes` 上的元素是否全不为 0。"),
    "any": ("Whether an element over `axes` is not 0.", "`axes` 上是否有元素不为 0。"),
    # resampling
    "adaptive_avg_pool2d": _AVERAGE, "adaptive_avg_pool3d": _AVERAGE, "avg_pool2d": _AVERAGE, "avg_pool3d": _AVERAGE,
    "resample": ("", "最后几个轴上各窗口的加权和，每轴一个模板，再除以除数。"),
    "resample_transpose": ("", "`resample` 的转置：每个结果按权重分散回它的窗口，轴长为 `space`。"),
    "upsample_cubic2d": _inter("cubic", "三次"),
    "upsample_linear1d": _inter("linear", "线性"), "upsample_linear2d": _inter("linear", "线性"), "upsample_linear3d": _inter("linear", "线性"),
    "upsample_nearest1d": _inter("the nearest alone", "只取最近者"), "upsample_nearest2d": _inter("the nearest alone", "只取最近者"),
    "upsample_nearest3d": _inter("the nearest alone", "只取最近者"),
    "upsample_nearest_exact1d": _inter("the nearest to the centre alone", "只取离中心最近者"),
    "upsample_nearest_exact2d": _inter("the nearest to the centre alone", "只取离中心最近者"),
    "upsample_nearest_exact3d": _inter("the nearest to the centre alone", "只取离中心最近者"),
    # scan
    "cumsum": ("Running sums along `axis`.", "沿 `axis` 的累加。"),
    "logcumsumexp": ("Without overflow.", "不会溢出。"),
    # scatter_reduce
    "occurrences": ("", "小于 `size` 的每个数出现的次数。"),
    "scatter_reduce": ("The largest or smallest (`reduce`) of x and the values of v that arrive at `positions`; without `include_self`, of these alone where any arrive.",
                       "x 与落到 `positions` 处的各 v 中最大或最小者（`reduce`）；不含 `include_self` 时，有值落到处只看这些值。"),
    "scatter_shares": ("", "极值的余切分给 x 和 v 各元素的份额。"),
    # select
    "keep": ("Whatever x is elsewhere: an infinity or NaN there does not come through.", "其余处无论 x 是什么：那里的无穷或 NaN 不会透过来。"),
    "nan_to_num": ("x, with the numbers `nan`, `posinf` and `neginf` for NaN and the infinities (the largest and the least of the dtype for None).",
                   "x，但 NaN 和正负无穷换成 `nan`、`posinf`、`neginf`（None 时取 dtype 的最大、最小数）。"),
    "clamp": ("A bound may be None. The derivative is 1 at the bounds, 0 at NaN.", "界可以是 None。导数在界上为 1，在 NaN 处为 0。"),
    "clamp_between": ("The bounds are values, and have derivatives, themselves.", "界本身也是值，也有导数。"),
    "maximum": ("NaN if one is NaN; ties share evenly.", "有 NaN 时为 NaN；相等时平分。"),
    "minimum": ("NaN if one is NaN; ties share evenly.", "有 NaN 时为 NaN；相等时平分。"),
    "fmax": ("The other where one is NaN; ties go to x.", "一个为 NaN 时取另一个；相等时归 x。"),
    "fmin": ("The other where one is NaN; ties go to x.", "一个为 NaN 时取另一个；相等时归 x。"),
    "winner": ("The share of d that x gets in maximum(x, y); all of it at NaN.", "在 maximum(x, y) 中 x 分到的 d；有 NaN 时全部归它。"),
    # shape
    "broadcast_to": ("x repeated along new axes, and along axes of length 1, to `shape`.", "沿新轴和长度为 1 的轴重复 x，得到 `shape`。"),
    "concatenate": ("", "沿 `axis` 连接；`sizes` 是各操作数沿该轴的长度。"),
    "permute": ("y[i₀, i₁, …] with axis k of y being axis axes[k] of x.", "y 的第 k 轴是 x 的第 axes[k] 轴。"),
    "place_slice": ("", "形状为 `shape` 的零数组，`index` 处是 x：`slice` 的转置。"),
    "reshape": ("The elements in row-major order, in another `shape`.", "按行优先次序的同样元素，换成 `shape`。"),
    "select": ("x[index] for a tuple of integers, slices and None.", "x[index]，下标是整数、切片和 None 的元组。"),
    "slice": ("x[index] for a tuple of integers, slices and None.", "x[index]，下标是整数、切片和 None 的元组。"),
    "stack": ("The operands along a new axis `axis`.", "把各操作数沿新轴 `axis` 叠起来。"),
    "transpose": ("The axes `axis0` and `axis1` exchanged.", "交换 `axis0` 与 `axis1` 两轴。"),
    "unsqueeze": ("A new axis of length 1 at `axis`.", "在 `axis` 处加一个长度为 1 的轴。"),
    # solving
    "cofactor": ("The matrix of cofactors, the derivative of det; it exists for singular x too.", "代数余子式矩阵，即 det 的导数；x 奇异时也存在。"),
    "cofactor_curve": ("", "`cofactor` 沿 c 和 d 的二阶导数，x 奇异时也成立；作为 det 的三阶导数，它对配对的各量对称。"),
    "cofactor_slope": ("The derivative of `cofactor` along d, for singular x too.", "`cofactor` 沿 d 的导数，x 奇异时也成立。"),
    "det": ("The determinant, Σ over permutations p of sign(p) · Π x[i, p(i)], by LU factors.", "行列式 Σ sign(p) · Π x[i, p(i)]，对所有排列 p 求和；由 LU 分解得到。"),
    "inv": ("The inverse matrix. A singular one is an error if `check`, and otherwise has infinities.", "逆矩阵。奇异时 `check` 则报错，否则为无穷。"),
    "inv_info": ("", "每个矩阵第一个零主元的序号；可逆则为 0。"),
    "slogdet": ("Sign (or phase) and logarithm of the absolute value of the determinant; 0 and −∞ if singular.", "行列式的符号（或相位）与绝对值的对数；奇异时为 0 和 −∞。"),
    "solve": ("The solution of a y = b, without forming the inverse.", "a y = b 的解，不求逆矩阵。"),
    "solve_triangular": ("The solution of t y = b; t is the upper or lower triangle of a, its diagonal 1 if `unit`.", "t y = b 的解，t 是 a 的上三角或下三角；`unit` 时对角线为 1。"),
    # sorting
    "argsort": ("The places of the elements along `axis`, in the order of the elements.", "沿 `axis` 按大小次序排列的元素位置。"),
    "median_all": ("", "除前 `lead` 个轴以外全部元素的下中位数；并列者平分梯度。"),
    "nanmedian_all": ("The lower median of all numbers, NaN left out, but for `lead` axes in front; ties share the gradient evenly.", "除前 `lead` 个轴以外、去掉 NaN 后全部元素的下中位数；并列者平分梯度。"),
    # special
    "digamma": ("The derivative of ln Γ.", "ln Γ 的导数。"),
    "erf": ("The error function, 2/√π ∫[0, x] e^(−t²) dt.", "误差函数 2/√π ∫[0, x] e^(−t²) dt。"),
    "erfc": ("Exact for large x.", "x 很大时也精确。"),
    "erfcx": ("Without overflow.", "不会溢出。"),
    "entr": ("−∞ below 0.", "小于 0 处为 −∞。"),
    "log_ndtr": ("Exact for large negative x.", "x 为绝对值很大的负数时也精确。"),
    "lgamma": ("∞ at 0, −1, −2, …", "在 0、−1、−2、… 处为 ∞。"),
    "polygamma": ("The n-th derivative of digamma ψ, (−1)^(n+1) n! ζ(n + 1, x).", "ψ 的 n 阶导数 (−1)^(n+1) n! ζ(n + 1, x)。"),
    "zeta": ("Hurwitz's zeta function, Σ 1/(k + y)^x over k ≥ 0.", "Hurwitz ζ 函数 Σ 1/(k + y)^x，k ≥ 0。"),
    "ndtr": ("The distribution function of the standard normal distribution.", "标准正态分布的分布函数。"),
    # spectral
    "eig": ("Complex eigenvalues, in no order, and eigenvectors of length 1.", "复特征值（无序）与长度为 1 的特征向量。"),
    "eigh": ("Ascending eigenvalues and orthonormal eigenvectors of a Hermitian x, of which one triangle is read.", "埃尔米特矩阵 x 的升序特征值与标准正交特征向量，只读一个三角。"),
    "eigvals": ("", "只要 `eig` 的特征值。"),
    "eigvalsh": ("", "只要 `eigh` 的特征值；导数不除以特征值之差。"),
    "phase_free": ("x itself, after a check that its diagonals are real: a loss that depends on the phase of eigenvectors has no gradient.", "x 本身，先检查其对角线为实数：依赖特征向量相位的损失没有梯度。"),
    "pinv": ("The pseudo-inverse V diag(1/s) Uᴴ of x = U diag(s) Vᴴ; singular values up to max(atol, rtol · the largest) count as zero.",
             "x = U diag(s) Vᴴ 的伪逆 V diag(1/s) Uᴴ；不大于 max(atol, rtol · 最大者) 的奇异值视为零。"),
    "ratio": ("For the gaps between eigenvalues.", "用于特征值之差。"),
    "svd": ("U and Vᴴ with orthonormal columns and rows, and descending s ≥ 0; `full` adds vectors that complete the bases.", "U 的列、Vᴴ 的行标准正交，s ≥ 0 降序；`full` 时补全基。"),
    "svdvals": ("", "只要奇异值；导数不除以奇异值之差。"),
    # standardize
    "batch_norm": ("The outputs: the result, the mean, and 1 over the deviation; the last two have no derivative.", "输出依次为：结果、均值、标准差的倒数；后两者没有导数。"),
    "group_norm": ("The outputs: the result, the mean, and 1 over the deviation; the last two have no derivative.", "输出依次为：结果、均值、标准差的倒数；后两者没有导数。"),
    "layer_norm": ("The outputs: the result, the mean, and 1 over the deviation; the last two have no derivative.", "输出依次为：结果、均值、标准差的倒数；后两者没有导数。"),
    # stopping
    "stopped": ("A copy that derivatives of no mode and level pass through.", "一个副本，任何模式、任何层次的导数都不通过它。"),
    # strided
    "as_strided": ("", "按行优先编号的 x 的元素，按步长取出；x 的布局相符时是视图。"),
    "fold_windows": ("", "把各窗口加回原处：`unfold` 的转置。"),
    "strides_added": ("", "把跨步视图的元素加回它们所在之处：`as_strided` 的转置。"),
    "unfold": ("", "沿 `axis` 每 `size` 个元素一个窗口，作为新的最后一轴。"),
    "view_as_complex": ("", "长度为 2 的最后一轴作为实部和虚部。"),
    "view_as_real": ("", "实部和虚部排在新的最后一轴。"),
    # tf_choices, tf_slopes
    "atan2_bare": ("NaN derivatives at the origin.", "原点处导数为 NaN。"),
    "maximum_first": ("Ties go to x.", "相等时归 x。"),
    "minimum_first": ("Ties go to x.", "相等时归 x。"),
    "pow_bare": ("The derivatives as they stand, even where that is NaN.", "导数照公式取，哪怕是 NaN。"),
    "masked_div": ("Whatever y is there; so is the derivative, where the cotangent is 0.", "无论 y 是什么；余切为 0 处导数也如此。"),
    "masked_mul": ("Whatever y is there.", "无论 y 是什么。"),
    "reciprocal_masked": ("A zero cotangent stays zero at 0.", "在 0 处，零余切仍为零。"),
    "rsqrt_masked": ("A zero cotangent stays zero at 0.", "在 0 处，零余切仍为零。"),
    "sqrt_masked": ("A zero cotangent stays zero at 0.", "在 0 处，零余切仍为零。"),
    "sqrt_slope": ("The derivative of the square root.", "平方根的导数。"),
    "selu_right": ("The scaled elu, with the right slope at 0.", "缩放的 elu，在 0 处取右导数。"),
    # trigonometric
    "atan2": ("The angle of the point (y, x). Derivative 0 at the origin.", "点 (y, x) 的辐角；原点处导数为 0。"),
    "hypot": ("Without over- or underflow. Derivative NaN at the origin.", "不会上溢或下溢；原点处导数为 NaN。"),
    "sinc_derivative": ("The derivative of order `order` of sinc.", "sinc 的 `order` 阶导数。"),
    # vectors
    "cross": ("The cross product, along an axis of length 3.", "沿长度为 3 的轴的叉积。"),
    # views
    "clone": ("", "副本：按行优先次序，或按 x 的次序。"),
    "squeeze": _SQUEEZED, "squeeze_all": _SQUEEZED, "squeeze_several": _SQUEEZED,
}  # fmt: skip
"""By primitive: (English, Chinese)."""

EQUATIONS: dict[str, str] = {
    "cholesky": "out @ out.H == x",
    "eig": "x @ out2 == out2 @ diag(out1)",
    "eigh": "x @ out2 == out2 @ diag(out1)",
    "frexp": "out1 * 2 ** out2 == x",
    "lu": "(tril(out1, -1) + eye(out1)) @ triu(out1) == exchange(x, out2)",
    "pinv": "x @ out @ x == x",
    "qr": "out1 @ out2 == x",
    "qr_complete": "out1 @ out2 == x",
    "svd": "out1 @ diag(out2) @ out3 == x",
}
"""What holds of the results, in the notation of formulas; a test evaluates it."""

LITERALS = {
    "that of qr, of square x": "与 qr 相同，x 为方阵",
    "w · fft_r2c(ȳ), w = 1 at frequencies without a mirror image, 2 at others": "w · fft_r2c(ȳ)，没有镜像的频率 w = 1，其余 w = 2",
    "sum[axes that were spread](ȳ)": "sum[扩展过的轴](ȳ)",
    "permute(ȳ, inverse of axes)": "permute(ȳ, axes 的逆)",
    "reshape(ȳ, shape of x)": "reshape(ȳ, x 的形状)",
    "ȳ · share of x": "ȳ · x 的份额",
    "ȳ[positions] · share of v": "ȳ[positions] · v 的份额",
    "ȳ[rows of x1, columns of x1]": "ȳ[x1 的行, x1 的列]",
    "ȳ[rows of x2, columns of x2]": "ȳ[x2 的行, x2 的列]",
    "Re(fft_c2c(ȳ)), ȳ with zeros in the half left out": "Re(fft_c2c(ȳ))，ȳ 在略去的一半补零",
    "i · ȳ, real x: 0": "i · ȳ，实数 x：0",
    "i · ȳ · x / |x|², real x: 0": "i · ȳ · x / |x|²，实数 x：0",
    "(ȳ - Re(conj(out) · ȳ) · out) / |x|, real x: 0": "(ȳ - Re(conj(out) · ȳ) · out) / |x|，实数 x：0",
    "sum[repeats](ȳ)": "sum[重复](ȳ)",
}
"""Rules of `docs/derivatives.py` with words in them, in Chinese."""
