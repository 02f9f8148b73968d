// The disconnectivity graph on a canvas.

// Viridis in eight steps, mixed in between: rises evenly in lightness.
const VIRIDIS = ["#440154", "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39", "#fde725"]
  .map((text) => [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16)));
const SHADES = 24;

function shade(share) {
  const at = Math.min(Math.max(share, 0), 1) * (VIRIDIS.length - 1), i = Math.min(Math.floor(at), VIRIDIS.length - 2);
  const mixed = VIRIDIS[i].map((v, k) => Math.round(v + (at - i) * (VIRIDIS[i + 1][k] - v)));
  return `rgb(${mixed.join(",")})`;
}

// Room around the graph for the axis and its numbers.
const MARGIN = { left: 78, right: 14, top: 12, bottom: 24 };

class Graph {
  constructor(canvas, network, data, options) {
    Object.assign(this, { canvas, network, data, ...options });
    this.pen = canvas.getContext("2d");
    const x = network.x.slice(0, network.leaves);
    const low = data.energy[network.lowest];
    const span = data.top - low || 1;
    this.all = { x0: Math.min(...minmax(x)) - 1, x1: Math.max(...minmax(x)) + 1, y0: low - 0.04 * span, y1: data.top };
    this.byX = [...x.keys()].sort((a, b) => x[a] - x[b]);
    this.byEnergy = [...x.keys()].sort((a, b) => data.energy[a] - data.energy[b] || a - b);
    this.marks = {};
    this.shadeOf = null;
    this.view = { ...this.all };
    this.listen();
  }

  // Screen places of coordinates and energies, and back.
  sx(x) { return MARGIN.left + ((x - this.view.x0) / (this.view.x1 - this.view.x0)) * this.wide; }
  sy(y) { return MARGIN.top + ((this.view.y1 - y) / (this.view.y1 - this.view.y0)) * this.tall; }
  wx(sx) { return this.view.x0 + ((sx - MARGIN.left) / this.wide) * (this.view.x1 - this.view.x0); }
  wy(sy) { return this.view.y1 - ((sy - MARGIN.top) / this.tall) * (this.view.y1 - this.view.y0); }

  colourBy(values) {
    if (!values) {
      this.shadeOf = null;
    } else {
      const [low, high] = minmax(values.filter((v) => v !== null));
      this.shadeOf = values.map((v) => (v === null ? -1 : Math.round(((v - low) / (high - low || 1)) * SHADES)));
    }
    this.draw();
  }

  fit() { this.view = { ...this.all }; this.draw(); }

  zoom(factor, at) {
    const { view, all } = this, [cx, cy] = at || [(view.x0 + view.x1) / 2, (view.y0 + view.y1) / 2];
    const least = { x: Math.min(4, all.x1 - all.x0), y: (all.y1 - all.y0) * 1e-6 };
    const wide = Math.min(Math.max((view.x1 - view.x0) / factor, least.x), 1.5 * (all.x1 - all.x0));
    const tall = Math.min(Math.max((view.y1 - view.y0) / factor, least.y), 1.5 * (all.y1 - all.y0));
    const left = (cx - view.x0) / (view.x1 - view.x0), below = (cy - view.y0) / (view.y1 - view.y0);
    this.view = { x0: cx - left * wide, x1: cx + (1 - left) * wide, y0: cy - below * tall, y1: cy + (1 - below) * tall };
    this.draw();
  }

  move(dx, dy) {
    const { view } = this;
    const x = (dx / this.wide) * (view.x1 - view.x0), y = (dy / this.tall) * (view.y1 - view.y0);
    this.view = { x0: view.x0 - x, x1: view.x1 - x, y0: view.y0 + y, y1: view.y1 + y };
    this.draw();
  }

  // Bring a node into view without zooming.
  show(node) {
    const x = this.network.x[node], y = this.network.height[node], { view } = this;
    if (x < view.x0 || x > view.x1) {
      const half = (view.x1 - view.x0) / 2;
      Object.assign(view, { x0: x - half, x1: x + half });
    }
    if (y < view.y0 || y > view.y1) {
      const half = (view.y1 - view.y0) / 2;
      Object.assign(view, { y0: y - half, y1: y + half });
    }
    this.draw();
  }

