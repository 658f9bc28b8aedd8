'use strict';
// Everything shown comes from the JSON in #data; text only ever enters the page as textContent.
const $ = (id) => document.getElementById(id);
const page = JSON.parse($('data').textContent);
// An encoder–decoder model has three kinds of layers, and its maps are rectangles: rows and columns are of two texts
const parts = ['only', 'encoder', 'decoder', 'cross'];
// A word of the page in its language, what it leaves open filled in
const say = (name, ...parts) => page.words[name].split('{}').map((text, place) => text + (parts[place] ?? '')).join('');
document.documentElement.lang = page.lang;
document.title = say('title');
for (const node of document.querySelectorAll('[data-w]')) node.textContent = say(node.dataset.w);
for (const node of document.querySelectorAll('[data-label]')) node.setAttribute('aria-label', say(node.dataset.label));
page.heads.sort((a, b) => parts.indexOf(a.part) - parts.indexOf(b.part));
const text = (ofSource) => (ofSource ? page.source : page.tokens);
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const add = (parent, tag, text, name) => {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (name) node.className = name;
  parent.append(node);
  return node;
};
const state = { head: 0, pinned: null, hover: null, map: null, scale: page.scale, view: null, threshold: 0, flow: false };
const now = () => page.heads[state.head];
const rowTokens = () => text(now().rows_of_source), columnTokens = () => text(now().columns_of_source);
// A view is as many cells along the map's longer side, and no more along the other than there are
const longest = () => Math.max(now().rows, now().columns);
const rowsIn = (view) => Math.min(view.size, now().rows), columnsIn = (view) => Math.min(view.size, now().columns);
const values = new Map(); // head index → Float32Array, decoded when first looked at
let colours, dark;

async function inflate(packed) {
  if (typeof DecompressionStream === 'undefined') {
    throw new Error(say('too_old'));
  }
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function load(index) {
  if (values.has(index)) return values.get(index);
  const head = page.heads[index];
  const raw = await inflate(bytes(head.data));
  const steps = page.bits === 16 ? new Uint16Array(raw.buffer) : raw;
  const unit = head.max / (2 ** page.bits - 1);
  const out = Float32Array.from(steps, (step) => step * unit);
  if (values.size > 24) values.delete(values.keys().next().value);
  values.set(index, out);
  return out;
}

/* Colours */
function share(value, max) {
  if (!(value > 0) || !(max > 0)) return 0;
  if (state.scale === 'log') return Math.max(0, Math.min(1, 1 + Math.log2(value / max) / 16));
  return Math.min(1, value / max);
}
/* Weights below this are not shown; the control's square gives its lower end more room */
const least = () => (state.threshold / 100) ** 2 * now().high;
/* Places in the order of each row, 0 to 1; equal weights share the mean of theirs, and what is 0 has none */
function ranks(source, width) {
  const out = new Float32Array(source.length);
  for (let from = 0; from < source.length; from += width) {
    const row = source.subarray(from, from + width);
    const order = Array.from(row.keys()).filter((k) => row[k] > 0).sort((a, b) => row[a] - row[b]);
    for (let less = 0, equal; less < order.length; less = equal) {
      for (equal = less; equal < order.length && row[order[equal]] === row[order[less]];) equal++;
      const share = order.length > 1 ? (less + (equal - less - 1) / 2) / (order.length - 1) : 1;
      for (let i = less; i < equal; i++) out[from + order[i]] = share;
    }
  }
  return out;
}
function paint(source, width, max, pixels, floor = 0) {
  const ranked = state.scale === 'rank' ? ranks(source, width) : null;
  for (let i = 0, row = 0; i < source.length; i++) {
    if (state.scale === 'row' && i % width === 0) {
      row = 0;
      for (let k = i; k < i + width; k++) row = Math.max(row, source[k]);
    }
    const place = ranked ? ranked[i] : share(source[i], state.scale === 'row' ? row : max);
    const at = source[i] < floor ? 0 : 3 * Math.round(255 * place);
    pixels[4 * i] = colours[at]; pixels[4 * i + 1] = colours[at + 1]; pixels[4 * i + 2] = colours[at + 2];
    pixels[4 * i + 3] = 255;
  }
}
function picture(source, width, height, max, floor) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  const image = context.createImageData(width, height);
  paint(source, width, max, image.data, floor);
  context.putImageData(image, 0, 0);
  return canvas;
}
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);

