"""The page of `dualtape explain` in a real browser: what it shows is what the model says.

Needs Playwright's Python package and a Chromium (`DUALTAPE_CHROMIUM` names another than Debian's); skipped without.
Pictures of the page go to build/screenshots.
"""

import base64
import gzip
import json
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "web" / "fixtures"
PICTURES = ROOT / "build" / "screenshots"


def fixture(name):
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


def elements(graph, slot, run=0):
    value = graph["runs"][run]["values"][slot]
    return value if isinstance(value, list) else [value]


def shown(locator):
    """The numbers in a part of the page, at full precision."""
    return [
        float(t)
        for t in locator.locator(".matrix td, .scalar").evaluate_all("all => all.map(e => e.title)")
    ]


def until(page, condition):
    """Wait for a condition. Playwright's own waiting evaluates strings in the page, which the page forbids."""
    end = time.monotonic() + 10
    while not page.evaluate(condition):
        assert time.monotonic() < end, condition
        page.wait_for_timeout(50)


def step_of(page):
    return int(page.locator(".count").inner_text().split("/")[0])


def test_it_steps_to_the_end_and_every_number_is_the_models(open_page):
    model = fixture("graph")
    graph = model["models"][0]["graphs"][0]
    (run,) = graph["passes"]
    page = open_page("graph")
    assert "graph.py" in page.title()
    assert page.locator(".node").count() == len(graph["nodes"])
    # Nothing is computed yet, and that is no zero.
    assert page.locator("[data-id='2'] .cell.pending").count() == 2
    assert page.locator("[data-id='2'] text.value").count() == 0

    operations = [i for i, node in enumerate(graph["nodes"]) if node["kind"] == "op"]
    for i in operations:
        page.keyboard.press("ArrowRight")
        assert "now" in page.locator(f"[data-id='{i}']").get_attribute("class")
        result = page.locator(".panel .sums").last
        assert shown(result) == elements(graph, graph["nodes"][i]["outs"][0])
    page.keyboard.press("ArrowRight")  # the seed
    assert shown(page.locator(".panel .sums")) == elements(graph, run["roots"][0]["cotangent"])
    for step in run["steps"]:
        page.keyboard.press("ArrowRight")
        assert shown(page.get_by_test_id("incoming")) == elements(graph, step["cotangents"][0])
        flows = page.locator("section.flow")
        assert flows.count() == len(step["to"])
        for i, to in enumerate(step["to"]):
            total = flows.nth(i).get_by_test_id("sum").locator(".after")
            assert shown(total) == elements(graph, to["after"])
    page.keyboard.press("ArrowRight")
    (result,) = run["results"]
    assert shown(page.locator(".row.accumulated").last)[-4:] == elements(graph, result["gradient"])
    assert page.locator(".cell.pending").count() == 0
    assert page.locator("button[aria-label='Next step']").is_disabled()
    assert page.locator(".code .now .no").inner_text() == "7"  # out.backward()


def test_formulas_are_mathematics_with_names_and_numbers(open_page):
    page = open_page("graph")
    for _ in range(7):
        page.keyboard.press("ArrowRight")
    text = page.locator("section.flow").first.inner_text()
    assert "∂" in text
    assert page.locator("math mtable").count() > 0
    size = page.locator(".maths math").first.bounding_box()
    assert size["width"] > 20
    assert size["height"] > 10


def test_buttons_slider_and_keys_agree(open_page):
    page = open_page("graph")
    page.get_by_role("button", name="Last step").click()
    last = step_of(page)
    page.get_by_role("button", name="Previous step").click()
    assert step_of(page) == last - 1
    page.get_by_role("button", name="First step").click()
    assert step_of(page) == 0
    slider = page.get_by_role("slider", name="Step")
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert step_of(page) == 2
    slider.blur()
    page.keyboard.press("End")
    assert step_of(page) == last
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    until(page, "parseInt(document.querySelector('.count').textContent) > 1")
    page.keyboard.press(" ")
    stopped = step_of(page)
    page.wait_for_timeout(900)
    assert step_of(page) == stopped
    page.locator("[data-line='6']").click()
    assert page.locator(".code .now").get_attribute("data-line") == "6"


