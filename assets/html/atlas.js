"use strict";
// The atlas of the page: heads as points of any two measures, and a card of the head that is chosen.
const { atlas, axes, clusters, roles, words } = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id);
const usual = (id, other) => (axes.find(axis => axis.id === id) || other).id;
const state = { x: usual("previous_stripe", axes[0]), y: usual("induction_stripe", axes[1] || axes[0]), colour: "layer", head: 0, decile: "strongest" };
const name = entry => `${entry.layer}.${entry.head}`;
// A word of the page's language, with what it is filled by
const say = (word, ...filled) => filled.reduce((text, value) => text.replace("{}", () => value), words[word]);
const role = id => roles[id] || id.replaceAll("_", " ");
const known = value => typeof value === "number" && isFinite(value);

function valueOf(entry, id) {
  const score = entry.scores[id];
  return known(score) ? score : entry.measures[id];
}

function element(tag, parent, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  parent.append(made);
  return made;
}

function svg(tag, parent, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

// Layers run through one ramp, clusters take colours that eyes of every kind can tell apart.
const ramp = [[68, 60, 140], [49, 104, 142], [33, 145, 140], [74, 190, 110], [200, 200, 40]];
const apart = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a7d00", "#56b4e9", "#7a6ff0", "#777777", "#a0522d", "#2f4f4f"];
const layers = Math.max(1, ...atlas.heads.map(entry => entry.layer));

function colourOf(index) {
  if (state.colour === "cluster") return apart[clusters.of[index] % apart.length];
  const place = atlas.heads[index].layer / layers * (ramp.length - 1);
  const at = Math.min(Math.floor(place), ramp.length - 2);
  const mixed = ramp[at].map((from, i) => Math.round(from + (ramp[at + 1][i] - from) * (place - at)));
  return `rgb(${mixed.join(" ")})`;
}

function range(id) {
  const values = atlas.heads.map(entry => valueOf(entry, id)).filter(known);
  let [low, high] = [Math.min(0, ...values), Math.max(...values)];
  if (!(high > low)) high = low + 1;
  return [low, high + (high - low) * 0.04];
}

// Marks at steps of 1, 2 or 5 times a power of ten, five or so of them
function marks([low, high]) {
  const rough = (high - low) / 5, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(times => times * power).find(size => size >= rough);
  const all = [];
  for (let at = Math.ceil(low / step); at * step <= high; at++) all.push(at * step);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return all.map(value => [value, value.toFixed(Math.min(decimals, 6))]);
}

const number = value => Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
const label = id => axes.find(axis => axis.id === id).label;

function draw() {
  const plot = $("plot");
  plot.replaceChildren();
  const [left, top, width, height] = [48, 24, 540, 344];
  const [x, y] = [range(state.x), range(state.y)];
  const across = value => left + (value - x[0]) / (x[1] - x[0]) * width;
  const down = value => top + height - (value - y[0]) / (y[1] - y[0]) * height;
  for (const [at, text] of marks(x)) {
    svg("line", plot, { x1: across(at), x2: across(at), y1: top, y2: top + height });
    svg("text", plot, { x: across(at), y: top + height + 16, "text-anchor": "middle" }, text);
  }
  for (const [at, text] of marks(y)) {
    svg("line", plot, { x1: left, x2: left + width, y1: down(at), y2: down(at) });
    svg("text", plot, { x: left - 6, y: down(at) + 4, "text-anchor": "end" }, text);
  }
  svg("text", plot, { x: left + width, y: top + height + 32, "text-anchor": "end" }, `${label(state.x)} →`);
  svg("text", plot, { x: left, y: 12 }, `↑ ${label(state.y)}`);
  atlas.heads.forEach((entry, index) => {
    const [atX, atY] = [valueOf(entry, state.x), valueOf(entry, state.y)];
    if (!known(atX) || !known(atY)) return;
    const told = [name(entry), ...entry.roles.map(role)].join(", ");
    const point = svg("circle", plot, {
      cx: across(atX), cy: down(atY), r: 5, fill: colourOf(index), tabindex: 0, role: "button",
      "aria-label": say("head", told), "data-head": index,
    });
    if (index === state.head) point.classList.add("chosen");
    svg("title", point, {}, `${told}: ${number(atX)}, ${number(atY)}`);
    point.addEventListener("click", () => choose(index));
    point.addEventListener("pointerenter", () => { $("under").textContent = point.lastChild.textContent; });
    point.addEventListener("keydown", event => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(index); }
    });
  });
  const chosen = plot.querySelector("circle.chosen");
  if (chosen) plot.append(chosen);
  names(across, down, left + width);
  legend();
}