/* The grid of heads */
const buttons = [];
const strips = [['source', true], ['tokens', false]];
const layers = [...new Set(page.heads.map((head) => head.layer))];
function buildGrid() {
  const widest = Math.max(...layers.map((layer) => page.heads.filter((head) => head.layer === layer).length));
  $('grid').style.gridTemplateColumns = `auto repeat(${widest}, minmax(16px, 88px))`;
  let group = 'only';
  for (const layer of layers) {
    const { part, part_layer: own } = page.heads.find((head) => head.layer === layer);
    if (part !== group) add($('grid'), 'h3', say(part));
    group = part;
    const name = add($('grid'), 'span', `L${own}`, 'layer');
    name.style.gridColumn = 1;
    page.heads.forEach((head, index) => {
      if (head.layer !== layer) return;
      const button = add($('grid'), 'button');
      button.type = 'button';
      button.setAttribute('aria-label', say('head_named', head.name));
      const canvas = add(button, 'canvas');
      [canvas.height, canvas.width] = head.small;
      // As the map, but never so long and low that its rows cannot be seen
      const ratio = Math.max(1 / 3, Math.min(3, head.columns / head.rows));
      canvas.style.aspectRatio = ratio;
      canvas.style.width = `${100 * Math.min(1, ratio)}%`;
      if (widest <= 12) add(button, 'span', `${own}.${head.head}`);
      button.addEventListener('click', () => select(index));
      buttons[index] = button;
    });
  }
}
function paintGrid() {
  page.heads.forEach((head, index) => {
    const small = bytes(head.thumbnail);
    const canvas = buttons[index].querySelector('canvas');
    canvas.getContext('2d').drawImage(picture(small, head.small[1], head.small[0], 255 * head.high / head.max), 0, 0);
  });
}

