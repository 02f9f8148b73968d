// The energy along the lowest path, as SVG.

class Profile {
  constructor(stage, data, options) {
    Object.assign(this, { stage, data, ...options });
    new ResizeObserver(() => this.draw()).observe(stage);
  }

  set(path) {
    this.path = path;
    this.chosen = -1;
    this.draw();
  }

  // Mark a point of the path: even numbers are minima, odd ones transition states.
  choose(number) {
    this.chosen = number;
    this.points?.forEach((point, i) => point.classList.toggle("chosen", i === number));
  }

  draw() {
    const { stage, path, data } = this, focused = stage.contains(document.activeElement);
    stage.replaceChildren();
    this.points = [];
    if (!path) return;
    const wide = Math.max(stage.clientWidth, 200), tall = 272, count = path.energies.length;
    const left = 78, right = 16, top = 22, bottom = 40;
    const [low, high] = minmax(path.energies), span = high - low || 1;
    const y0 = low - 0.12 * span, y1 = high + 0.1 * span;
    const sx = (i) => left + ((i + 0.5) / count) * (wide - left - right);
    const sy = (e) => top + ((y1 - e) / (y1 - y0)) * (tall - top - bottom);
    const svg = node("svg", { viewBox: `0 0 ${wide} ${tall}`, role: "group", "aria-label": "Energy along the path" });
    const marks = ticks(y0, y1, 5), step = marks.length > 1 ? marks[1] - marks[0] : 1;
    for (const mark of marks) {
      svg.append(node("path", { class: "axis", d: `M${left - 5} ${sy(mark)}H${left}` }));
      svg.append(node("text", { x: left - 9, y: sy(mark) + 4, "text-anchor": "end" }, tickText(mark, step)));
    }
    svg.append(node("path", { class: "axis", d: `M${left} ${top - 8}V${tall - bottom + 8}` }));
    const middle = top + (tall - top - bottom) / 2;
    svg.append(node("text", { transform: `translate(15 ${middle}) rotate(-90)`, "text-anchor": "middle" }, data.energyLabel));
    const steps = count > 1 ? `${(count - 1) / 2} ${count > 3 ? "steps" : "step"} along the path` : "one minimum";
    svg.append(node("text", { x: (left + wide) / 2, y: tall - 6, "text-anchor": "middle" }, steps));
    // Half a cosine between neighbours: the slope vanishes at every stationary point.
    let curve = `M${sx(0)} ${sy(path.energies[0])}`;
    for (let i = 1; i < count; i++) {
      for (let k = 1; k <= 16; k++) {
        const weight = 0.5 * (1 - Math.cos((Math.PI * k) / 16));
        const energy = path.energies[i - 1] + weight * (path.energies[i] - path.energies[i - 1]);
        curve += `L${(sx(i - 1) + (k / 16) * (sx(i) - sx(i - 1))).toFixed(1)} ${sy(energy).toFixed(1)}`;
      }
    }
    svg.append(node("path", { class: "curve", d: curve }));
    const room = (wide - left - right) / count, radius = Math.min(7, Math.max(2, room / 3));
    path.energies.forEach((energy, i) => {
      const state = i % 2 === 1;
      const id = state ? data.links.ids[path.links[(i - 1) / 2]] : data.ids[path.minima[i / 2]];
      const name = `${state ? "Transition state" : "Minimum"} ${id}, energy ${numberText(energy)}`;
      const x = sx(i), y = sy(energy), r = radius * (state ? 1.2 : 1);
      const point = node("path", {
        class: `point ${state ? "state" : "minimum"}`, tabindex: i === 0 ? 0 : -1, role: "button", "aria-label": name,
        d: state ? `M${x} ${y - r}L${x + r} ${y}L${x} ${y + r}L${x - r} ${y}Z`
          : `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`,
      });
      point.append(node("title", {}, name));
      point.addEventListener("click", () => this.visit(i));
      point.addEventListener("focus", () => this.visit(i));
      point.addEventListener("keydown", (event) => {
        const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (!move) return;
        event.preventDefault();
        this.points[Math.min(Math.max(i + move, 0), count - 1)].focus();
      });
      this.points.push(point);
      if (room > 9 * String(id).length || (count < 5)) {
        svg.append(node("text", { x, y: state ? y - r - 5 : y + r + 14, "text-anchor": "middle" }, String(id)));
      }
      svg.append(point);
    });
    stage.append(svg);
    if (this.chosen >= 0) {
      this.choose(this.chosen);
      if (focused) this.points[this.chosen]?.focus();
    }
  }

  visit(number) {
    if (number === this.chosen) return;
    this.choose(number);
    const state = number % 2 === 1;
    if (state) this.onState(this.path.links[(number - 1) / 2]);
    else this.onMinimum(this.path.minima[number / 2]);
  }
}

function node(name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}
