/* State, controls and keyboard. */

const payload = JSON.parse(find("data").textContent);
const state = {
  index: 0, view: "heat", level: "words", layer: "mean", head: "mean",
  systems: payload.systems.length > 1 ? "beside" : "0", gold: true, threshold: 0.1,
};
const FIGURE_GAP = 32; // between two heat maps, as in the style
const list = new SentenceList(payload.sentences, (index) => open(index));

function open(index) {
  state.index = index;
  list.mark(index);
  readSentence(payload.sentences[index]);
  find("reading").parentElement.scrollTop = find("figure").scrollLeft = 0;
  draw();
}

function change(name, value) {
  state[name] = value;
  draw();
}

/** Draw the figure of the sentence as the state says. */
function draw() {
  hideTip();
  showControls();
  const sentence = payload.sentences[state.index];
  const figures = chosenSystems().map((system) => figureOf(sentence, system, state));
  const drawn = find("figure");
  const some = figures.filter((figure) => figure.cells.length);
  if (!some.length) {
    drawn.replaceChildren(element("p", { class: "nothing", text: "There is no attention for this line: it has no words." }));
  } else if (state.view === "heat") {
    drawHeat(drawn, some);
  } else {
    drawLinks(drawn, some);
  }
  showLegend(some);
}

function chosenSystems() {
  return /^\d$/.test(state.systems) ? [Number(state.systems)] : [0, 1];
}

/** Whether the figures are drawn as one; only where their words are the same. */
function laidOver(figures) {
  return figures.length > 1 && state.systems === "over" && sameAxes(...figures);
}

function drawHeat(drawn, figures) {
  const groups = laidOver(figures) ? [figures] : figures.map((figure) => [figure]);
  const room = { width: find("reading").firstElementChild.clientWidth, height: innerHeight - drawn.getBoundingClientRect().top - 40 };
  const fit = (width) => Math.min(...groups.map(([figure]) => cellSize(figure, width, room.height)));
  const beside = fit((room.width - FIGURE_GAP * (groups.length - 1)) / groups.length);
  const cell = Math.max(SMALLEST, beside < SMALLEST ? fit(room.width) : beside);
  drawn.replaceChildren(...groups.map((group) => titled(group, heatMap(group, {
    cell, gold: state.gold, rightToLeft: isRightToLeft() && !group[0].slots,
  }))));
}

function drawLinks(drawn, figures) {
  const over = laidOver(figures);
  const beside = figures.length > 1 && !over && sameLabels(figures[0].columns, figures[1].columns);
  const groups = over || beside ? [figures] : figures.map((figure) => [figure]);
  const options = { beside, threshold: state.threshold, gold: state.gold };
  drawn.replaceChildren(...groups.map((group) => titled(group, linkMap(group, options))));
}

/** A figure with the names of its systems above, where there are two. */
function titled(group, map) {
  if (payload.systems.length < 2) return map;
  const names = group.map(({ system }) =>
    element("span", { class: "system", "data-system": system, text: payload.systems[system] }));
  return element("div", { class: "titled" }, element("div", { class: "title" }, ...names), map);
}

function isRightToLeft() {
  return getComputedStyle(find("source")).direction === "rtl";
}

/** Legends of what is drawn: the shades, gold links, coverage and entropy. */
function showLegend(figures) {
  const shown = (id, is) => (find(id).hidden = !is);
  const systems = [...new Set(figures.map((figure) => figure.system))];
  find("ramps").replaceChildren(...systems.map((system) => element("i", { class: "ramp", "data-system": system })));
  shown("legend", figures.length);
  find("legend").dataset.view = state.view;
  shown("legend-shades", state.view === "heat");
  shown("legend-gold", state.gold && figures.some((figure) => figure.gold.length));
  shown("legend-coverage", figures.some((figure) => !figure.slots));
  shown("legend-halves", laidOver(figures) && state.view === "heat");
  shown("legend-slots", figures.some((figure) => figure.slots));
  shown("legend-differ", state.systems === "over" && figures.length > 1 && !laidOver(figures));
}

function showControls() {
  for (const button of document.querySelectorAll("[data-set]")) {
    const pressed = state[button.dataset.set] === button.value;
    button.setAttribute("aria-pressed", pressed);
  }
  for (const name of ["layer", "head", "systems"]) find(name).value = state[name];
  find("gold").checked = state.gold;
  find("threshold-box").hidden = state.view !== "links";
  find("threshold-value").textContent = decimals(state.threshold);
}

/** Choices of layers and heads, systems and orders; what has one choice is hidden. */
function fillControls() {
  const outputs = payload.sentences.flatMap((sentence) => sentence.outputs);
  ["layer", "head"].forEach((name, axis) => {
    const count = outputs.reduce((most, output) => Math.max(most, output.shape[axis]), 0);
    const numbers = [...Array(count).keys()];
    find(name).append(...numbers.map((n) => element("option", { value: n, text: `${n}` })));
    find(`${name}-box`).hidden = count < 2;
  });
  payload.systems.forEach((name, system) =>
    find("systems").append(element("option", { value: system, text: `only ${name}` })));
  find("systems-box").hidden = payload.systems.length < 2;
  const hasGold = payload.sentences.some((sentence) => sentence.gold);
  find("gold-box").hidden = !hasGold;
  const orders = Object.entries(ORDERS).filter(([order]) => order !== "aer" || hasGold);
  find("order").append(...orders.map(([order, [text]]) => element("option", { value: order, text })));
  find("name").textContent = payload.systems.join(" · ");
  document.title = `${payload.systems.join(" · ")} – attention`;
  find("tool").textContent = payload.tool;
}

function listenToControls() {
  for (const button of document.querySelectorAll("[data-set]")) {
    button.addEventListener("click", () => change(button.dataset.set, button.value));
  }
  for (const name of ["layer", "head", "systems"]) {
    find(name).addEventListener("change", (event) => change(name, event.target.value));
  }
  find("gold").addEventListener("change", (event) => change("gold", event.target.checked));
  find("threshold").addEventListener("input", (event) => change("threshold", Number(event.target.value)));
  find("order").addEventListener("change", (event) => list.sort(event.target.value));
  find("search").addEventListener("input", (event) => list.filter(event.target.value));
  find("theme").addEventListener("click", toggleTheme);
  find("ask").addEventListener("click", () => find("help").showModal());
  addEventListener("resize", draw);
  addEventListener("scroll", hideTip, true);
}

function toggleTheme() {
  const root = document.documentElement;
  const now = root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  root.dataset.theme = now === "dark" ? "light" : "dark";
}

const KEYS = {
  j: () => open(list.step(state.index, 1)),
  k: () => open(list.step(state.index, -1)),
  h: () => change("view", "heat"),
  l: () => change("view", "links"),
  w: () => change("level", state.level === "words" ? "pieces" : "words"),
  g: () => change("gold", !state.gold),
  t: toggleTheme,
  "/": () => find("search").select(),
  "?": () => find("help").showModal(),
};
KEYS.ArrowDown = KEYS.ArrowRight = KEYS.j;
KEYS.ArrowUp = KEYS.ArrowLeft = KEYS.k;

/** A key works where it is not needed to type or to choose. */
function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || find("help").open) return;
  if (event.key === "Escape" || (event.key === "Enter" && event.target === find("search"))) {
    event.preventDefault(); // which would empty the search
    event.target.blur();
    return;
  }
  if (event.target.matches("input:not([type=checkbox]), select") || !(event.key in KEYS)) return;
  event.preventDefault();
  KEYS[event.key]();
}

fillControls();
listenToControls();
document.addEventListener("keydown", press);
open(0);