/* The map */
let image = null, frame = null;
function layout() {
  if (state.flow) return;
  const canvas = $('heat'), ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth, left = 92, top = 84, right = 44, view = state.view;
  const fit = Math.min((width - left - right) / columnsIn(view), (window.innerHeight - 330) / rowsIn(view));
  let cell = Math.max(80 / view.size, fit);
  if (cell > 30 && view.size === longest()) cell = 30;
  frame = { left, top, cell, width: cell * columnsIn(view), height: cell * rowsIn(view), ratio };
  canvas.style.height = `${top + frame.height + 4}px`;
  canvas.width = width * ratio;
  canvas.height = (top + frame.height + 4) * ratio;
  const bars = $('bars');
  bars.style.height = '56px';
  bars.width = width * ratio;
  bars.height = 56 * ratio;
}
function pooled(source, view) {
  // Fewer pixels than cells: each pixel shows the strongest of its cells, so that thin lines stay
  const few = (cells, length) => Math.max(1, Math.min(cells, Math.floor(length * frame.ratio)));
  const height = few(rowsIn(view), frame.height), width = few(columnsIn(view), frame.width), all = now().columns;
  const out = new Float32Array(width * height), down = rowsIn(view) / height, across = columnsIn(view) / width;
  for (let row = 0; row < height; row++) {
    for (let q = Math.floor(row * down); q < Math.floor((row + 1) * down); q++) {
      for (let column = 0; column < width; column++) {
        let best = out[row * width + column];
        const end = Math.floor((column + 1) * across);
        for (let k = Math.floor(column * across); k < end; k++) best = Math.max(best, source[(q + view.y) * all + k + view.x]);
        out[row * width + column] = best;
      }
    }
  }
  return { values: out, width, height };
}
function repaint() {
  const source = values.get(state.head);
  if (state.flow) return drawFlow();
  if (!source || !frame) return;
  const small = pooled(source, state.view);
  image = picture(small.values, small.width, small.height, now().high, least());
  draw();
}
function draw() {
  if (state.flow) return drawFlow();
  const canvas = $('heat'), context = canvas.getContext('2d'), view = state.view;
  const { left, top, cell, ratio, width: across, height: down } = frame;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = false;
  if (image) context.drawImage(image, left, top, across, down);
  context.strokeStyle = style('--line');
  context.strokeRect(left - 0.5, top - 0.5, across + 1, down + 1);
  labels(context, cell, left, top);
  const mark = (x, y, width, height, colour) => {
    context.strokeStyle = colour;
    context.strokeRect(x + 0.5, y + 0.5, Math.max(1, width) - 1, Math.max(1, height) - 1);
  };
  const { hover, pinned } = state;
  context.save();
  context.beginPath();
  context.rect(left - 2, top - 2, across + 4, down + 4);
  context.clip();
  if (hover && hover.k !== null) mark(left + (hover.k - view.x) * cell, top, cell, down, style('--muted'));
  if (hover && hover.q !== null) mark(left, top + (hover.q - view.y) * cell, across, cell, style('--muted'));
  if (pinned !== null) mark(left - 1, top + (pinned - view.y) * cell - 1, across + 2, cell + 2, style('--accent'));
  context.restore();
  drawBars(cell, left);
}
function labels(context, cell, left, top) {
  const view = state.view, { hover, pinned } = state;
  context.font = '11px "JetBrains Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace';
  context.textBaseline = 'middle';
  const fit = (tokens, index, thinned, room) => {
    let label = thinned ? `${index} ${tokens[index]}` : tokens[index];
    if (context.measureText(label).width <= room) return label;
    while (label.length > 1 && context.measureText(`${label}…`).width > room) label = [...label].slice(0, -1).join('');
    return `${label}…`;
  };
  const each = (from, cells, pitch, special, put) => {
    let step = 1;
    while (step * cell < pitch) step *= 2;
    const near = (index) => special.some((other) => other !== null && other !== index && Math.abs(other - index) * cell < pitch);
    for (let index = from; index < from + cells; index++) {
      const chosen = special.includes(index) && !(special[1] === index && near(index));
      if (chosen || (index % step === 0 && !near(index))) put(index, step > 1, index === special[0]);
    }
  };
  context.textAlign = 'right';
  each(view.y, rowsIn(view), 13, [pinned, hover ? hover.q : null], (index, thinned, lit) => {
    context.fillStyle = style(lit ? '--accent-text' : '--muted');
    context.fillText(fit(rowTokens(), index, thinned, left - 12), left - 6, top + (index - view.y + 0.5) * cell);
  });
  context.textAlign = 'left';
  each(view.x, columnsIn(view), 15, [null, hover ? hover.k : null], (index, thinned) => {
    context.save();
    context.translate(left + (index - view.x + 0.5) * cell, top - 6);
    context.rotate(-1);
    context.fillStyle = style(hover && hover.k === index ? '--text' : '--muted');
    context.fillText(fit(columnTokens(), index, thinned, 84), 0, 0);
    context.restore();
  });
}
function drawBars(cell, left) {
  const canvas = $('bars'), context = canvas.getContext('2d'), { ratio } = frame, view = state.view;
  const row = shownRow(), source = values.get(state.head), all = now().columns, end = view.x + columnsIn(view);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (row === null || !source) return;
  let max = 0;
  for (let k = view.x; k < end; k++) max = Math.max(max, source[row * all + k]);
  for (let k = view.x; k < end; k++) {
    const height = max > 0 ? 48 * source[row * all + k] / max : 0;
    context.fillStyle = style(state.hover && state.hover.k === k ? '--accent' : '--measure');
    context.fillRect(left + (k - view.x) * cell, 52 - height, Math.max(1, cell - (cell > 4 ? 1 : 0)), Math.max(1, height));
  }
}

