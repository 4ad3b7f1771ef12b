// Pointer, wheel, keyboard and buttons for an AirportMap.

const REACH = { mouse: 14, touch: 28, pen: 20 };
const DIRECTIONS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

/** Connect a map to its canvas and zoom buttons; `onSelect(airport or null)`, `onOpen(airport)`. */
export function steer(map, onSelect, onOpen) {
  const { canvas } = map;
  const choose = (airport) => {
    if (airport === map.selected) return;
    map.select(airport);
    onSelect(airport);
  };
  const zoom = (factor, ...place) => {
    map.zoomBy(factor, ...place);
    // One finger scrolls the page until there is something to move about in.
    canvas.classList.toggle("movable", map.view.zoom > 1);
  };
  let held = null;

  canvas.addEventListener("pointerdown", (event) => {
    held = { x: event.clientX, y: event.clientY, moved: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (held) {
      const [dx, dy] = [event.clientX - held.x, event.clientY - held.y];
      if (!held.moved && Math.hypot(dx, dy) < 5) return;
      map.panBy(dx, dy);
      held = { x: event.clientX, y: event.clientY, moved: true };
    } else if (event.pointerType === "mouse") {
      const airport = map.at(event.offsetX, event.offsetY, REACH.mouse);
      if (airport) choose(airport);
    }
  });
  canvas.addEventListener("pointerup", (event) => {
    if (held && !held.moved) choose(map.at(event.offsetX, event.offsetY, REACH[event.pointerType] ?? REACH.mouse));
    held = null;
  });
  canvas.addEventListener("pointercancel", () => {
    held = null;
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && map.view.zoom === 1 && event.deltaY > 0) return; // nothing to zoom out of: scroll
      event.preventDefault();
      zoom(2 ** (-event.deltaY / 240), event.offsetX, event.offsetY);
    },
    { passive: false },
  );
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (DIRECTIONS[event.key]) choose(map.towards(DIRECTIONS[event.key]) ?? map.selected);
    else if (event.key === "+" || event.key === "=") zoom(2, ...middle());
    else if (event.key === "-") zoom(0.5, ...middle());
    else if (event.key === "0") zoom(0);
    else if (event.key === "Escape") choose(null);
    else if (event.key === "Enter" && map.selected) onOpen(map.selected);
    else return;
    event.preventDefault();
  });
  for (const button of document.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => zoom(Number(button.dataset.zoom), ...middle()));
  }

  /** Zoom around the selected airport, or the middle of the map. */
  function middle() {
    return map.selected ? map.place(map.points[map.airports.indexOf(map.selected)]) : [];
  }
}
