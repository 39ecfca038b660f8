"""The page in a real browser: loops, threads and compiled functions, rebound names, passes that leave values out, and the keyboard."""

import json
import re
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parents[2] / "web" / "fixtures"

RECURRENT = """
import torch
xs = torch.tensor([[0.5, 1.0], [1.0, -1.0], [0.25, 0.5]])
w = torch.tensor(0.5, requires_grad=True)
h = torch.zeros(2)
for t in range(3):
    h = torch.tanh(w * h + xs[t])
loss = h.sum()
loss.backward(retain_graph=True)
late = h.max() * 2
late.backward()
"""


def page_of(e):
    return {"format": 1, "models": [e.model]}


def labels(page):
    return [
        text.removeprefix("\u2212 ")
        for text in page.locator(".frame.label text").all_text_contents()
    ]


def fit(page):
    """See all of the graph: what is out of sight is not drawn."""
    page.get_by_role("button", name="Fit").click()


def named(page, name):
    return page.locator(".node", has=page.locator(f"text.name:text-is('{name}')"))


def test_an_inline_loop_folds_into_iterations(open_page, explain):
    page = open_page(page_of(explain(RECURRENT)))
    fit(page)
    assert labels(page)[0] == "for t in range(3) · 3 times"
    iterations = [f"iteration {i + 1} · t = {i}" for i in range(3)]
    assert labels(page)[1:] == iterations
    for t in range(3):  # one below the other
        above, below = [page.get_by_label(f"Fold {i}") for i in (iterations * 2)[t : t + 2]]
        if t < 2:
            assert above.bounding_box()["y"] < below.bounding_box()["y"]
    # Each folds by the keyboard, and unfolds again.
    page.get_by_label(f"Fold {iterations[1]}").focus()
    page.keyboard.press("Enter")
    box = page.get_by_role("button", name=f"Unfold {iterations[1]}")
    assert "4 operations" in box.get_attribute("aria-label")
    page.keyboard.press("Enter")
    assert labels(page)[1:] == iterations
    page.get_by_role("button", name="Fold all").click()
    folded = page.locator(".node.group")
    assert folded.count() == 1
    assert folded.locator(".op").first.text_content() == "3 times"
    # What is searched for in an iteration is found in it.
    page.locator("input[type=search]").fill("t = 1")
    assert page.locator(".found").inner_text().startswith("4 of ")
    page.keyboard.press("Enter")
    assert (
        "for t in range(3) 3 times \u203a iteration 2 · t = 1"
        in page.locator(".facts").inner_text()
    )


def test_a_program_that_rebinds_a_name_has_numbered_values(open_page, explain):
    page = open_page(page_of(explain(RECURRENT)))
    fit(page)
    assert [named(page, f"h{i}").count() for i in "₀₁₂₃"] == [1, 1, 1, 1]
    page.keyboard.press("End")
    fit(page)
    named(page, "h₂").click()
    assert page.locator(".panel h2").inner_text() == "h₂"
    math = page.locator(".maths").first
    assert math.locator("msub").first.text_content() == "h2"
    # The program's own name finds them all, and each is found by its number.
    search = page.locator("input[type=search]")
    search.fill("h")
    assert page.locator(".node.match").filter(has=page.locator("text.name")).count() >= 4
    search.fill("h2")
    assert page.locator(".found").inner_text().startswith("1 of ")


def test_what_a_later_pass_leaves_out_is_not_waiting(open_page, explain):
    e = explain(RECURRENT)
    first, second = e.graph()["passes"]
    page = open_page(page_of(e))
    page.keyboard.press("End")
    fit(page)
    assert page.locator(".cell.pending").count() == 0
    loss = named(page, "loss")
    assert loss.locator(".cell.left-out").count() == 1
    assert loss.locator("text.left-out").text_content() == "1"
    said = loss.get_attribute("aria-label")
    assert "not reached by this backward pass; from backward pass 1: 1" in said
    loss.click()
    gradient = page.get_by_test_id("gradient")
    assert "The latest backward pass does not come here." in gradient.inner_text()
    assert gradient.locator(".scalar").inner_text() == "1"
    assert "not reached by this backward pass" in page.locator(".legend").inner_text()
    # While the first pass is under way, what only the second will reach is not computed yet.
    at = next(i for i, n in enumerate(e.graph()["nodes"]) if n["name"] == "late")
    assert at > first["after"] - 1
    page.keyboard.press("Home")
    fit(page)
    assert loss.locator(".cell.pending").count() == 2
    assert len(second["steps"]) < len(first["steps"]) + 3