/* Lines from each query (left) to the keys that it looks at (right) */
const MOST_LINES = 20000;
let lines = null, flowFrame = null;
function findLines() {
  const source = values.get(state.head), { rows, columns } = now(), floor = Math.max(least(), 1e-6);
  lines = { list: [], all: 0 };
  if (!source) return;
  for (let i = 0; i < rows * columns; i++) if (source[i] >= floor) lines.list.push(i);
  lines.all = lines.list.length;
  if (lines.all > MOST_LINES) {
    lines.list.sort((a, b) => source[b] - source[a]);
    lines.list.length = MOST_LINES;
  }
}
function drawFlow() {
  const source = values.get(state.head), canvas = $('flow'), context = canvas.getContext('2d');
  if (!source) return;
  if (!lines) findLines();
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, { rows, columns } = now();
  // All of it in sight where a token has a pixel; what is longer scrolls
  const pitch = Math.max(1, Math.min(22, (window.innerHeight - 320) / Math.max(rows, columns)));
  const height = pitch * Math.max(rows, columns) + 28, side = Math.min(160, width / 4);
  canvas.style.height = `${height}px`;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  flowFrame = { pitch, side, width };
  const y = (index) => 24 + (index + 0.5) * pitch, left = side, right = width - side;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.font = '11px "JetBrains Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace';
  context.textBaseline = 'middle';
  const { hover } = state, row = state.pinned ?? (hover && hover.side === 'q' ? hover.q : null);
  const column = hover && hover.side === 'k' ? hover.k : null;
  const lit = (q, k) => (row === null || q === row) && (column === null || k === column);
  // Sixteen strengths, each stroked once, the weakest first
  const strengths = Array.from({ length: 16 }, () => []);
  const shown = lines.list.filter((i) => lit(Math.floor(i / columns), i % columns)), drawn = shown.length;
  // One token's lines are told apart against the strongest of them
  const alone = row !== null || column !== null;
  const most = alone ? shown.reduce((best, i) => Math.max(best, source[i]), 0) : now().high;
  for (const i of shown) {
    strengths[Math.min(15, Math.floor(16 * share(source[i], most)))].push(Math.floor(i / columns), i % columns);
  }
  context.strokeStyle = style('--accent');
  strengths.forEach((ends, strength) => {
    context.globalAlpha = (strength + 1) / 16;
    context.lineWidth = 0.5 + strength / 10;
    context.beginPath();
    for (let i = 0; i < ends.length; i += 2) {
      const from = y(ends[i]), to = y(ends[i + 1]), bend = (right - left) * 0.4;
      context.moveTo(left, from);
      context.bezierCurveTo(left + bend, from, right - bend, to, right, to);
    }
    context.stroke();
  });
  context.globalAlpha = 1;
  const step = 2 ** Math.max(0, Math.ceil(Math.log2(13 / pitch)));
  const names = (tokens, chosen, x, align) => {
    context.textAlign = align;
    tokens.forEach((token, index) => {
      if (index % step !== 0 && index !== chosen) return;
      if (index !== chosen && chosen !== null && Math.abs(index - chosen) * pitch < 13) return;
      context.fillStyle = style(index === chosen ? '--accent-text' : '--muted');
      const text = step > 1 ? `${index} ${token}` : token, most = Math.floor((side - 12) / 6.7);
      context.fillText([...text].length > most ? `${[...text].slice(0, most - 1).join('')}…` : text, x, y(index));
    });
  };
  context.fillStyle = style('--muted');
  context.textAlign = 'right';
  context.fillText(say('query'), left - 8, 10);
  context.textAlign = 'left';
  context.fillText(say('key'), right + 8, 10);
  names(rowTokens(), row, left - 8, 'right');
  names(columnTokens(), column, right + 8, 'left');
  const kept = lines.all > lines.list.length ? say('strongest', lines.all) : '';
  $('flow-words').textContent = say('lines', drawn, kept, least() > 1e-6 ? least().toPrecision(2) : '10⁻⁶');
}
function flowAt(event) {
  if (!flowFrame) return null;
  const box = $('flow').getBoundingClientRect(), x = event.clientX - box.left;
  const index = Math.floor((event.clientY - box.top - 24) / flowFrame.pitch);
  const onLeft = x < box.width / 2, tokens = onLeft ? now().rows : now().columns;
  if (index < 0 || index >= tokens) return null;
  return onLeft ? { side: 'q', q: index, k: null } : { side: 'k', q: null, k: index };
}
/* What is pinned stays in sight of a text that scrolls */
function followPin() {
  const box = $('flow-scroll'), row = state.pinned;
  if (!state.flow || !flowFrame || row === null || box.scrollHeight <= box.clientHeight) return;
  const at = 24 + row * flowFrame.pitch;
  if (at < box.scrollTop || at > box.scrollTop + box.clientHeight - 24) box.scrollTop = at - box.clientHeight / 2;
}
function showFlow(flow) {
  state.flow = flow;
  state.hover = null;
  $('flow-button').setAttribute('aria-pressed', flow);
  for (const id of ['heat', 'bars']) $(id).hidden = flow;
  for (const id of ['flow-scroll', 'flow-words']) $(id).hidden = !flow;
  lines = null;
  if (!flow) layout();
  repaint(); words(); followPin();
}
function setThreshold(value) {
  state.threshold = Math.max(0, Math.min(100, value));
  $('threshold').value = state.threshold;
  $('threshold-value').textContent = state.threshold === 0 ? say('none') : `≥ ${least().toPrecision(3)}`;
  lines = null;
  repaint();
}
const shownRow = () => state.pinned ?? state.hover?.q ?? null;

