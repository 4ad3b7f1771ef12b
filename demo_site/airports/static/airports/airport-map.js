// Draws airports and an outline on a canvas, and finds the airport at a place. It knows no endpoint and no form.

import { fit, rings } from "./projection.js";

const ZOOM_MAX = 64;

/** A map of airports ({ longitude, latitude, iata, name, icao }) on a canvas. */
export class AirportMap {
  /** `colours()` gives the colours { major, minor, land, coast, ink, paper }; asked anew at each drawing. */
  constructor(canvas, colours) {
    this.canvas = canvas;
    this.colours = colours;
    this.airports = [];
    this.outline = [];
    this.selected = null;
    this.view = { zoom: 1, x: 0, y: 0 };
    new ResizeObserver(() => this.fit()).observe(canvas);
    document.addEventListener("themechange", () => this.draw());
  }

  /** Start anew with another outline (GeoJSON geometry or null) and airports. */
  show(outline, airports) {
    this.outline = rings(outline);
    this.airports = airports;
    this.selected = null;
    this.view = { zoom: 1, x: 0, y: 0 };
    this.fit();
  }

  /** Compute the projection for the canvas's present size, and draw. */
  fit() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height) return;
    const ratio = window.devicePixelRatio || 1;
    Object.assign(this, { width, height, ratio });
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const places = this.airports.map((airport) => [airport.longitude, airport.latitude]);
    const projection = fit([...places, ...this.outline.flat()], width, height, Math.min(28, width * 0.05));
    const flat = ([longitude, latitude]) => [projection.x(longitude), projection.y(latitude)];
    this.points = places.map(flat);
    this.shapes = this.outline.map((ring) => ring.map(flat));
    this.draw();
  }

  /** Draw on the next frame; several calls before it are one. */
  draw() {
    if (this.pending || !this.points) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = null;
      this.paint();
    });
  }

  paint() {
    const context = this.canvas.getContext("2d");
    const colours = this.colours();
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    this.paintOutline(context, colours);
    const radius = this.radius();
    const drawn = this.paintDots(context, colours.minor, radius, (airport) => !airport.iata)
      + this.paintDots(context, colours.major, radius * 1.35, (airport) => airport.iata);
    if (this.selected) this.paintSelected(context, colours);
    this.canvas.dataset.drawn = drawn; // what was really put on the canvas; zoomed in, the rest lies outside
  }

  /** The more airports on the area, the smaller their dots. */
  radius() {
    const spacing = Math.sqrt((this.width * this.height) / Math.max(1, this.points.length));
    return Math.min(2.8, Math.max(0.6, spacing * 0.13)) * Math.min(2, this.view.zoom ** 0.35);
  }

  paintOutline(context, colours) {
    context.beginPath();
    for (const shape of this.shapes) {
      shape.forEach((point, i) => context[i ? "lineTo" : "moveTo"](...this.place(point)));
      context.closePath();
    }
    context.fillStyle = colours.land;
    context.fill("evenodd");
    context.strokeStyle = colours.coast;
    context.stroke();
  }

  paintDots(context, colour, radius, wanted) {
    context.fillStyle = colour;
    let drawn = 0;
    this.points.forEach((point, i) => {
      if (!wanted(this.airports[i])) return;
      const [x, y] = this.place(point);
      if (x < -radius || y < -radius || x > this.width + radius || y > this.height + radius) return;
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fill();
      drawn += 1;
    });
    return drawn;
  }

  paintSelected(context, colours) {
    const [x, y] = this.place(this.points[this.airports.indexOf(this.selected)]);
    context.strokeStyle = colours.ink;
    context.lineWidth = 2;
    context.beginPath();
    context.arc(x, y, 8, 0, 2 * Math.PI);
    context.stroke();
    context.font = "600 13px system-ui, sans-serif";
    const text = this.selected.iata ? `${this.selected.iata} ${this.selected.name}` : this.selected.name;
    const width = context.measureText(text).width;
    const left = Math.max(6, Math.min(x + 14, this.width - width - 10));
    const top = y > 34 ? y - 16 : y + 28;
    context.lineWidth = 4;
    context.strokeStyle = colours.paper;
    context.strokeText(text, left, top);
    context.fillStyle = colours.ink;
    context.fillText(text, left, top);
    context.lineWidth = 1;
  }

  /** Where a projected point lies on the canvas at the present zoom. */
  place([x, y]) {
    return [x * this.view.zoom + this.view.x, y * this.view.zoom + this.view.y];
  }

  select(airport) {
    this.selected = airport;
    if (airport) this.reveal(this.points[this.airports.indexOf(airport)]);
    this.draw();
  }

  /** Move the view so that a point is inside. */
  reveal(point) {
    const [x, y] = this.place(point);
    if (x < 0 || x > this.width) this.view.x += this.width / 2 - x;
    if (y < 0 || y > this.height) this.view.y += this.height / 2 - y;
    this.hold();
  }

  /** Zoom by a factor around a place on the canvas (its middle by default); 0 shows everything. */
  zoomBy(factor, x = this.width / 2, y = this.height / 2) {
    const zoom = Math.min(ZOOM_MAX, Math.max(1, factor ? this.view.zoom * factor : 1));
    const change = zoom / this.view.zoom;
    this.view = { zoom, x: x - (x - this.view.x) * change, y: y - (y - this.view.y) * change };
    this.hold();
    this.draw();
  }

  panBy(dx, dy) {
    this.view.x += dx;
    this.view.y += dy;
    this.hold();
    this.draw();
  }

  /** Keep the map over the canvas. */
  hold() {
    const { zoom } = this.view;
    this.view.x = Math.min(0, Math.max(this.width * (1 - zoom), this.view.x));
    this.view.y = Math.min(0, Math.max(this.height * (1 - zoom), this.view.y));
  }

  /** The airport nearest to a place on the canvas, at most `reach` pixels away, or null. */
  at(x, y, reach) {
    return this.best(([px, py]) => {
      const distance = Math.hypot(px - x, py - y);
      return distance <= reach ? distance : Infinity;
    });
  }

  /** The next airport from the selected one in a direction ([1, 0] is right), or null at the edge. */
  towards([dx, dy]) {
    if (!this.selected) return this.at(this.width / 2, this.height / 2, Infinity);
    const [x, y] = this.place(this.points[this.airports.indexOf(this.selected)]);
    return this.best(([px, py]) => {
      const along = (px - x) * dx + (py - y) * dy;
      const aside = Math.abs((px - x) * dy) + Math.abs((py - y) * dx);
      return along > 0.01 && aside <= 2 * along ? along + 2 * aside : Infinity;
    });
  }

  /** The airport whose place has the lowest finite cost, or null. */
  best(cost) {
    let [found, lowest] = [null, Infinity];
    this.points?.forEach((point, i) => {
      const value = cost(this.place(point));
      if (value < lowest) [found, lowest] = [this.airports[i], value];
    });
    return found;
  }
}