// Names beside the points that have room for one: the chosen head's first, then those of heads with a role
function names(across, down, right) {
  const taken = [...$("plot").querySelectorAll("circle")]
    .map(point => [Number(point.getAttribute("cx")), Number(point.getAttribute("cy"))])
    .map(([x, y]) => [x - 5, y - 5, x + 5, y + 5]);
  const rank = index => (index === state.head ? 2 : 0) + (atlas.heads[index].roles.length ? 1 : 0);
  const order = atlas.heads.map((_, index) => index).sort((a, b) => rank(b) - rank(a) || a - b);
  for (const index of order) {
    const entry = atlas.heads[index], [atX, atY] = [valueOf(entry, state.x), valueOf(entry, state.y)];
    if (!known(atX) || !known(atY)) continue;
    const text = name(entry), long = 6.6 * text.length, [x, y] = [across(atX), down(atY)];
    const from = x + 8 + long > right ? x - 8 - long : x + 8;
    const box = [from, y - 6, from + long, y + 6];
    const free = taken.every(other => box[2] < other[0] || other[2] < box[0] || box[3] < other[1] || other[3] < box[1]);
    if (!free) continue;
    taken.push(box);
    svg("text", $("plot"), { x: from, y: y + 4, class: index === state.head ? "name chosen" : "name" }, text);
  }
}

// What the colours mean
function legend() {
  $("legend").replaceChildren();
  const groups = new Map();
  atlas.heads.forEach((entry, index) => {
    const group = state.colour === "cluster" ? clusters.of[index] : entry.layer;
    if (!groups.has(group)) groups.set(group, colourOf(index));
  });
  const order = [...groups].sort((a, b) => a[0] - b[0]);
  // Of many layers, which run through one ramp, the ends and some between them
  const step = Math.ceil(order.length / 12);
  order.filter((_, place) => place % step === 0 || place === order.length - 1).forEach(([group, colour]) => {
    const item = element("span", $("legend"));
    element("i", item).style.background = colour;
    item.append(state.colour === "cluster" ? say("cluster", group + 1) : `L${group}`);
  });
}

function bars(parent, values, edges) {
  const most = Math.max(...values, 1e-9);
  const row = element("div", parent, undefined, "bars");
  values.forEach((value, i) => {
    const bar = element("div", row);
    bar.style.height = `${Math.max(0, value) / most * 100}%`;
    bar.title = `${edges[i]}: ${value.toFixed(4)}`;
  });
  const ends = element("div", parent, undefined, "ends");
  element("span", ends, edges[0]);
  element("span", ends, edges[values.length - 1]);
}

const shown = text => text.replaceAll("\n", "⏎");

function tokensOf(parent, title, table) {
  if (!table.length) return;
  element("h3", parent, title);
  const row = element("p", parent);
  for (const own of table) {
    element("code", row, shown(own.text)).title = `${(own.share * 100).toFixed(1)} %`;
  }
}