/* Words beside the map */
function ranked(list, entries) {
  list.replaceChildren();
  for (const [name, value, text] of entries) {
    const item = add(list, 'li');
    add(item, 'span', name).title = name;
    add(add(item, 'div', undefined, 'bar'), 'i').style.width = `${100 * Math.min(1, value)}%`;
    add(item, 'span', text);
  }
}
function words() {
  const source = values.get(state.head), row = shownRow(), all = now().columns, keys = columnTokens();
  $('row-title').textContent = row === null ? say('no_row') : say('query_token', row);
  $('row-token').textContent = row === null ? say('hover') : rowTokens()[row];
  if (row === null) $('row').replaceChildren();
  if (source && row !== null) {
    const order = keys.map((_, k) => k).sort((a, b) => source[row * all + b] - source[row * all + a]).slice(0, 8);
    ranked($('row'), order.filter((k) => source[row * all + k] > 0)
      .map((k) => [`${k} ${keys[k]}`, source[row * all + k], source[row * all + k].toFixed(4)]));
  }
  const { hover } = state;
  $('readout').textContent = !hover || hover.q === null || hover.k === null || !source ? ''
    : say('readout', hover.q, rowTokens()[hover.q], hover.k, keys[hover.k], source[hover.q * all + hover.k].toFixed(4));
  for (const [id, ofSource] of strips) {
    const asks = now().rows_of_source === ofSource, seen = now().columns_of_source === ofSource;
    [...$(id).children].forEach((node, index) => {
      node.classList.toggle('pinned', asks && index === state.pinned);
      node.classList.toggle('hover', !!hover && ((seen && index === hover.k) || (asks && index === hover.q)));
    });
  }
}
function legend() {
  const context = $('legend').getContext('2d');
  for (let x = 0; x < 160; x++) {
    const at = 3 * Math.round(255 * x / 159);
    context.fillStyle = `rgb(${colours[at]},${colours[at + 1]},${colours[at + 2]})`;
    context.fillRect(x, 0, 1, 10);
  }
  const max = now().high;
  const low = { log: (max / 65536).toExponential(1), rank: say('least') };
  const high = { row: say('row_max'), rank: say('greatest') };
  $('low').textContent = low[state.scale] ?? '0';
  $('high').textContent = high[state.scale] ?? max.toFixed(4);
}

