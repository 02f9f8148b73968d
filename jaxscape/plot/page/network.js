// The network in numbers: the tree, and lowest paths. Nothing here touches the page.

// Nodes 0 .. L-1 of the tree are minima (leaves), L .. L+K-1 merges in order of energy.
function buildNetwork(data) {
  const leaves = data.ids.length, merges = data.merges.length;
  const height = data.energy.concat(data.merges);
  const parents = new Array(leaves + merges).fill(-1);
  const sizes = new Array(leaves + merges).fill(1), x = data.x.slice(0, leaves);
  for (let k = 0; k < merges; k++) {
    const a = data.children[2 * k], b = data.children[2 * k + 1];
    parents[a] = parents[b] = leaves + k;
    sizes[leaves + k] = sizes[a] + sizes[b];
    // The branch with the lower minimum comes first, and its stem goes on.
    x.push(x[a]);
  }
  const links = data.links, neighbours = Array.from({ length: leaves }, () => []);
  let floor = Infinity;
  for (const e of height) floor = Math.min(floor, e);
  for (let link = 0; link < links.energy.length; link++) {
    floor = Math.min(floor, links.energy[link]);
    neighbours[links.a[link]].push({ there: links.b[link], link });
    neighbours[links.b[link]].push({ there: links.a[link], link });
  }
  let lowest = 0;
  for (let i = 1; i < leaves; i++) if (data.energy[i] < data.energy[lowest]) lowest = i;
  const place = new Map(data.ids.map((id, leaf) => [id, leaf]));
  return { leaves, x, height, parents, sizes, links, neighbours, floor, lowest, place, data };
}

// The merge that holds both nodes, or -1 where nothing connects them.
function commonNode(network, a, b) {
  while (a !== b && a >= 0 && b >= 0) {
    if (a < b) a = network.parents[a];
    else b = network.parents[b];
  }
  return a === b ? a : -1;
}

// The path whose highest transition state is lowest, and among those the one with the least sum
// of the energies of its transition states above the floor; null where there is none.
function lowestPath(network, a, b) {
  const top = commonNode(network, a, b);
  if (top < 0) return null;
  const highest = network.height[top], { links, data } = network;
  const before = new Map(), queue = new Queue();
  queue.push([0, 0, a, -1, -1]);
  while (queue.size) {
    const [cost, steps, here, previous, link] = queue.pop();
    if (before.has(here)) continue;
    before.set(here, { previous, link });
    if (here === b) break;
    for (const { there, link: next } of network.neighbours[here]) {
      if (links.energy[next] <= highest && !before.has(there)) {
        queue.push([cost + links.energy[next] - network.floor, steps + 1, there, here, next]);
      }
    }
  }
  if (!before.has(b)) return null;
  const minima = [b], steps = [];
  while (minima[minima.length - 1] !== a) {
    const { previous, link } = before.get(minima[minima.length - 1]);
    minima.push(previous);
    steps.push(link);
  }
  minima.reverse();
  steps.reverse();
  const energies = [data.energy[a]];
  steps.forEach((link, i) => energies.push(links.energy[link], data.energy[minima[i + 1]]));
  const barrier = steps.length ? highest - data.energy[a] : 0;
  return { minima, links: steps, energies, barrier, back: barrier + data.energy[a] - data.energy[b] };
}

// A binary heap of arrays, ordered entry by entry.
class Queue {
  constructor() { this.items = []; }
  get size() { return this.items.length; }
  push(item) {
    const { items } = this;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!Queue.before(item, items[above])) break;
      items[at] = items[above];
      at = above;
    }
    items[at] = item;
  }
  pop() {
    const { items } = this, first = items[0], last = items.pop();
    if (items.length) {
      let at = 0;
      for (;;) {
        let below = 2 * at + 1;
        if (below >= items.length) break;
        if (below + 1 < items.length && Queue.before(items[below + 1], items[below])) below++;
        if (!Queue.before(items[below], last)) break;
        items[at] = items[below];
        at = below;
      }
      items[at] = last;
    }
    return first;
  }
  static before(a, b) {
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i] < b[i];
    return false;
  }
}

// Coordinates of minima (by leaf) and transition states (by id); null where none are on the page.
function pointReader(structures) {
  if (!structures) return () => null;
  const bytes = Uint8Array.from(atob(structures.points), (c) => c.charCodeAt(0));
  const view = new DataView(bytes.buffer), { dim, scale } = structures;
  const rows = { minimum: new Map(), state: new Map() };
  structures.minima.forEach((id, row) => rows.minimum.set(id, row));
  structures.states.forEach((id, row) => rows.state.set(id, row + structures.minima.length));
  return (kind, id) => {
    const row = rows[kind].get(id);
    if (row === undefined) return null;
    return Float64Array.from({ length: dim }, (_, i) => scale[row] * view.getInt16(2 * (row * dim + i), true));
  };
}

// Round numbers between two others, about `count` of them.
function ticks(low, high, count) {
  const rough = (high - low) / Math.max(count, 1);
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((f) => f * power).find((s) => s >= rough * 0.999);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) found.push(i * step);
  return found;
}

// As many decimals as tell neighbouring ticks apart.
function tickText(value, step) {
  const decimals = Math.min(12, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)));
  return value.toFixed(decimals).replace(/^-(0(\.0*)?)$/, "$1").replace("-", "−");
}

function numberText(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "unknown";
  return String(Number(value.toPrecision(8))).replace("-", "−");
}