// One passage: the query that is looked from is framed, the keys are tinted by its weights. A click looks from elsewhere.
function passage(parent, sequence) {
  const tokens = atlas.passages[sequence.passage].tokens;
  const n = tokens.length;
  let best = { query: Math.min(1, n - 1), weight: -1 };
  sequence.cells.forEach((cell, i) => {
    const query = Math.floor(cell / n);
    if (query > 0 && cell % n > 0 && sequence.weights[i] > best.weight) best = { query, weight: sequence.weights[i] };
  });
  const decile = sequence.top ? say("strongest") : say("tenth", sequence.decile);
  element("div", parent, say("largest", decile, sequence.max.toFixed(3)), "said");
  const box = element("div", parent, undefined, "tokens");
  const spans = tokens.map((token, at) => {
    const span = element("span", box, shown(token));
    span.addEventListener("click", () => look(at));
    return span;
  });
  function look(from) {
    spans.forEach((span, at) => {
      span.classList.toggle("query", at === from);
      span.style.removeProperty("--share");
      span.classList.remove("strong");
      span.title = "";
    });
    sequence.cells.forEach((cell, i) => {
      if (Math.floor(cell / n) !== from) return;
      const weight = sequence.weights[i] / 10000;
      spans[cell % n].style.setProperty("--share", `${Math.round(weight * 85)}%`);
      spans[cell % n].classList.toggle("strong", weight > 0.5);
      spans[cell % n].title = weight.toFixed(4);
    });
  }
  look(best.query);
}

function card() {
  const entry = atlas.heads[state.head];
  const box = $("card");
  box.replaceChildren();
  const title = element("h2", box, `${say("head", name(entry))} `);
  title.id = "head";
  for (const id of entry.roles) element("span", title, role(id), "role");
  const numbers = element("p", box);
  numbers.textContent = axes.filter(axis => known(valueOf(entry, axis.id)))
    .map(axis => `${axis.label} ${number(valueOf(entry, axis.id))}`).join(" · ");
  if (entry.distances.values.length) {
    element("h3", box, say("by_distance"));
    bars(box, entry.distances.values, entry.distances.edges);
  }
  tokensOf(box, say("look"), entry.queries);
  tokensOf(box, say("looked_at"), entry.keys);
  if (!entry.sequences.length) return;
  element("h3", box, say("passages"));
  const choice = element("select", box);
  choice.id = "decile";
  choice.setAttribute("aria-label", say("passages"));
  const deciles = [...new Set(entry.sequences.map(own => own.decile))].sort((a, b) => b - a);
  for (const value of ["strongest", ...deciles.map(String)]) {
    const option = element("option", choice, value === "strongest" ? say(value) : say("tenth", value));
    option.value = value;
    option.selected = value === state.decile;
  }
  choice.addEventListener("change", () => { state.decile = choice.value; card(); });
  if (![...choice.options].some(option => option.value === state.decile)) state.decile = "strongest";
  const fitting = state.decile === "strongest"
    ? entry.sequences.slice(0, 5)
    : entry.sequences.filter(own => String(own.decile) === state.decile);
  for (const sequence of fitting) passage(box, sequence);
}

function choose(index) {
  state.head = index;
  draw();
  card();
}

for (const [id, key] of [["x", "x"], ["y", "y"]]) {
  for (const axis of axes) {
    const option = element("option", $(id), axis.label);
    option.value = axis.id;
    option.title = axis.formula;
    option.selected = axis.id === state[key];
  }
  $(id).addEventListener("change", () => { state[key] = $(id).value; draw(); });
}
$("colour").addEventListener("change", () => { state.colour = $("colour").value; draw(); });
for (const button of document.querySelectorAll("button[data-head]")) {
  button.addEventListener("click", () => { choose(Number(button.dataset.head)); $("card").scrollIntoView({ block: "nearest" }); });
}
// A head that is worth looking at first: the best one up the plot, where it has a role
const best = atlas.heads.map((entry, index) => [entry.roles.length ? valueOf(entry, state.y) : NaN, index])
  .filter(([value]) => known(value)).sort((a, b) => b[0] - a[0]);
choose(best.length ? best[0][1] : 0);