  draw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.paint(); });
  }

  paint() {
    const { canvas, pen, data, network } = this, ink = colours();
    const box = canvas.getBoundingClientRect(), dots = window.devicePixelRatio || 1;
    if (!box.width) return;
    canvas.width = Math.round(box.width * dots);
    canvas.height = Math.round(box.height * dots);
    this.wide = box.width - MARGIN.left - MARGIN.right;
    this.tall = box.height - MARGIN.top - MARGIN.bottom;
    pen.setTransform(dots, 0, 0, dots, 0, 0);
    pen.clearRect(0, 0, box.width, box.height);
    this.axis(ink, box);
    pen.save();
    pen.beginPath();
    pen.rect(MARGIN.left, MARGIN.top, this.wide + MARGIN.right, this.tall + MARGIN.bottom);
    pen.clip();
    const room = this.wide / (this.view.x1 - this.view.x0);
    const width = Math.min(2, Math.max(0.6, 0.3 * Math.sqrt(room)));
    pen.lineCap = pen.lineJoin = "round";
    const groups = new Map();
    for (let node = 0; node < network.x.length; node++) {
      const group = this.shadeOf && node < network.leaves ? this.shadeOf[node] : -2;
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push(node);
    }
    for (const [group, nodes] of groups) {
      pen.strokeStyle = group >= 0 ? shade(group / SHADES) : group === -1 ? ink.soft : ink.branch;
      pen.lineWidth = group >= 0 ? 1.7 * width : width;
      this.strokes(nodes);
    }
    this.highlight(ink, width);
    this.labels(ink, room);
    pen.restore();
  }

  // The lines above nodes: from the parent sideways to the elbow, then straight down.
  strokes(nodes) {
    const { pen, data, network, view } = this;
    pen.beginPath();
    for (const node of nodes) {
      const parent = network.parents[node], x = network.x[node], above = parent < 0 ? x : network.x[parent];
      const low = network.height[node], high = parent < 0 ? data.top : network.height[parent];
      if (low > view.y1 || high < view.y0 || Math.max(x, above) < view.x0 || Math.min(x, above) > view.x1) continue;
      pen.moveTo(this.sx(above), this.sy(high));
      if (above !== x && data.elbow[node] > low) pen.lineTo(this.sx(x), this.sy(data.elbow[node]));
      pen.lineTo(this.sx(x), this.sy(low));
    }
    pen.stroke();
  }

  axis(ink, box) {
    const { pen, view } = this, marks = ticks(view.y0, view.y1, this.tall / 55);
    const step = marks.length > 1 ? marks[1] - marks[0] : Math.abs(marks[0]) || 1;
    pen.font = "12px system-ui, 'DejaVu Sans', sans-serif";
    pen.fillStyle = ink.soft;
    pen.strokeStyle = ink.line;
    pen.lineWidth = 1;
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    pen.beginPath();
    for (const mark of marks) {
      const y = Math.round(this.sy(mark)) + 0.5;
      pen.moveTo(MARGIN.left, y);
      pen.lineTo(box.width - MARGIN.right, y);
      pen.fillText(tickText(mark, step), MARGIN.left - 8, y);
    }
    pen.stroke();
    pen.save();
    pen.translate(13, MARGIN.top + this.tall / 2);
    pen.rotate(-Math.PI / 2);
    pen.textAlign = "center";
    pen.fillText(this.data.energyLabel, 0, 0);
    pen.restore();
  }

  highlight(ink, width) {
    const { pen, data, network, marks } = this;
    if (marks.from !== undefined && marks.to !== undefined && marks.from !== marks.to) {
      const top = commonNode(network, marks.from, marks.to), route = [];
      for (const end of [marks.from, marks.to]) {
        for (let node = end; top >= 0 && node !== top; node = network.parents[node]) route.push(node);
      }
      pen.strokeStyle = ink.path;
      pen.lineWidth = 1.8 * width + 0.8;
      this.strokes(route);
    }
    const dot = (node, radius, fill) => {
      pen.beginPath();
      pen.arc(this.sx(network.x[node]), this.sy(network.height[node]), radius, 0, 2 * Math.PI);
      pen.fillStyle = fill;
      pen.fill();
      pen.strokeStyle = ink.card;
      pen.lineWidth = 1.5;
      pen.stroke();
    };
    if (this.hovered !== undefined) dot(this.hovered, 5, ink.soft);
    if (marks.chosen !== undefined) {
      pen.beginPath();
      pen.arc(this.sx(network.x[marks.chosen]), this.sy(network.height[marks.chosen]), 10, 0, 2 * Math.PI);
      pen.fillStyle = ink.glow;
      pen.fill();
      dot(marks.chosen, 5.5, marks.chosen < network.leaves ? ink.accent : ink.warm);
    }
    for (const [name, node] of [["A", marks.from], ["B", marks.to]]) {
      if (node === undefined || (name === "A" && marks.from === marks.to)) continue;
      if (node !== marks.chosen) dot(node, 4.5, ink.path);
      pen.fillStyle = ink.path;
      pen.font = "bold 13px system-ui, 'DejaVu Sans', sans-serif";
      pen.textAlign = "left";
      pen.textBaseline = "bottom";
      pen.fillText(name, this.sx(network.x[node]) + 8, this.sy(network.height[node]) - 2);
    }
  }

  // Ids below the ends, lowest first, where they do not overlap.
  labels(ink, room) {
    const { pen, data, network, view } = this, taken = [];
    pen.font = "11px system-ui, 'DejaVu Sans', sans-serif";
    pen.fillStyle = ink.ink;
    pen.textAlign = "center";
    pen.textBaseline = "top";
    const most = room > 14 ? 400 : 40;
    for (const leaf of this.byEnergy.slice(0, room > 14 ? undefined : 12)) {
      if (taken.length >= most) break;
      const x = network.x[leaf], y = data.energy[leaf];
      if (x < view.x0 || x > view.x1 || y < view.y0 || y > view.y1) continue;
      const text = String(data.ids[leaf]), half = 3.6 * text.length + 2, sx = this.sx(x), sy = this.sy(y) + 5;
      if (taken.some((t) => Math.abs(t.sx - sx) < t.half + half && Math.abs(t.sy - sy) < 13)) continue;
      taken.push({ sx, sy, half });
      pen.fillText(text, sx, sy);
    }
  }

  // The node at a place of the screen: a leaf's line, or a branch point.
  at(px, py) {
    const { data, network } = this;
    let best, least = 12;
    for (let node = 0; node < network.x.length; node++) {
      const sx = this.sx(network.x[node]), sy = this.sy(network.height[node]), dx = Math.abs(sx - px);
      if (dx >= least) continue;
      let far = Math.hypot(dx, sy - py);
      if (node < network.leaves) {
        const turn = this.sy(Math.max(data.elbow[node], network.height[node]));
        // The end itself is preferred to the line above it.
        if (py <= sy && py >= turn) far = Math.min(far, dx + 4);
      }
      if (far < least) { least = far; best = node; }
    }
    return best;
  }

  listen() {
    const { canvas } = this, pointers = new Map();
    let start, gap;
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const [px, py] = place(event);
      this.zoom(Math.exp(-0.0015 * event.deltaY), [this.wx(px), this.wy(py)]);
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, place(event));
      start = { at: place(event), moved: false };
    });
    canvas.addEventListener("pointermove", (event) => {
      const here = place(event), last = pointers.get(event.pointerId);
      if (!last) return this.hover(...here);
      if (Math.hypot(here[0] - start.at[0], here[1] - start.at[1]) > 4) start.moved = true;
      pointers.set(event.pointerId, here);
      if (pointers.size === 2) {
        const [[ax, ay], [bx, by]] = [...pointers.values()], now = Math.hypot(ax - bx, ay - by);
        if (gap) this.zoom(now / gap, [this.wx((ax + bx) / 2), this.wy((ay + by) / 2)]);
        gap = now;
        start.moved = true;
      } else if (start.moved) {
        this.move(here[0] - last[0], here[1] - last[1]);
      }
    });
    const end = (event) => {
      if (pointers.delete(event.pointerId) && pointers.size === 0) {
        gap = undefined;
        if (event.type === "pointerup" && !start.moved) {
          const node = this.at(...start.at);
          if (node !== undefined) this.onChoose(node, event.shiftKey);
        }
      }
    };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    canvas.addEventListener("pointerleave", () => this.hover());
    canvas.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  hover(px, py) {
    const node = px === undefined ? undefined : this.at(px, py);
    if (node !== this.hovered) {
      this.hovered = node;
      this.draw();
    }
    this.onHover(node, node === undefined ? 0 : this.sx(this.network.x[node]), node === undefined ? 0 : this.sy(this.network.height[node]));
  }

  key(event) {
    const { network } = this, current = this.marks.chosen;
    const leaf = current === undefined || current >= network.leaves ? network.lowest : current;
    const next = (order, step) => order[Math.min(Math.max(order.indexOf(leaf) + step, 0), order.length - 1)];
    const steps = {
      ArrowLeft: () => this.onVisit(next(this.byX, -1)), ArrowRight: () => this.onVisit(next(this.byX, 1)),
      ArrowUp: () => this.onVisit(next(this.byEnergy, 1)), ArrowDown: () => this.onVisit(next(this.byEnergy, -1)),
      Home: () => this.onVisit(network.lowest), Enter: () => this.onChoose(leaf, event.shiftKey),
      "+": () => this.zoom(1.3), "=": () => this.zoom(1.3), "-": () => this.zoom(1 / 1.3), 0: () => this.fit(),
    };
    if (!steps[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    steps[event.key]();
  }
}

function minmax(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

// Colours of the present theme.
function colours() {
  const style = getComputedStyle(document.documentElement), found = {};
  for (const name of ["paper", "card", "ink", "soft", "line", "branch", "accent", "warm", "path", "glow"]) {
    found[name] = style.getPropertyValue(`--${name}`).trim();
  }
  return found;
}
