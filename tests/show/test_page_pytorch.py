"""What the page of `dualtape explain` shows in a browser is what PyTorch computes.

Needs PyTorch, Playwright's Python package and a Chromium; skipped without.
"""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "web" / "fixtures"

pytest.importorskip("torch")


def shown(locator):
    """The numbers in a part of the page, at full precision."""
    return [
        float(t)
        for t in locator.locator(".matrix td, .scalar").evaluate_all("all => all.map(e => e.title)")
    ]


def explained(program, folder):
    """The page that the command writes."""
    file = folder / "explained.html"
    command = ["explain", "--no-open", "--output", str(file), str(program)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-m", "dualtape", *command],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return file


def test_the_numbers_are_pytorchs(browser, tmp_path):
    page = browser.new_page()
    program = FIXTURES / "programs" / "graph.py"
    names = runpy.run_path(str(program))
    page.goto(explained(program, tmp_path).as_uri())
    page.keyboard.press("End")
    for i, name in enumerate(("x", "y", "z", "out")):
        page.locator(".node", has=page.locator(f"text.name:text-is('{name}')")).click()
        assert shown(page.get_by_test_id("value")) == names[name].flatten().tolist()
        if i == 0:
            assert shown(page.get_by_test_id("gradient")) == names["x"].grad.flatten().tolist()

    program = FIXTURES / "programs" / "regression.py"
    names = runpy.run_path(str(program))
    page.goto(explained(program, tmp_path).as_uri())
    page.keyboard.press("End")
    page.get_by_role("slider", name="Iteration").press("End")
    for name in ("y_pred", "loss"):
        page.locator(".node", has=page.locator(f"text.name:text-is('{name}')")).click()
        seen = shown(page.get_by_test_id("value"))
        assert seen == pytest.approx(names[name].flatten().tolist(), rel=1e-6)
    for name in ("w", "b"):
        page.locator(".node", has=page.locator(f"text.name:text-is('{name}')")).click()
        seen = shown(page.get_by_test_id("updated"))
        assert seen == pytest.approx(names[name].flatten().tolist(), rel=1e-6)
    page.close()