def test_labels_are_over_links_and_nothing_is_under_the_legend(open_page):
    page = open_page("blocks")
    order = page.evaluate(
        """() => ['.edge', '.frame.label', '.node'].map(s => [...document.querySelectorAll('.graph > svg *')]
          .indexOf(document.querySelector('.graph > svg ' + s)))"""
    )
    assert order == sorted(order)
    plates = page.locator(".frame.label .plate")
    assert plates.count() == labels(page).__len__() > 2
    assert page.evaluate(
        "Number(getComputedStyle(document.querySelector('.plate')).fillOpacity) > 0.9"
    )
    picture = page.locator(".graph > svg").bounding_box()
    legend = page.locator(".legend").bounding_box()
    assert legend["y"] >= picture["y"] + picture["height"]
    # The lowest node of a graph that fits is in sight as a whole.
    small = open_page("graph")
    boxes = [b.bounding_box() for b in small.locator(".node .card").all()]
    low = max(b["y"] + b["height"] for b in boxes)
    assert low <= small.locator(".legend").bounding_box()["y"]


def test_threads_and_compiled_functions_say_what_they_are(open_page):
    page = open_page("blocks")
    fit(page)
    texts = page.locator(".frame.label").evaluate_all(
        "all => all.map(e => e.getAttribute('aria-label'))"
    )
    assert "Fold thread aside" in texts
    assert "Fold norm · compiled by torch.compile" in texts
    page.keyboard.press("/")
    page.keyboard.type("penalty")
    page.keyboard.press("Enter")
    facts = page.locator(".facts").inner_text()
    assert "thread aside \u203a penalise \u203a norm compiled by torch.compile" in facts
    assert "one piece of machine code" in page.get_by_test_id("compiled").inner_text()
    page.get_by_role("tab", name="Why?").click()
    assert "norm" in page.locator(".panel li").inner_text()
    page.get_by_role("button", name="中文").click()
    note = page.locator(".panel li").inner_text()
    assert note.startswith("norm\uff1a")
    assert re.search("[a-z]{4}", note.replace("norm", "")) is None


def test_the_end_of_a_pass_names_what_has_no_gradient(open_page, explain):
    e = explain("""
import torch
w = torch.tensor([1.0, 2.0], requires_grad=True)
unused = torch.tensor(3.0, requires_grad=True)
loss = (w * 2).sum()
loss.backward()
""")
    page = open_page(page_of(e))
    page.keyboard.press("End")
    told = page.get_by_test_id("troubles")
    assert told.inner_text() == "unused: no gradient Why?"
    told.get_by_role("button").click()
    assert page.get_by_role("tab", name="Why?").get_attribute("aria-selected") == "true"
    page = open_page("not_a_number")
    page.keyboard.press("End")
    assert "NaN" in page.get_by_test_id("troubles").inner_text()


def test_arrays_of_one_number_say_so(open_page, explain):
    e = explain("""
import torch
w = torch.zeros(5, 2, requires_grad=True)
loss = (w * 0).sum()
loss.backward()
""")
    page = open_page(page_of(e))
    assert named(page, "w").locator("text.value").first.text_content() == "0 0 …"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_stop_of_the_tab_key_is_a_control_that_shows_its_focus(open_page, scheme):
    page = open_page("blocks", color_scheme=scheme)
    met = set()
    for _ in range(90):
        page.keyboard.press("Tab")
        kind, label, ring = page.evaluate("""() => {
          const e = document.activeElement, s = getComputedStyle(e);
          const drawn = e.querySelector('.halo, .plate');
          const ring = drawn ? getComputedStyle(drawn).stroke !== 'none' : s.outlineStyle === 'solid' && parseFloat(s.outlineWidth) >= 2;
          return [e.tagName, e.getAttribute('aria-label') || e.textContent.slice(0, 40) || e.title, ring];
        }""")
        if kind == "BODY":
            break
        assert label, kind
        assert ring, (kind, label)
        met.add(label)
    assert {"Play", "Step", "Zoom in", "Fold all", "Light or dark", "中文"} <= met
    assert any(label.startswith("Fold iteration 2 · gain = 2") for label in met)
    assert any(label.startswith("h₁, tanh") for label in met)


def test_lines_of_the_program_lead_to_their_steps_by_the_keyboard(open_page):
    page = open_page("graph")
    line = page.locator("button.no[tabindex='0']")
    assert line.get_attribute("aria-label") == "line 4: go to step 1"
    line.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator(".code .now").get_attribute("data-line") == "6"
    assert page.evaluate("document.activeElement.textContent") == "6"
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.textContent") == "5"


def test_the_sentence_for_screen_readers_has_the_numbered_names(open_page):
    model = json.loads((FIXTURES / "blocks.json").read_text(encoding="utf-8"))
    graph = model["models"][0]["graphs"][0]
    step = [n for n in graph["nodes"] if n["kind"] == "op"]
    first = next(i for i, n in enumerate(step) if n["name"] == "h") + 1
    page = open_page(model)
    for _ in range(first):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(250)
    spoken = page.locator(".panel .sr[aria-live]").text_content()
    assert spoken.endswith("tanh computes h₁")
