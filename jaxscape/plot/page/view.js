// Frames of atoms: one structure, a path, or a vibration.

const data = JSON.parse(document.getElementById("data").textContent);
const part = (id) => document.getElementById(id);
const canvas = part("structure"), view = new Structure(canvas, data);
const bytes = Uint8Array.from(atob(data.points), (c) => c.charCodeAt(0));
const numbers = new DataView(bytes.buffer), frames = data.frames;
let frame = 0, playing = false, last = 0;

function colours() {
  const style = getComputedStyle(document.documentElement);
  return { ink: style.getPropertyValue("--ink"), soft: style.getPropertyValue("--soft") };
}

function points(number) {
  const found = [], first = number * data.dim;
  for (let i = 0; i < data.dim; i++) found.push(data.scale * numbers.getInt16(2 * (first + i), true));
  return found;
}

function show(number) {
  frame = ((number % frames) + frames) % frames;
  view.set(points(frame), `${data.name} ${frame + 1} of ${frames}`);
  // One scale for all frames, or the structure would breathe.
  view.reach = data.extent;
  part("frame").value = frame;
  part("told").textContent = data.labels[frame];
}

function play(on) {
  playing = on;
  part("play").textContent = on ? "Pause" : "Play";
  if (on) requestAnimationFrame(step);
}

function step(now) {
  if (!playing) return;
  if (now - last > data.pause) {
    last = now;
    show(frame + 1);
  }
  requestAnimationFrame(step);
}

part("film").hidden = frames < 2;
part("frame").max = frames - 1;
part("frame").addEventListener("input", (event) => { play(false); show(Number(event.target.value)); });
part("play").addEventListener("click", () => play(!playing));
show(data.first);
if (data.plays) play(true);
window.jaxscape = { view, show, play, get frame() { return frame; }, get playing() { return playing; } };