def test_the_keyboard_reaches_everything(open_page):
    page = open_page("graph")
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll('button, input, select, [role=button], [role=tab], [role=img]')]
          .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.title)).length"""
    )
    assert unnamed == 0
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('data-id')") == "2":
            break
    assert page.evaluate("document.activeElement.getAttribute('data-id')") == "2"
    label = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert label.startswith("y, add")
    assert "not computed yet" in label
    ring = page.locator("[data-id='2'] .halo").evaluate("e => getComputedStyle(e).stroke")
    assert ring != "none"
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.getAttribute('data-id')") == "3"
    page.keyboard.press("Enter")
    assert page.get_by_role("tab", name="Node").get_attribute("aria-selected") == "true"
    assert page.locator("[data-id='3']").get_attribute("aria-pressed") == "true"
    # The tabs move with arrows, and do not step.
    page.get_by_role("tab", name="Node").focus()
    page.keyboard.press("ArrowLeft")
    assert page.get_by_role("tab", name="Step").get_attribute("aria-selected") == "true"
    assert step_of(page) == 0
    # What a step does is said.
    page.locator("body").press("End")
    until(
        page, "document.querySelector('.panel [aria-live]').textContent.includes('All gradients')"
    )


def test_a_node_shows_its_jacobian(open_page):
    page = open_page("graph")
    page.keyboard.press("End")
    page.locator("[data-id='3']").click()
    page.get_by_role("button", name="∂ v₃ / ∂ y").click()
    jacobian = shown(page.get_by_test_id("jacobian"))
    assert jacobian == [6.0 if i % 5 == 0 else 0.0 for i in range(16)]
    assert shown(page.get_by_test_id("value")) == [9.0] * 4
    assert shown(page.get_by_test_id("gradient")) == [0.75] * 4


def test_the_language_is_switched_and_remembered(open_page):
    page = open_page("graph", locale="en-US")
    assert page.locator("html").get_attribute("lang") == "en"
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="中文").click()
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert page.get_by_role("tab", name="步骤").is_visible()
    assert "计算 y" in page.locator(".panel h2").inner_text()
    assert step_of(page) == 1
    page.reload()
    assert page.get_by_role("tab", name="步骤").is_visible()
    chinese = open_page("graph", locale="zh-CN")
    assert chinese.get_by_role("tab", name="步骤").is_visible()


def test_light_and_dark(open_page):
    page = open_page("graph", color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.keyboard.press("t")
    light = page.evaluate(ground)
    assert dark != light
    page.reload()
    assert page.evaluate(ground) == light


def test_iterations_and_curves(open_page):
    model = fixture("regression")
    graph = model["models"][0]["graphs"][0]
    page = open_page("regression")
    page.get_by_role("tab", name="Training").click()
    assert page.locator(".curve").count() >= 3
    w = next(i for i, node in enumerate(graph["nodes"]) if node["name"] == "w")
    cell = page.locator(f"[data-id='{w}'] text.value").first
    first = cell.text_content()
    for _ in range(3):
        page.keyboard.press("]")
    number = graph["runs"][3]["number"]
    assert page.locator(".panel h2").inner_text() == f"Iteration {number + 1} of {graph['total']}"
    assert cell.text_content() != first
    value = elements(graph, graph["nodes"][w]["outs"][0], 3)[0]
    assert float(cell.text_content().replace("\u2212", "-")) == pytest.approx(value, rel=1e-4)
    slider = page.get_by_role("slider", name="Iteration")
    slider.focus()
    page.keyboard.press("End")
    assert str(graph["runs"][-1]["number"] + 1) in page.locator(".iterations output").inner_text()


def test_the_third_act_is_the_update(open_page):
    model = fixture("regression")["models"][0]
    (graph,) = model["graphs"]
    page = open_page("regression")
    page.keyboard.press("End")
    for u in reversed(graph["updates"]):
        leaf = graph["nodes"][u["leaf"][0]]
        assert page.locator(".phase").inner_text() == "update"
        assert page.locator(".panel h2").inner_text() == f"{leaf['name']} is updated"
        slots = (leaf["outs"][0], u["change"], u["value"])
        expected = [x for slot in slots for x in elements(graph, slot)]
        assert shown(page.get_by_test_id("update")) == expected
        assert shown(page.locator(".row.incoming")) == elements(graph, u["gradient"])
        assert "change / gradient = \u22120.05" in page.get_by_test_id("ratio").inner_text()
        assert page.locator(".code .now.upd").get_attribute("data-line") == str(
            model["places"][u["place"]][1]
        )
        card = page.locator(f"[data-id='{u['leaf'][0]}']")
        assert card.locator(".cell.updated").count() == 1
        assert "now upd" in card.get_attribute("class")
        page.keyboard.press("ArrowLeft")
    assert page.locator(".cell.updated").count() == 0
    # The last iteration ends with what the program ends with; the others with what the next begins with.
    page.keyboard.press("End")
    after = page.get_by_test_id("update").locator(".after")
    u = graph["updates"][-1]
    for run in (0, 1, len(graph["runs"]) - 1):
        page.get_by_role("slider", name="Iteration").fill(str(run))
        assert shown(after) == elements(graph, u["value"], run)
    until(page, "document.querySelector('.panel [aria-live]').textContent.includes('changed by')")
    page.locator(f"[data-id='{u['leaf'][0]}']").click()
    assert shown(page.get_by_test_id("updated")) == elements(graph, u["value"], run)
    page.get_by_role("button", name="中文").click()
    page.get_by_role("tab", name="步骤").click()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    until(page, "document.querySelector('.panel [aria-live]').textContent.includes('变化 ')")
    said = page.locator(".panel [aria-live]").text_content()
    assert not {": ", ", ", "; "} & {said[i : i + 2] for i in range(len(said))}


def test_an_iteration_without_an_update_says_so(open_page):
    model = fixture("regression")
    graph = model["models"][0]["graphs"][0]
    u = graph["updates"][-1]
    graph["runs"][0]["values"][u["value"]] = "None"
    page = open_page(model)
    page.keyboard.press("End")
    assert "stays as it is" in page.locator(".panel h2").inner_text()
    assert page.locator("section.flow").count() == 0
    value = graph["nodes"][u["leaf"][0]]["outs"][0]
    cell = page.locator(f"[data-id='{u['leaf'][0]}'] text.value").first.text_content()
    assert float(cell.replace("\u2212", "-")) == pytest.approx(elements(graph, value)[0], rel=1e-4)


def test_none_is_not_zero_and_not_pending(open_page):
    model = fixture("not_a_number")
    graph = model["models"][0]["graphs"][0]
    scale = next(i for i, n in enumerate(graph["nodes"]) if n["name"] == "detached")
    why = model["models"][0]["why"]
    assert why
    why.append(why[0] | {"kind": "none", "name": "scale", "at": {"graph": 0, "node": scale}})
    page = open_page(model)
    cell = page.locator(f"[data-id='{scale}'] .cell.gradient")
    assert "pending" in cell.get_attribute("class")
    page.keyboard.press("End")
    assert "nothing" in cell.get_attribute("class")
    assert page.locator(f"[data-id='{scale}'] text.none").text_content() == "None"
    page.locator(f"[data-id='{scale}']").click()
    assert page.get_by_test_id("gradient").inner_text() == "None"


def test_a_question_mark_shows_the_keys(open_page):
    page = open_page("graph")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    assert dialog.locator("dd").count() >= 8
    page.keyboard.press("ArrowRight")
    assert step_of(page) == 0
    page.keyboard.press("?")
    assert dialog.count() == 0
    page.keyboard.press("?")
    page.keyboard.press("Escape")
    assert dialog.count() == 0
    page.keyboard.press("ArrowRight")
    assert step_of(page) == 1


def test_blocks_fold_and_unfold(open_page):
    page = open_page("mlp")
    everything = page.locator(".node").count()
    page.get_by_role("button", name="Fold all").click()
    folded = page.locator(".node.group")
    assert folded.count() >= 1
    assert page.locator(".node").count() < everything
    folded.first.focus()
    page.keyboard.press("Enter")
    frame = page.locator(".frame.label").first
    assert frame.get_attribute("aria-expanded") == "true"
    frame.focus()
    page.keyboard.press("Enter")
    assert page.locator(".frame").count() == 0
    page.get_by_role("button", name="Unfold all").click()
    assert page.locator(".frame").count() >= 1
    assert page.locator("image").count() > 0  # heat maps in the cards


def test_a_pass_from_several_roots_names_all_of_them(open_page):
    model = fixture("graph")
    graph = model["models"][0]["graphs"][0]
    (run,) = graph["passes"]
    z = next(i for i, node in enumerate(graph["nodes"]) if node["name"] == "z")
    run["roots"].append({"at": [z, 0], "cotangent": graph["nodes"][z]["outs"][0]})
    page = open_page(model)
    for _ in range(sum(node["kind"] == "op" for node in graph["nodes"]) + 1):
        page.keyboard.press("ArrowRight")
    assert page.locator(".panel h2").inner_text().startswith("The way back starts at out, z: ")
    assert page.locator(".panel .sums > .labelled").count() == 2


def test_large_arrays_are_heat_maps_with_statistics(open_page):
    page = open_page("mlp")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    heat = page.locator(".heat").first
    canvas = heat.locator("canvas")
    assert "Heat map of" in canvas.get_attribute("aria-label")
    colors = canvas.evaluate(
        "c => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size"
    )
    assert colors > 8
    assert "mean" in heat.inner_text()


def test_search_finds_and_marks(open_page):
    page = open_page("graph")
    page.keyboard.press("/")
    page.keyboard.type("mean")
    assert page.locator(".node.match").count() == 1
    assert "1 of 7" in page.locator(".found").inner_text()
    page.keyboard.press("Enter")
    assert page.locator(".panel h2").inner_text() == "out"
    page.locator("input[type=search]").press("Escape")
    assert page.locator(".node.match").count() == 0


def test_forward_mode_shows_tangents(open_page):
    model = fixture("graph")
    graph = model["models"][0]["graphs"][0]
    page = open_page("graph")
    page.get_by_role("button", name="Forward", exact=True).click()
    page.keyboard.press("End")
    slot = graph["tangents"][0]["nodes"][-1][0]
    assert shown(page.locator(".row.accumulated").last) == elements(graph, slot)
    # A constant does not depend on the leaf: its tangent is exactly zero, not missing.
    assert page.locator(".node.now .cell.tangent.pending").count() == 0


def test_two_runs_are_compared(open_page):
    one, other = fixture("graph"), fixture("graph")
    graph = other["models"][0]["graphs"][0]
    slot = graph["nodes"][5]["outs"][0]
    graph["runs"][0]["values"][slot][2] = 28.5
    page = open_page({"format": 1, "models": [one["models"][0], other["models"][0]]})
    assert page.get_by_role("tab", name="Compare").get_attribute("aria-selected") == "true"
    assert "1 of 7" in page.locator(".panel h2").inner_text()
    assert page.locator(".diff").inner_text().count("1.5") == 1
    assert page.locator(".node.differs").get_attribute("data-id") == "5"


def test_a_comparison_looks_at_all_iterations_and_at_updates(open_page):
    one, other = fixture("regression"), fixture("regression")
    pages = [one["models"][0], other["models"][0]]
    page = open_page({"format": 1, "models": pages})
    assert page.locator(".panel h2").inner_text() == "Equal in every number."

    (graph,) = other["models"][0]["graphs"]
    (u, *_), run = graph["updates"], 3
    slot = u["value"]
    graph["runs"][run]["values"][slot] = [x + 0.5 for x in elements(graph, slot, run)]
    page = open_page({"format": 1, "models": pages})
    assert page.locator(".panel h2").inner_text() == "Equal in this iteration."
    page.get_by_test_id("elsewhere").get_by_role("button").click()
    assert page.locator(".iterations output").inner_text().startswith(f"{run + 1} of")
    assert "1 of" in page.locator(".panel h2").inner_text()
    assert page.locator(".diff td").all_inner_texts()[1:] == ["=", "=", "0.5"]
    assert page.locator(".node.differs").get_attribute("data-id") == str(u["leaf"][0])


def test_what_only_carries_tangents_opens_in_forward_mode(open_page):
    model = fixture("graph")
    (graph,) = model["models"][0]["graphs"]
    graph["passes"] = []
    graph["tangents"][0]["leaf"] = -1
    page = open_page(model)
    page.keyboard.press("ArrowRight")
    assert page.locator(".node.now .cell.tangent").count() > 0


def test_the_picture_cannot_be_lost(open_page):
    page = open_page("graph")
    page.mouse.move(700, 400)
    for by in (-9000, 9000):
        for _ in range(5):
            page.mouse.wheel(by, by)
        page.wait_for_timeout(100)
        assert page.evaluate(
            """() => { const b = document.querySelector('.graph').getBoundingClientRect();
              return [...document.querySelectorAll('.graph svg > g')].map(e => e.getBoundingClientRect()).every(
                r => r.right > b.left && r.left < b.right && r.bottom > b.top && r.top < b.bottom); }"""
        )


def test_reasons_are_given(open_page):
    model = fixture("graph")
    model["models"][0]["why"] = [
        {
            "kind": "none",
            "name": "h",
            "at": None,
            "cause": "detached",
            "operation": None,
            "culprit": {"graph": 0, "node": 2},
            "place": 0,
            "also": [],
            "reason": "the value was detached here",
            "advice": "Leave out detach().",
            "certain": True,
        }
    ]
    page = open_page(model, locale="zh-CN")
    page.get_by_role("tab", name="为什么").click()
    text = page.locator(".why").inner_text()
    assert "detach() 切断了" in text
    assert "the value was detached here" in text
    page.locator(".why button").click()
    assert page.locator(".panel h2").inner_text() == "y"


def test_a_program_that_failed_shows_where(open_page):
    page = open_page("failing")
    assert page.locator(".code .failed .no").inner_text() == "6"
    page.get_by_role("tab", name="Why").click()
    assert "RuntimeError" in page.locator(".why").inner_text()


WALK = """() => {
  const press = (key) => document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
  const next = () => document.querySelector('.steps .keys button:nth-child(4)');
  let steps = 0;
  press('Home');
  while (!next().disabled && steps < 500) { press('ArrowRight'); steps++; }
  for (const id of [...document.querySelectorAll('.node')].map(n => n.dataset.id)) {
    document.querySelector(`.node[data-id="${id}"]`)?.dispatchEvent(new MouseEvent('click', {bubbles: true}));
    for (const key of ['jac0', 'jac1']) document.querySelector(`[data-k=${key}]`)?.click();
  }
  for (const tab of ['training', 'why', 'step']) document.querySelector(`[data-tab=${tab}]`)?.click();
  return steps; }"""


@pytest.mark.parametrize("name", sorted(f.stem for f in FIXTURES.glob("*.json")))
def test_every_step_and_node_is_shown(open_page, name):
    page = open_page(name)
    count = int(page.locator(".count").inner_text().split("/")[1])
    assert page.evaluate(WALK) == count
    forward = page.get_by_role("button", name="Forward", exact=True)
    if forward.is_visible():
        forward.click()
        assert page.evaluate(WALK) > 0
    text = page.locator("#app").inner_text()
    assert not {"undefined", "[object", "{name}"} & set(text.split())


def test_data_may_be_compressed(open_page):
    packed = gzip.compress(json.dumps(fixture("graph")).encode())
    page = open_page(b"gzip:" + base64.b64encode(packed))
    page.keyboard.press("ArrowRight")
    assert page.locator(".panel h2").inner_text() == "add computes y"


def test_data_that_is_no_model_is_reported(browser, page_file):
    page = browser.new_page()
    page.goto(page_file({"format": 99}).as_uri())
    page.wait_for_selector("#app p")
    assert "format 99" in page.locator("#app").inner_text()
    page.close()


def chain(count, loop=False):
    """A program of `count` operations, each of the one before, with its backward pass; in calls or in iterations of 50."""
    nodes = [{"kind": "leaf", "op": "", "name": "x", "outs": [0], "inputs": []}]
    nodes += [{"kind": "op", "op": "mul", "name": None} for _ in range(count - 1)]
    for i, node in enumerate(nodes):
        node |= {"text": None, "formula": None, "place": None, "recorded": True}
        node |= {"block": (i - 1) // 50 if i else -1, "outs": [i]}
        node |= {"inputs": [[i - 1, 0], [max(0, i - 7), 0]] if i else []}
    arrived = [2 * count - 1 - i for i in range(count)]
    steps = [
        {
            "node": i,
            "cotangents": [arrived[i]],
            "to": [
                {
                    "input": 0,
                    "target": [i - 1, 0],
                    "local": -1,
                    "localKind": "none",
                    "product": -1,
                    "value": arrived[i - 1],
                    "before": -1,
                    "after": arrived[i - 1],
                }
            ],
        }
        for i in range(count - 1, 0, -1)
    ]
    blocks = [
        {"parent": -1, "kind": "function", "name": "step", "type": "", "place": None, "shape": 0}
        for _ in range((count - 2) // 50 + 1)
    ]
    if loop:
        for i, block in enumerate(blocks):
            block |= {"parent": 0, "kind": "iteration", "name": f"t = {i}", "number": i}
        blocks.insert(
            0, {**blocks[0], "parent": -1, "kind": "loop", "name": "for t in x", "count": 9}
        )
        for node in nodes[1:]:
            node["block"] += 1
    result = {"at": [0, 0], "gradient": arrived[0], "gradBefore": -1, "gradAfter": arrived[0]}
    graph = {
        "key": "chain",
        "title": "chain",
        "place": None,
        "nodes": nodes,
        "blocks": blocks,
        "passes": [
            {
                "kind": "backward",
                "place": None,
                "after": count,
                "roots": [{"at": [count - 1, 0], "cotangent": arrived[-1]}],
                "steps": steps,
                "results": [result],
                "recorded": False,
            }
        ],
        "slots": [0] * (2 * count),
        "total": 1,
        "runs": [{"number": 0, "values": [i / 7 for i in range(2 * count)]}],
        "curves": [],
        "tangents": [],
    }
    model = fixture("graph")["models"][0] | {"graphs": [graph], "places": [], "formulas": []}
    return {"format": 1, "models": [model | {"avals": [{"shape": [], "dtype": "float32"}]}]}


@pytest.mark.parametrize("loop", [False, True])
def test_ten_thousand_nodes(open_page, loop):
    page = open_page(chain(10_000, loop))
    assert page.locator(".node").count() < 60  # only what is in sight
    # Two seconds on an idle machine, where sorting takes a quarter of one; a busy one takes longer for both.
    sort = """() => { const began = performance.now();
      Float64Array.from({length: 3e5}, (_, i) => Math.sin(i * i)).sort((a, b) => a - b);
      return performance.now() - began; }"""
    idle = page.evaluate(sort)
    took = page.evaluate(
        """() => { const began = performance.now();
          [...document.querySelectorAll('.tools button')].find(b => b.textContent === 'Unfold all').click();
          return performance.now() - began; }"""
    )
    assert took < max(2000, 8 * max(idle, page.evaluate(sort)))
    assert page.locator(".node").count() < 120
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.mouse.move(700, 400)
    for _ in range(10):
        page.mouse.wheel(0, 400)
    page.keyboard.press("0")
    page.wait_for_selector("path.far.graded")  # all of it at once, as one path
    page.locator("input[type=search]").fill("v₄₃₂₁")
    page.wait_for_selector(".node.match")


@pytest.mark.parametrize(
    ("name", "width", "scheme", "locale"),
    [
        ("graph", 1440, "light", "en-US"),
        ("graph", 1440, "dark", "zh-CN"),
        ("graph", 390, "light", "zh-CN"),
        ("regression", 900, "light", "en-US"),
        ("mlp", 1440, "light", "en-US"),
        ("not_a_number", 390, "dark", "en-US"),
        ("blocks", 1440, "light", "en-US"),
        ("blocks", 1440, "dark", "zh-CN"),
    ],
)
def test_pictures_are_kept(open_page, name, width, scheme, locale):
    PICTURES.mkdir(parents=True, exist_ok=True)
    page = open_page(name, width, 900, color_scheme=scheme, locale=locale)
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    # Nothing is wider than the window, and what is to be clicked is in it.
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.locator(".steps").bounding_box()
    assert box["y"] + box["height"] <= 901
    page.screenshot(path=PICTURES / f"{name}-{width}-{scheme}-{locale[:2]}.png")
