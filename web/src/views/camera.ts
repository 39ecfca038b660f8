/** What part of a picture is looked at: moving, zooming, flying to a place. */

import type { Place } from "../layout";

/** Below this scale no text can be read. */
export const FAR = 0.23;
const MARGIN = 160;
/** So much of the picture stays in sight. */
const EDGE = 80;

export interface Camera {
  readonly view: { x: number; y: number; k: number };
  readonly moved: number;
  /** The part of the picture that is in sight, and a margin around it. */
  sight(): { left: number; top: number; right: number; bottom: number };
  zoom(factor: number, cx?: number, cy?: number): void;
  /** How large the picture is: it cannot be pushed out of sight. */
  hold(size: { width: number; height: number }): void;
  fit(size: { width: number; height: number }, whole?: boolean): void;
  reveal(place: Place, atOnce: boolean): void;
  /** Bring a box that is out of sight to the left or right into the middle. */
  centre(place: Place): void;
}

/** The camera of a picture in an element; `draw` is called when it has moved. */
export function cameraOf(element: HTMLElement, picture: SVGSVGElement, draw: () => void): Camera {
  let view = { x: 0, y: 0, k: 1 };
  let moved = 0;
  let size = { width: Infinity, height: Infinity };

  /** Move, as far as some of the picture stays in sight. */
  function pan(dx: number, dy: number): void {
    const { width, height } = picture.getBoundingClientRect();
    const within = (to: number, extent: number, free: number): number => Math.min(free - EDGE, Math.max(EDGE - extent * view.k, to));
    view = { ...view, x: within(view.x + dx, size.width, width), y: within(view.y + dy, size.height, height) };
  }

  function sight(): { left: number; top: number; right: number; bottom: number } {
    const { width, height } = picture.getBoundingClientRect();
    const room = MARGIN / view.k;
    return {
      left: -view.x / view.k - room,
      top: -view.y / view.k - room,
      right: (width - view.x) / view.k + room,
      bottom: (height - view.y) / view.k + room,
    };
  }

  let frame = 0;
  function redraw(): void {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      draw();
    });
  }

  function zoom(factor: number, cx?: number, cy?: number): void {
    const { width, height } = picture.getBoundingClientRect();
    const px = cx ?? width / 2;
    const py = cy ?? height / 2;
    const k = Math.max(0.02, Math.min(2.5, view.k * factor));
    view = { k, x: px - ((px - view.x) * k) / view.k, y: py - ((py - view.y) * k) / view.k };
    redraw();
  }

  /** The whole graph if it can be read so, else its top in full width. */
  function fit({ width: w, height: hh }: { width: number; height: number }, whole = true): void {
    const { width, height } = picture.getBoundingClientRect();
    if (!width || !height) return;
    const room = 34;
    // Buttons above.
    const [above, below] = [54, 16];
    const free = height - above - below;
    const all = Math.min((width - 2 * room) / Math.max(w, 1), free / Math.max(hh, 1), 1.15);
    const k = whole || all > 0.6 ? Math.max(0.02, all) : Math.max(all, Math.min(1, Math.max(0.62, (width - 2 * room) / Math.max(w, 1))));
    view = { k, x: (width - w * k) / 2, y: hh * k < free ? above + (free - hh * k) / 2 : above };
    draw();
  }

  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let flight = 0;

  /** Bring a box into view, if it is not in it. */
  function reveal(place: Place, atOnce: boolean): void {
    const { width, height } = picture.getBoundingClientRect();
    if (!width) return;
    const left = (place.x - place.width / 2) * view.k + view.x;
    const top = (place.y - place.height / 2) * view.k + view.y;
    const [w, hh] = [place.width * view.k, place.height * view.k];
    if (left > 10 && top > 46 && left + w < width - 10 && top + hh < height - 10 && view.k >= FAR) return;
    const k = Math.max(view.k, 0.6);
    const to = { k, x: width / 2 - place.x * k, y: height / 2 - place.y * k };
    cancelAnimationFrame(flight);
    if (atOnce || still.matches) {
      view = to;
      draw();
      return;
    }
    const from = { ...view };
    const began = performance.now();
    const fly = (now: number): void => {
      const t = Math.min(1, (now - began) / 220);
      const e = 1 - (1 - t) ** 3;
      view = { k: from.k + (to.k - from.k) * e, x: from.x + (to.x - from.x) * e, y: from.y + (to.y - from.y) * e };
      draw();
      if (t < 1) flight = requestAnimationFrame(fly);
    };
    flight = requestAnimationFrame(fly);
  }

  const fingers = new Map<number, { x: number; y: number }>();
  element.addEventListener("pointerdown", (event) => {
    if ((event.target as Element).closest(".tools") || event.button !== 0) return;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    moved = 0;
  });
  element.addEventListener("pointermove", (event) => {
    const last = fingers.get(event.pointerId);
    if (!last) return;
    const [dx, dy] = [event.clientX - last.x, event.clientY - last.y];
    moved += Math.abs(dx) + Math.abs(dy);
    if (moved > 4 && !element.hasPointerCapture(event.pointerId)) {
      element.setPointerCapture(event.pointerId);
      element.classList.add("dragging");
    }
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const size = (x: number, y: number): number => Math.hypot(x - other.x, y - other.y);
      const box = picture.getBoundingClientRect();
      zoom(size(event.clientX, event.clientY) / Math.max(1, size(last.x, last.y)), other.x - box.left, other.y - box.top);
    } else {
      pan(dx, dy);
      redraw();
    }
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  const release = (event: PointerEvent): void => {
    fingers.delete(event.pointerId);
    element.classList.remove("dragging");
  };
  element.addEventListener("pointerup", release);
  element.addEventListener("pointercancel", release);
  element.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const box = picture.getBoundingClientRect();
      if (event.ctrlKey || event.metaKey) zoom(Math.exp(-event.deltaY * 0.004), event.clientX - box.left, event.clientY - box.top);
      else {
        const unit = event.deltaMode === 1 ? 20 : 1;
        const [dx, dy] = event.shiftKey ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
        pan(-dx * unit, -dy * unit);
        redraw();
      }
    },
    { passive: false },
  );

  return {
    sight,
    zoom,
    fit,
    reveal,
    centre(place) {
      const { width } = picture.getBoundingClientRect();
      const [left, right] = [-1, 1].map((side) => (place.x + (side * place.width) / 2) * view.k + view.x);
      if (!width || (left! > 0 && right! < width)) return;
      view = { ...view, x: width / 2 - place.x * view.k };
      draw();
    },
    hold(extent) {
      size = extent;
    },
    get view() {
      return view;
    },
    /** How far the pointer went since it was pressed: a click moves little. */
    get moved() {
      return moved;
    },
  };
}
