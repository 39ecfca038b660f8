"""Calls of BLAS's matrix product, through one function of the module per element that hides BLAS's interface."""

from __future__ import annotations

from .frames import LoopWriter
from .writer import Module

ROW_MAJOR, PLAIN, TRANSPOSED = 101, 111, 112  # CBLAS's numbers


def declare(module: Module, element: str, interface: str) -> str:
    """The module's own product function for an element, written if it is not there yet; its external's name."""
    external = f"dualtape_{'s' if element == 'float' else 'd'}gemm"
    name = f"@gemm.{element}"
    if name in module.functions:
        return external
    t = element
    head = (
        f"define internal void {name}(i1 %ta, i1 %tb, i64 %m, i64 %n, i64 %k, {t} %alpha, ptr %a, i64 %lda, "
        f"ptr %b, i64 %ldb, {t} %beta, ptr %c, i64 %ldc) noinline nounwind {{"
    )
    lines = [head, "entry:"]
    if interface == "cblas64":
        module.declarations[f"@{external}"] = (
            f"declare void @{external}(i32, i32, i32, i64, i64, i64, {t}, ptr, i64, ptr, i64, {t}, ptr, i64)"
        )
        for side in "ab":
            lines.append(f"  %f{side} = select i1 %t{side}, i32 {TRANSPOSED}, i32 {PLAIN}")
        lines.append(
            f"  call void @{external}(i32 {ROW_MAJOR}, i32 %fa, i32 %fb, i64 %m, i64 %n, i64 %k, {t} %alpha, ptr %a, "
            f"i64 %lda, ptr %b, i64 %ldb, {t} %beta, ptr %c, i64 %ldc)"
        )
    else:  # columns first and by reference: the transposed product of the operands exchanged
        module.declarations[f"@{external}"] = f"declare void @{external}({', '.join(['ptr'] * 13)})"
        for side in "ab":
            lines += [
                f"  %f{side} = select i1 %t{side}, i8 84, i8 78",  # T, N
                f"  %p{side} = alloca i8",
                f"  store i8 %f{side}, ptr %p{side}",
            ]
        for v in ("m", "n", "k", "lda", "ldb", "ldc"):
            lines += [
                f"  %i{v} = trunc i64 %{v} to i32",
                f"  %p{v} = alloca i32",
                f"  store i32 %i{v}, ptr %p{v}",
            ]
        for v in ("alpha", "beta"):
            lines += [f"  %p{v} = alloca {t}", f"  store {t} %{v}, ptr %p{v}"]
        lines.append(
            f"  call void @{external}(ptr %pb, ptr %pa, ptr %pn, ptr %pm, ptr %pk, ptr %palpha, ptr %b, ptr %pldb, "
            "ptr %a, ptr %plda, ptr %pbeta, ptr %c, ptr %pldc)"
        )
    lines += ["  ret void", "}"]
    module.functions[name] = "\n".join(lines)
    return external


def write(
    w: LoopWriter,
    element: str,
    sizes: tuple[int, int, int],
    pointers: list[str],
    a: tuple[bool, int],
    b: tuple[bool, int],
    ldc: int,
    alpha: str = "1.0",
    beta: str = "0.0",
) -> None:
    """Write C = alpha A B + beta C.

    Args:
        w: Where.
        element: "float" or "double"; `declare` has been called for it.
        sizes: m, n, k.
        pointers: Of A, B, C.
        a, b: Whether they are read as transposed, and their leading dimensions.
        ldc: Of C.
        alpha, beta: Numbers, as text.
    """
    m, n, k = sizes
    (ta, lda), (tb, ldb) = a, b
    flags = f"i1 {'true' if ta else 'false'}, i1 {'true' if tb else 'false'}"
    w.do(
        f"call void @gemm.{element}({flags}, i64 {m}, i64 {n}, i64 {k}, {element} {alpha}, ptr {pointers[0]}, "
        f"i64 {lda}, ptr {pointers[1]}, i64 {ldb}, {element} {beta}, ptr {pointers[2]}, i64 {ldc})"
    )
