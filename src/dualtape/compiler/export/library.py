"""Functions that the C text calls: the names of `math.h`, and private functions that are written out where needed."""

from __future__ import annotations

LIBM = frozenset(
    [
        "exp",
        "exp2",
        "expm1",
        "log",
        "log1p",
        "log2",
        "log10",
        "sin",
        "cos",
        "tan",
        "asin",
        "acos",
        "atan",
        "atan2",
        "tanh",
        "sinh",
        "cosh",
        "asinh",
        "acosh",
        "atanh",
        "erf",
        "erfc",
        "pow",
        "cbrt",
        "hypot",
        "fmod",
        "floor",
        "ceil",
        "trunc",
        "rint",
        "sqrt",
        "fabs",
        "copysign",
        "fmax",
        "fmin",
    ]
)
"""Functions of `vecmath` that C's library has by the same name."""

_SIGMOID = """static {T} {name}({T} x) {{
    const {T} e = exp{f}(-fabs{f}(x));
    return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}}"""
_LGAMMA = """static {T} {name}({T} x) {{
    return isinf(x) ? x : lgamma{f}(x);
}}"""
_MATMUL = """static void {name}(int64_t m, int64_t n, int64_t k, {T} alpha, const {T} *a, int64_t a_row, int64_t a_column,
                          const {T} *b, int64_t b_row, int64_t b_column, int add, {T} *c, int64_t c_row) {{
    for (int64_t i = 0; i < m; ++i) {{
        for (int64_t j = 0; j < n && !add; ++j) {{
            c[i * c_row + j] = 0;
        }}
        for (int64_t l = 0; l < k; ++l) {{
            const {T} x = alpha * a[i * a_row + l * a_column];
            for (int64_t j = 0; j < n; ++j) {{
                c[i * c_row + j] += x * b[l * b_row + j * b_column];
            }}
        }}
    }}
}}"""
_GEMM = """#ifdef DUALTAPE_CBLAS
static void {name}(int ta, int tb, int64_t m, int64_t n, int64_t k, {T} alpha, const {T} *a, int64_t lda,
                    const {T} *b, int64_t ldb, {T} beta, {T} *c, int64_t ldc) {{
    cblas_{blas}gemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, (int)m, (int)n,
                (int)k, alpha, a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
}}
#else
static void {name}(int ta, int tb, int64_t m, int64_t n, int64_t k, {T} alpha, const {T} *a, int64_t lda,
                    const {T} *b, int64_t ldb, {T} beta, {T} *c, int64_t ldc) {{
    for (int64_t i = 0; i < m; ++i) {{
        for (int64_t j = 0; j < n; ++j) {{
            c[i * ldc + j] = beta == 0 ? 0 : beta * c[i * ldc + j];
        }}
        for (int64_t l = 0; l < k; ++l) {{
            const {T} x = alpha * (ta ? a[l * lda + i] : a[i * lda + l]);
            for (int64_t j = 0; j < n; ++j) {{
                c[i * ldc + j] += x * (tb ? b[j * ldb + l] : b[l * ldb + j]);
            }}
        }}
    }}
}}
#endif"""
_BITS = """static {I} {name}({T} x) {{
    union {{ {T} number; {I} bits; }} both;
    both.number = x;
    return both.bits;
}}"""
_REAL = """static {T} {name}({I} x) {{
    union {{ {T} number; {I} bits; }} both;
    both.bits = x;
    return both.number;
}}"""

COPY = """static void dt_copy(void *to, const void *from, int64_t bytes) {
    unsigned char *t = (unsigned char *)to;
    const unsigned char *f = (const unsigned char *)from;
    for (int64_t i = 0; i < bytes; ++i) {
        t[i] = f[i];
    }
}"""
PRIVATE = {
    "sigmoid": _SIGMOID, "lgamma": _LGAMMA, "matmul": _MATMUL, "gemm": _GEMM, "bits": _BITS, "real": _REAL,
}  # fmt: skip
"""Text of a function, for `private`."""


def private(kind: str, element: str) -> tuple[str, str]:
    """The name and the text of a private function for `float` or `double`."""
    single = element == "float"
    name = f"dt_{kind}_{'f32' if single else 'f64'}"
    text = PRIVATE[kind].format(
        T=element, I="int32_t" if single else "int64_t", f="f" if single else "", blas="s" if single else "d", name=name
    )  # fmt: skip
    return name, text


PRELUDE = """#include <math.h>
#include <stdint.h>
#ifdef DUALTAPE_CBLAS
#include <cblas.h>
#endif
"""

ALIASED = """/* Elements of the workspace, which holds one type after another. */
#if defined(__GNUC__)
#define DT_ALIAS __attribute__((__may_alias__))
#else
#define DT_ALIAS
#endif
"""
TYPES = {
    "float": "float", "double": "double", "i1": "int", "i8": "int8_t", "i16": "int16_t", "i32": "int32_t",
    "i64": "int64_t",
}  # fmt: skip
"""Of registers; a boolean is an int that is 0 or 1."""
MEMORY = {
    "float": "dt_f32", "double": "dt_f64", "i8": "dt_i8", "i16": "dt_i16", "i32": "dt_i32", "i64": "dt_i64",
}  # fmt: skip
"""Of elements of the workspace."""