/* What the reader does */
async function select(index) {
  const before = now();
  state.head = (index + page.heads.length) % page.heads.length;
  const head = now();
  // Another text's rows are other rows; the last one stands pinned, as the next token follows it
  if (head.rows_of_source !== before.rows_of_source) state.pinned = head.rows - 1;
  if (head.rows !== before.rows || head.columns !== before.columns) whole();
  state.hover = null;
  buttons.forEach((button, at) => button.setAttribute('aria-pressed', at === state.head));
  buttons[state.head].scrollIntoView({ block: 'nearest' });
  $('head').textContent = say('head_named', head.name);
  $('hook').textContent = head.hook;
  $('heat').setAttribute('aria-label', say('map_of', head.name));
  $('measures').replaceChildren();
  for (const [name, value] of Object.entries(head.measures)) {
    add($('measures'), 'dt', page.measure_names[name] ?? name.replaceAll('_', ' '));
    add($('measures'), 'dd', value.toFixed(4));
  }
  try {
    await load(state.head);
  } catch (error) {
    $('trouble').hidden = false;
    $('trouble').textContent = error.message;
    return;
  }
  lines = null;
  setThreshold(state.threshold);
  legend(); words();
}
function pin(row) { state.pinned = row; if (frame || state.flow) draw(); words(); followPin(); }
function cellAt(event) {
  const box = $('heat').getBoundingClientRect(), { view } = state, { cell } = frame;
  const k = Math.floor((event.clientX - box.left - frame.left) / cell), q = Math.floor((event.clientY - box.top - frame.top) / cell);
  return k >= 0 && q >= 0 && k < columnsIn(view) && q < rowsIn(view) ? { q: q + view.y, k: k + view.x } : null;
}
function whole() {
  state.view = { x: 0, y: 0, size: longest() };
  layout();
}
function look(x, y, size) {
  size = Math.round(Math.max(Math.min(8, longest()), Math.min(longest(), size)));
  const clamp = (at, all) => Math.round(Math.max(0, Math.min(all - Math.min(size, all), at)));
  state.view = { x: clamp(x, now().columns), y: clamp(y, now().rows), size };
  layout(); repaint();
}
let drag = null;
$('heat').addEventListener('pointerdown', (event) => {
  drag = { x: event.clientX, y: event.clientY, view: { ...state.view }, moved: false };
  $('heat').setPointerCapture(event.pointerId);
});
$('heat').addEventListener('pointermove', (event) => {
  if (drag && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > 4) drag.moved = true;
  if (drag && drag.moved) {
    const { cell } = frame;
    look(drag.view.x - (event.clientX - drag.x) / cell, drag.view.y - (event.clientY - drag.y) / cell, drag.view.size);
    return;
  }
  state.hover = cellAt(event);
  draw(); words();
});
$('heat').addEventListener('pointerup', (event) => {
  const cell = drag && !drag.moved ? cellAt(event) : null;
  drag = null;
  if (cell) pin(cell.q === state.pinned ? null : cell.q);
});
$('heat').addEventListener('pointerleave', () => { state.hover = null; draw(); words(); });
$('heat').addEventListener('dblclick', () => look(0, 0, longest()));
$('heat').addEventListener('wheel', (event) => {
  const cell = cellAt(event);
  if (!cell) return;
  event.preventDefault();
  const { x, y, size } = state.view, factor = Math.exp(event.deltaY * 0.002), next = Math.max(Math.min(8, longest()), Math.min(longest(), size * factor));
  // About the pointer: along a side that is whole already, nothing moves
  const held = (at, from, all) => at - (at - from) * Math.min(next, all) / Math.min(size, all);
  look(held(cell.k, x, now().columns), held(cell.q, y, now().rows), next);
}, { passive: false });
$('flow').addEventListener('pointermove', (event) => { state.hover = flowAt(event); drawFlow(); words(); });
$('flow').addEventListener('pointerleave', () => { state.hover = null; drawFlow(); words(); });
$('flow').addEventListener('click', (event) => {
  const at = flowAt(event);
  pin(at && at.side === 'q' && at.q !== state.pinned ? at.q : null);
});
$('flow-button').addEventListener('click', () => showFlow(!state.flow));
$('threshold').addEventListener('input', () => setThreshold(Number($('threshold').value)));
addEventListener('keydown', (event) => {
  if (event.target instanceof HTMLSelectElement || event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (event.key === 'Escape') pin(null);
  if (event.key === 'f') showFlow(!state.flow);
  if (event.key === 'd') wear(dark ? 'light' : 'dark');
  if (event.key === '[' || event.key === ']') setThreshold(state.threshold + (event.key === ']' ? 5 : -5));
  if (!step) return;
  event.preventDefault();
  if (event.shiftKey) {
    const { rows } = now();
    pin(Math.max(0, Math.min(rows - 1, (state.pinned ?? rows) + step[0] + step[1])));
  } else if (step[0]) {
    select(state.head + step[0]);
  } else {
    const { layer, head } = now(), at = layers.indexOf(layer) + step[1];
    if (at < 0 || at >= layers.length) return;
    const row = page.heads.map((other, index) => [other, index]).filter(([other]) => other.layer === layers[at]);
    select((row.find(([other]) => other.head >= head) ?? row[row.length - 1])[1]);
  }
});
function recolour() {
  colours = bytes(page.maps.find((map) => map.id === state.map).colours);
  paintGrid(); legend(); repaint();
}
function wear(theme) {
  dark = theme === 'dark';
  document.documentElement.classList.toggle('dark', dark);
  const maps = page.maps.filter((map) => map.theme === theme);
  $('map').replaceChildren();
  for (const map of maps) add($('map'), 'option', map.label).value = map.id;
  state.map = $('map').value = (maps.find((map) => map.id === page.map) ?? maps[0]).id;
  recolour(); words();
}
$('map').addEventListener('change', () => { state.map = $('map').value; recolour(); });
$('scale').addEventListener('change', () => { state.scale = $('scale').value; recolour(); });
$('theme').addEventListener('click', () => wear(dark ? 'light' : 'dark'));
addEventListener('resize', () => { layout(); repaint(); });

$('title').textContent = page.model;
$('subtitle').textContent = page.subtitle;
$('about').textContent = page.about;
$('scale').value = state.scale;
$('target-title').textContent = say(page.translates ? 'target' : 'prompt');
$('source-title').hidden = $('source').hidden = !page.translates;
if (page.translates) $('next-title').textContent = say('next_target');
for (const [id, ofSource] of strips) {
  const ids = ofSource ? page.source_ids : page.ids;
  text(ofSource).forEach((token, index) => {
    const node = add($(id), 'span', token);
    const asks = () => now().rows_of_source === ofSource, seen = () => now().columns_of_source === ofSource;
    node.title = say('token_id', index, ids[index]);
    node.addEventListener('click', () => { if (asks()) pin(index === state.pinned ? null : index); });
    node.addEventListener('pointerenter', () => {
      state.hover = { q: asks() && !seen() ? index : null, k: seen() ? index : null };
      draw(); words();
    });
    node.addEventListener('pointerleave', () => { state.hover = null; draw(); words(); });
  });
}
$('next-title').hidden = page.next.length === 0;
state.head = Math.max(0, page.heads.findIndex(({ layer, head }) => layer === page.first.layer && head === page.first.head));
state.pinned = now().rows - 1;
buildGrid();
whole();
wear(page.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'));
ranked($('next'), page.next.map((candidate) => [candidate.text, candidate.p, `${(100 * candidate.p).toFixed(1)}%`]));
select(state.head);
