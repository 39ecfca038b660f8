/** The panel beside the graph: the step, a node, the training, a comparison, reasons. */

import type { App, Changed, Tab } from "../app";
import { h, refill } from "../dom";
import { comparePanel } from "./compare";
import { nodePanel } from "./node";
import { stepPanel, stepSentence } from "./step";
import { trainingPanel } from "./training";
import { troubled, whyPanel } from "./why";

const PANELS = { step: stepPanel, node: nodePanel, training: trainingPanel, compare: comparePanel, why: whyPanel };
const TITLES = { step: "tabStep", node: "tabNode", training: "tabTraining", compare: "tabCompare", why: "tabWhy" } as const;

function available(app: App): Tab[] {
  const tabs: Tab[] = ["step", "node"];
  if ((app.graph?.curves.length ?? 0) > 0 && (app.graph?.total ?? 0) > 1) tabs.push("training");
  if (app.page.models.length > 1) tabs.push("compare");
  if (troubled(app) || app.model.notes.length > 0) tabs.push("why");
  return tabs;
}

export function panelView(app: App): { element: HTMLElement; update: (changed: Changed) => void } {
  const tabs = h("div", { class: "tabs", role: "tablist", "aria-label": app.t("tabs") });
  const body = h("div", { class: "body", id: "panel", role: "tabpanel", tabindex: -1 });
  const spoken = h("p", { class: "sr", role: "status", "aria-live": "polite", "aria-atomic": "true" });
  const element = h("section", { class: "panel", "aria-label": app.t("tabs") }, tabs, body, spoken);
  let timer = 0;

  function fillTabs(): void {
    const all = available(app);
    const focused = document.activeElement?.getAttribute("data-tab");
    const move = (event: KeyboardEvent, i: number): void => {
      const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
      if (!by) return;
      event.preventDefault();
      event.stopPropagation();
      app.set({ tab: all[(i + by + all.length) % all.length]! });
      tabs.querySelector<HTMLElement>('[aria-selected="true"]')?.focus();
    };
    refill(
      tabs,
      all.map((tab, i) =>
        h(
          "button",
          {
            type: "button",
            role: "tab",
            id: `tab-${tab}`,
            "data-tab": tab,
            "aria-selected": String(tab === app.state.tab),
            "aria-controls": "panel",
            tabindex: tab === app.state.tab ? 0 : -1,
            click: () => app.set({ tab }),
            keydown: ((event: KeyboardEvent) => move(event, i)) as (event: never) => void,
          },
          app.t(TITLES[tab]),
          tab === "why" && troubled(app) && h("span", { class: "dot", role: "img", "aria-label": "!" }),
        ),
      ),
    );
    body.setAttribute("aria-labelledby", `tab-${app.state.tab}`);
    if (focused) tabs.querySelector<HTMLElement>(`[data-tab="${focused}"]`)?.focus();
  }

  function update(changed: Changed): void {
    const tab = available(app).includes(app.state.tab) ? app.state.tab : "step";
    fillTabs();
    // What had the focus is made anew: give it back to its successor.
    const focused = body.contains(document.activeElement) ? document.activeElement!.getAttribute("data-k") : null;
    const same = !changed("tab") && !changed("step") && !changed("selected") && !changed("graph") && !changed("model");
    const top = element.scrollTop;
    refill(body, PANELS[tab](app));
    body.dataset["tab"] = tab;
    element.scrollTop = same ? top : 0;
    if (focused) (body.querySelector<HTMLElement>(`[data-k="${focused}"]`) ?? body).focus({ preventScroll: true });
    if (changed("step") || changed("direction") || changed("graph")) {
      clearTimeout(timer);
      // Only where the reader rests: a sentence per step of a fast walk would never be heard.
      timer = window.setTimeout(() => (spoken.textContent = stepSentence(app)), 150);
    }
  }
  return { element, update };
}
