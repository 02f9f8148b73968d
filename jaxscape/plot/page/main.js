// The page: what is chosen, and what each part shows of it.

const data = JSON.parse(document.getElementById("data").textContent);
const network = buildNetwork(data), pointOf = pointReader(data.structures);
const byId = (id) => document.getElementById(id);
const state = { from: undefined, to: network.lowest, chosen: network.lowest };

const graph = new Graph(byId("graph"), network, data, {
  onChoose: choose,
  onVisit: (leaf) => { visit(leaf); graph.show(leaf); },
  onHover: hover,
});
const profile = new Profile(byId("profile-stage"), data, {
  onMinimum: (leaf) => visit(leaf),
  onState: (link) => visitState(link),
});
const structure = new Structure(byId("structure"), data.structures);

// A click: a minimum becomes the start (or with Shift the end) of the path, a branch point shows.
function choose(node, asEnd) {
  if (node >= network.leaves) return visitMerge(node);
  if (asEnd) state.to = node;
  else state.from = node;
  visit(node);
  showPath();
}

function visit(leaf) {
  state.chosen = leaf;
  const id = data.ids[leaf], rows = [["Energy", data.energy[leaf], data.energyUnit]];
  for (const field of Object.values(data.fields)) rows.push([field.name, field.values[leaf]]);
  rows.push(["Neighbours", network.neighbours[leaf].length]);
  const top = commonNode(network, leaf, network.lowest);
  if (leaf !== network.lowest) {
    rows.push(["Barrier to the lowest", top < 0 ? "not connected" : network.height[top] - data.energy[leaf], data.energyUnit]);
  }
  describe(`Minimum ${id}`, rows, pointOf("minimum", id));
  profile.choose(profile.path ? 2 * profile.path.minima.indexOf(leaf) : -1);
}

function visitMerge(node) {
  const k = node - network.leaves, link = data.links.ids.indexOf(data.mergeIds[k]);
  state.chosen = node;
  const rows = [
    ["Energy", network.height[node], data.energyUnit],
    ["Minima below", network.sizes[node]],
  ];
  if (link >= 0) rows.push(["Joins", `${data.ids[data.links.a[link]]} and ${data.ids[data.links.b[link]]}`]);
  describe(`Transition state ${data.mergeIds[k]}`, rows, pointOf("state", data.mergeIds[k]));
  profile.choose(profile.path && link >= 0 ? 2 * profile.path.links.indexOf(link) + 1 : -1);
}

function visitState(link) {
  const id = data.links.ids[link], merge = data.mergeIds.indexOf(id);
  state.chosen = merge < 0 ? undefined : network.leaves + merge;
  const [a, b] = [data.links.a[link], data.links.b[link]], energy = data.links.energy[link];
  describe(`Transition state ${id}`, [
    ["Energy", energy, data.energyUnit],
    [`Above minimum ${data.ids[a]}`, energy - data.energy[a], data.energyUnit],
    [`Above minimum ${data.ids[b]}`, energy - data.energy[b], data.energyUnit],
  ], pointOf("state", id));
}

function describe(title, rows, point) {
  byId("point-title").textContent = title;
  const facts = byId("facts");
  facts.replaceChildren();
  for (const [name, value, unit] of rows) {
    const dt = document.createElement("dt"), dd = document.createElement("dd");
    dt.textContent = name;
    const plain = typeof value === "string";
    dd.textContent = plain ? value : numberText(value) + (unit && value !== null ? ` ${unit}` : "");
    facts.append(dt, dd);
  }
  const energy = rows[0];
  byId("live").textContent = `${title}, energy ${numberText(energy[1])} ${energy[2] || ""}`;
  structure.set(point, title.toLowerCase());
  refreshMarks();
}

function showPath() {
  const { from, to } = state;
  byId("from").value = from === undefined ? "" : data.ids[from];
  byId("to").value = data.ids[to];
  const path = from === undefined ? null : lowestPath(network, from, to);
  profile.set(path);
  const unit = data.energyUnit ? ` ${data.energyUnit}` : "";
  byId("path-text").textContent = from === undefined ? "Choose a minimum to start from."
    : !path ? "No path between these minima is known yet."
      : !path.links.length ? "Start and end are the same minimum."
        : `${path.links.length} ${path.links.length === 1 ? "step" : "steps"}, barrier ${numberText(path.barrier)}${unit}, on the way back ${numberText(path.back)}${unit}.`;
  if (path) profile.choose(2 * path.minima.indexOf(state.chosen));
  refreshMarks();
}

