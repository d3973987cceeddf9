// Pan, zoom and drag for the relations graph. Without this module the graph is
// a still picture whose nodes are links. Plain ES module, no build step.

const clear = document.querySelector('[data-clear]');
if (clear) {
  clear.addEventListener('click', (event) => {
    event.preventDefault();
    const field = document.getElementById(clear.dataset.clear);
    field.value = '';
    field.focus();
  });
}

const svg = document.getElementById('relations-graph');
if (svg) makeLive(svg);

function makeLive(svg) {
  const home = svg.viewBox.baseVal;
  const start = { x: home.x, y: home.y, width: home.width, height: home.height };
  let view = { ...start };
  let grab = null; // what the pointer holds: the plane or a node
  let moved = false; // a drag ends with a click, which must not follow the link

  const show = () => svg.setAttribute('viewBox', `${view.x} ${view.y} ${view.width} ${view.height}`);
  const toPlane = (event) => {
    const m = svg.getScreenCTM().inverse();
    return new DOMPoint(event.clientX, event.clientY).matrixTransform(m);
  };
  const zoom = (factor, at) => {
    const width = Math.min(Math.max(view.width * factor, 120), start.width * 4);
    const f = width / view.width;
    view = { x: at.x - (at.x - view.x) * f, y: at.y - (at.y - view.y) * f, width, height: view.height * f };
    show();
  };
  // On a narrow screen the picture is wider than its frame: begin with what was
  // asked for, or with the middle.
  const first = svg.querySelector('.queried') ?? svg;
  const center = () => {
    const frame = svg.parentElement.getBoundingClientRect();
    const box = first.getBoundingClientRect();
    svg.parentElement.scrollLeft += box.left + box.width / 2 - frame.left - frame.width / 2;
  };
  center();
  addEventListener('resize', center);

  const middle = () => ({ x: view.x + view.width / 2, y: view.y + view.height / 2 });

  svg.addEventListener('wheel', (event) => {
    if (!event.ctrlKey && !event.metaKey && !svg.matches(':focus-within')) return; // let the page scroll
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15, toPlane(event));
  }, { passive: false });

  svg.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    if (event.pointerType === 'touch') return; // a finger scrolls the page and the picture
    const node = event.target.closest('[data-node]');
    grab = { node, from: toPlane(event), pointer: event.pointerId };
    if (node) grab.at = position(node);
    moved = false;
  });
  svg.addEventListener('pointermove', (event) => {
    if (!grab || grab.pointer !== event.pointerId) return;
    const p = toPlane(event);
    const dx = p.x - grab.from.x;
    const dy = p.y - grab.from.y;
    if (!moved && Math.hypot(dx, dy) < 4) return;
    if (!moved) svg.setPointerCapture(event.pointerId);
    moved = true;
    if (grab.node) {
      place(svg, grab.node, grab.at.x + dx, grab.at.y + dy);
    } else {
      view.x -= dx;
      view.y -= dy;
      show();
    }
  });
  const release = () => { grab = null; };
  svg.addEventListener('pointerup', release);
  svg.addEventListener('pointercancel', release);
  svg.addEventListener('dragstart', (event) => event.preventDefault());
  svg.addEventListener('click', (event) => {
    if (moved) event.preventDefault();
    moved = false;
  }, true);

  svg.parentElement.before(tools([
    ['+', 'Zoom in', () => zoom(1 / 1.3, middle())],
    ['−', 'Zoom out', () => zoom(1.3, middle())],
    ['Fit', 'Show the whole graph', () => { view = { ...start }; show(); }],
  ]));
}

function tools(list) {
  const bar = document.createElement('div');
  bar.className = 'tools';
  for (const [text, label, act] of list) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = text;
    button.title = label;
    button.setAttribute('aria-label', label);
    button.addEventListener('click', act);
    bar.append(button);
  }
  return bar;
}

function position(node) {
  const m = node.transform.baseVal.consolidate().matrix;
  return { x: m.e, y: m.f };
}

// place moves a node and the ends of its edges.
function place(svg, node, x, y) {
  node.setAttribute('transform', `translate(${x} ${y})`);
  const id = node.dataset.node;
  for (const edge of svg.querySelectorAll(`[data-from="${id}"], [data-to="${id}"]`)) {
    const line = edge.querySelector('line');
    const end = edge.dataset.from === id ? '1' : '2';
    line.setAttribute('x' + end, x);
    line.setAttribute('y' + end, y);
    const text = edge.querySelector('text');
    if (text) {
      text.setAttribute('x', (+line.getAttribute('x1') + +line.getAttribute('x2')) / 2);
      text.setAttribute('y', (+line.getAttribute('y1') + +line.getAttribute('y2')) / 2);
    }
  }
}
