// A point: atoms as balls that turn, or coordinates as bars.

class Structure {
  constructor(canvas, structures, name) {
    Object.assign(this, { canvas, structures, name });
    this.pen = canvas.getContext("2d");
    this.turn = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
    this.rotate(0.35, -0.3);
    if (structures) {
      this.shades = (structures.shades || []).map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
      this.balls = structures.balls;
      this.listen();
    }
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  set(point, text) {
    this.point = point;
    this.text = text;
    this.chosenBar = -1;
    if (point && this.structures.kind === "atoms") this.connect();
    this.draw();
  }

  // Neighbours, and the size that shows all atoms whichever way they turn.
  connect() {
    const { point, balls } = this, { reach, corners } = this.structures, atoms = [];
    for (let i = 0; i < point.length; i += 3) atoms.push([point[i], point[i + 1], point[i + 2]]);
    this.corners = atoms.splice(atoms.length - corners);
    this.atoms = atoms;
    this.pairs = [];
    for (let i = 0; i < atoms.length; i++) {
      for (let j = 0; j < i; j++) {
        const d = Math.hypot(atoms[i][0] - atoms[j][0], atoms[i][1] - atoms[j][1], atoms[i][2] - atoms[j][2]);
        if (d < reach[i] + reach[j]) this.pairs.push([i, j]);
      }
    }
    this.reach = Math.max(...atoms.map((atom, i) => Math.hypot(...atom) + 1.3 * balls[i]), ...this.corners.map((corner) => Math.hypot(...corner)));
  }

  rotate(across, down) {
    const [c, s, d, t] = [Math.cos(across), Math.sin(across), Math.cos(down), Math.sin(down)];
    const by = [[c, 0, s], [s * t, d, -c * t], [-s * d, t, c * d]];
    this.turn = by.map((row) => [0, 1, 2].map((j) => row.reduce((sum, v, k) => sum + v * this.turn[k][j], 0)));
  }

  draw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.paint(); });
  }

  paint() {
    const { canvas, pen, point } = this, ink = colours();
    const box = canvas.getBoundingClientRect(), dots = window.devicePixelRatio || 1;
    if (!box.width) return;
    canvas.width = Math.round(box.width * dots);
    canvas.height = Math.round(box.height * dots);
    pen.setTransform(dots, 0, 0, dots, 0, 0);
    pen.font = "12px system-ui, 'DejaVu Sans', sans-serif";
    if (!point) {
      pen.fillStyle = ink.soft;
      pen.textAlign = "center";
      pen.fillText(this.structures ? "The structure of this point is not on the page" : "This network has no points", box.width / 2, box.height / 2);
    } else if (this.structures.kind === "atoms") {
      this.paintAtoms(box, ink);
    } else {
      this.paintBars(box, ink);
    }
    canvas.setAttribute("aria-label", point ? `Structure of ${this.text}` : "No structure");
  }

  paintAtoms(box, ink) {
    const { pen, atoms, pairs, reach, balls } = this;
    const scale = (0.5 * Math.min(box.width, box.height)) / reach;
    const turned = atoms.map((atom) => this.turned(atom));
    // What is nearer is a little larger.
    const place = ([x, y, z]) => {
      const size = 1 / (1 - 0.16 * (z / reach));
      return { x: box.width / 2 + 0.9 * scale * size * x, y: box.height / 2 - 0.9 * scale * size * y, z, size };
    };
    const placed = turned.map(place);
    this.paintCell(this.corners.map((corner) => place(this.turned(corner))), ink);
    // Bonds begin at the surface of a ball, so that they hide nothing in front of them.
    const bond = (a, b) => {
      const apart = Math.hypot(...turned[a].map((v, k) => v - turned[b][k]));
      const [from, to] = [[a, b], [b, a]].map(([i, j]) => {
        const share = Math.min(0.5, (0.84 * balls[i]) / apart);
        return { x: placed[i].x + share * (placed[j].x - placed[i].x), y: placed[i].y + share * (placed[j].y - placed[i].y) };
      });
      return { z: (placed[a].z + placed[b].z) / 2, pair: [from, to] };
    };
    const things = placed.map((p, atom) => ({ z: p.z, atom }));
    for (const [a, b] of pairs) things.push(bond(a, b));
    things.sort((a, b) => a.z - b.z);
    for (const { z, atom, pair } of things) {
      const near = 0.5 + (0.5 * z) / reach;
      if (pair) {
        pen.beginPath();
        pen.moveTo(pair[0].x, pair[0].y);
        pen.lineTo(pair[1].x, pair[1].y);
        pen.strokeStyle = ink.soft;
        pen.globalAlpha = 0.3 + 0.6 * near;
        pen.lineWidth = 2 + 2 * near;
        pen.stroke();
        pen.globalAlpha = 1;
        continue;
      }
      const p = placed[atom], radius = balls[atom] * 0.9 * scale * p.size, base = this.shades[atom];
      // Light from the upper left; what is far away fades into the mist.
      const mix = (towards, share) => `rgb(${base.map((v) => Math.round(v + share * (towards - v))).join(",")})`;
      const ball = pen.createRadialGradient(p.x - 0.35 * radius, p.y - 0.4 * radius, 0.1 * radius, p.x, p.y, radius);
      const mist = 0.45 * (1 - near);
      ball.addColorStop(0, mix(255, 0.65));
      ball.addColorStop(0.55, mix(160, mist));
      ball.addColorStop(1, mix(40, 0.35));
      pen.beginPath();
      pen.arc(p.x, p.y, radius, 0, 2 * Math.PI);
      pen.fillStyle = ball;
      pen.fill();
      // White balls would be lost on white paper.
      pen.strokeStyle = mix(40, 0.55);
      pen.lineWidth = 0.6;
      pen.stroke();
    }
  }

  turned(atom) { return this.turn.map((row) => row[0] * atom[0] + row[1] * atom[1] + row[2] * atom[2]); }

  // Edges join corners that differ along one vector of the cell.
  paintCell(corners, ink) {
    const { pen } = this;
    pen.strokeStyle = ink.soft;
    pen.lineWidth = 1;
    corners.forEach((from, i) => [1, 2, 4].filter((step) => !(i & step)).forEach((step) => {
      pen.beginPath();
      pen.moveTo(from.x, from.y);
      pen.lineTo(corners[i + step].x, corners[i + step].y);
      pen.stroke();
    }));
  }

  paintBars(box, ink) {
    const { pen, point } = this, left = 56, right = 8, top = 12, bottom = 26;
    const most = Math.max(...Array.from(point, Math.abs)) || 1;
    const tall = box.height - top - bottom, step = (box.width - left - right) / point.length;
    const sy = (v) => top + 0.5 * tall * (1 - v / most);
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    pen.fillStyle = ink.soft;
    for (const mark of ticks(-most, most, 4)) pen.fillText(tickText(mark, most / 4), left - 6, sy(mark));
    point.forEach((value, i) => {
      pen.fillStyle = value >= 0 ? ink.accent : ink.warm;
      pen.globalAlpha = this.chosenBar < 0 || this.chosenBar === i ? 1 : 0.45;
      pen.fillRect(left + step * (i + 0.08), Math.min(sy(value), sy(0)), Math.max(step * 0.84, 0.6), Math.abs(sy(value) - sy(0)));
    });
    pen.globalAlpha = 1;
    pen.strokeStyle = ink.soft;
    pen.beginPath();
    pen.moveTo(left, sy(0));
    pen.lineTo(box.width - right, sy(0));
    pen.stroke();
    pen.textAlign = "center";
    pen.fillStyle = ink.ink;
    const i = this.chosenBar;
    pen.fillText(i < 0 ? "Coordinate" : `${this.coordinate(i)} = ${numberText(Number(point[i].toPrecision(4)))}`, (left + box.width) / 2, box.height - 10);
  }

  coordinate(i) { return this.structures.names?.[i] || `x[${i}]`; }

  listen() {
    const { canvas } = this, atoms = this.structures.kind === "atoms";
    let last;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      last = [event.clientX, event.clientY];
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!atoms) {
        const box = canvas.getBoundingClientRect();
        return this.pick(Math.floor(((event.clientX - box.left - 56) / (box.width - 64)) * (this.point?.length || 0)));
      }
      if (!last) return;
      this.rotate(0.011 * (event.clientX - last[0]), 0.011 * (event.clientY - last[1]));
      last = [event.clientX, event.clientY];
      this.draw();
    });
    for (const type of ["pointerup", "pointercancel"]) canvas.addEventListener(type, () => { last = undefined; });
    canvas.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!by) return;
      event.preventDefault();
      if (atoms) this.rotate(0.15 * by[0], 0.15 * by[1]);
      else this.pick(this.chosenBar + by[0]);
      this.draw();
    });
  }

  pick(bar) {
    this.chosenBar = this.point && bar >= 0 && bar < this.point.length ? bar : -1;
    this.draw();
  }
}