function refreshMarks() {
  graph.marks = { from: state.from, to: state.to, chosen: state.chosen };
  graph.draw();
}

function hover(node, x, y) {
  const tip = byId("tip");
  tip.hidden = node === undefined;
  if (tip.hidden) return;
  const leaf = node < network.leaves, unit = data.energyUnit ? ` ${data.energyUnit}` : "";
  const lines = leaf ? [`Minimum ${data.ids[node]}`] : [`Transition state ${data.mergeIds[node - network.leaves]}`];
  lines.push(`Energy ${numberText(network.height[node])}${unit}`);
  if (leaf) for (const name of ["order", "hits"]) if (data.fields[name]) lines.push(`${data.fields[name].name} ${data.fields[name].values[node]}`);
  if (!leaf) lines.push(`${network.sizes[node]} minima below`);
  tip.textContent = lines.join("\n");
  const stage = byId("graph-stage").getBoundingClientRect(), box = tip.getBoundingClientRect();
  tip.style.left = `${Math.min(Math.max(x + 14, 0), stage.width - box.width - 2)}px`;
  tip.style.top = `${Math.min(Math.max(y - box.height - 10, 0), stage.height - box.height)}px`;
}

// Numbers that name a minimum; others are refused in words.
function onId(input, use) {
  input.addEventListener("change", () => {
    const leaf = network.place.get(Number(input.value));
    const known = input.value !== "" && leaf !== undefined;
    input.setCustomValidity(known ? "" : `There is no minimum ${input.value || "without a number"}`);
    if (!known) return input.reportValidity();
    use(leaf);
  });
}

function paintLegend(field) {
  byId("legend").hidden = !field;
  if (!field) return;
  const [low, high] = minmax(field.values.filter((v) => v !== null)), pen = byId("legend-scale").getContext("2d");
  for (let i = 0; i < 120; i++) { pen.fillStyle = shade(i / 119); pen.fillRect(i, 0, 1, 10); }
  byId("legend-low").textContent = `${field.name}: ${numberText(low)}`;
  byId("legend-high").textContent = numberText(high);
}

function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  byId("theme").setAttribute("aria-pressed", String(dark));
  graph.draw();
  structure.draw();
}

function begin() {
  const select = byId("colour"), fields = { ...data.fields };
  select.append(new Option("none", ""));
  for (const [name, field] of Object.entries(fields)) select.append(new Option(field.name, name));
  select.addEventListener("change", () => {
    graph.colourBy(fields[select.value]?.values);
    paintLegend(fields[select.value]);
  });
  byId("zoom-in").addEventListener("click", () => graph.zoom(1.4));
  byId("zoom-out").addEventListener("click", () => graph.zoom(1 / 1.4));
  byId("zoom-fit").addEventListener("click", () => graph.fit());
  byId("swap").addEventListener("click", () => {
    if (state.from === undefined) return;
    [state.from, state.to] = [state.to, state.from];
    showPath();
  });
  onId(byId("goto"), (leaf) => { visit(leaf); graph.show(leaf); });
  onId(byId("from"), (leaf) => { state.from = leaf; visit(leaf); showPath(); });
  onId(byId("to"), (leaf) => { state.to = leaf; visit(leaf); showPath(); });
  byId("theme").addEventListener("click", () => setTheme(document.documentElement.dataset.theme !== "dark"));
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", () => setTheme(system.matches));
  setTheme(system.matches);
  const help = { atoms: "Drag, or use the arrow keys, to turn it.", bars: "Point at a bar, or use ← and →, to read it." };
  byId("structure-help").textContent = data.structures ? help[data.structures.kind] : "";
  byId("structure-stage").hidden = !data.structures;
  // The lowest minimum that is connected with the global one, to begin with.
  state.from = graph.byEnergy.find((leaf) => leaf !== network.lowest && commonNode(network, leaf, network.lowest) >= 0);
  visit(network.lowest);
  showPath();
}

begin();
// For whoever wants to drive the page from the console, and for its tests.
window.jaxscape = { data, network, state, graph, profile, structure, choose, visit, lowestPath };
