/* The heat map: cells by level of weight, coverage below, entropy beside. */

const LEVELS = 50; // shades; a weight below half of the first is not drawn
const [SMALLEST, LARGEST] = [18, 34]; // cell, in pixels
const STRIP = 52; // width of the entropy bars
const BAR = 44; // height of the coverage bars
const ANGLE = Math.SQRT1_2; // sine and cosine of the labels' 45 degrees

/** A heat map of one figure, or of two with the same words laid over each other. */
function heatMap(figures, options) {
  const [first] = figures;
  const [columns, rows] = [first.columns.labels.length, first.rows.labels.length];
  const size = options.cell;
  const place = (column) => (options.rightToLeft ? columns - 1 - column : column);
  const head = labelSizes(first).column * ANGLE + 16;
  const map = element("div", {
    class: "map", style: { "--cell": `${size}px`, "--columns": columns, "--head": `${head}px` },
  });
  const columnLabels = labelsOf(first.columns, inAny(figures, "unread"), place, "column");
  const rowLabels = labelsOf(first.rows, inAny(figures, "repeated"), (row) => row, "row");
  const cells = shape("svg", { class: "cells", width: columns * size, height: rows * size });
  const bands = [shape("rect", { class: "band" }), shape("rect", { class: "band" })];
  cells.append(
    shape("path", { class: "ground", d: ground(rows, columns, size) }),
    ...figures.flatMap((figure) => shades(figure, figures, place, size)),
    ...bands,
    ...(options.gold ? goldMarks(first, place, size) : []));
  map.append(
    element("div", { class: "column-labels" }, ...columnLabels),
    element("div", { class: "strip-title", text: "entropy" }),
    element("div", { class: "row-labels" }, ...rowLabels),
    cells,
    entropyBars(figures, size));
  if (!first.slots) {
    map.append(element("div", { class: "coverage-title", text: "coverage" }), coverageBars(figures, place, size));
  }
  const focus = (row, column) => {
    mark(rowLabels, row);
    mark(columnLabels, column);
    span(bands[0], row !== null && [0, row * size, columns * size, size]);
    span(bands[1], column !== null && [place(column) * size, 0, size, rows * size]);
  };
  listen({ cells, rowLabels, columnLabels, map }, figures, place, size, focus, options.gold);
  return map;
}

function labelsOf(axis, flagged, place, kind) {
  return axis.labels.map((text, index) =>
    element("span", {
      class: `label ${kind}${axis.ranges[index][0] === axis.end ? " end" : ""}${flagged[index] ? " flagged" : ""}`,
      dir: "auto", text, style: { "--at": place(index) },
    }));
}

/** A rounded square for every cell, as one path. */
function ground(rows, columns, size) {
  let path = "";
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) path += square(column * size, row * size, size);
  }
  return path;
}

/** One path for every shade that occurs; two systems have half of each cell. */
function shades(figure, figures, place, size) {
  const columns = figure.columns.labels.length;
  const outline = figures.length === 1 ? square : figure === figures[0] ? upper : lower;
  const paths = new Map();
  figure.cells.forEach((weight, cell) => {
    const level = Math.min(LEVELS, Math.round(weight * LEVELS));
    if (!level) return;
    const [x, y] = [place(cell % columns) * size, Math.floor(cell / columns) * size];
    paths.set(level, (paths.get(level) ?? "") + outline(x, y, size));
  });
  return [...paths].map(([level, d]) =>
    shape("path", { class: "shade", "data-system": figure.system, d, style: { fill: colour(level / LEVELS) } }));
}

/** From low by mid to high, as the style names the colours of a system. */
function colour(share) {
  const [from, to, part] = share < 0.5 ? ["--low", "--mid", share] : ["--mid", "--high", share - 0.5];
  return `color-mix(in oklab, var(${to}) ${200 * part}%, var(${from}))`;
}

const square = (x, y, size) => `M${x + 0.5} ${y + 0.5}h${size - 1}v${size - 1}h${1 - size}z`;
const upper = (x, y, size) => `M${x + 0.5} ${y + 0.5}h${size - 1}L${x + 0.5} ${y + size - 0.5}z`;
const lower = (x, y, size) => `M${x + size - 0.5} ${y + size - 0.5}h${1 - size}L${x + size - 0.5} ${y + 0.5}z`;

function goldMarks(figure, place, size) {
  return figure.gold.map(({ row, column, sure }) =>
    shape("circle", {
      class: sure ? "gold sure" : "gold possible",
      cx: (place(column) + 0.5) * size, cy: (row + 0.5) * size, r: Math.max(3, size * 0.13),
    }));
}

/** Bars to the right: the entropy of each row, as a share of the largest possible. */
function entropyBars(figures, size) {
  const [first] = figures;
  const drawn = shape("svg", { class: "entropy", width: STRIP, height: first.rows.labels.length * size });
  const thick = Math.min(8, size / 3) / figures.length;
  figures.forEach((figure, which) => figure.entropy.forEach((entropy, row) => {
    const share = entropyShare(figure, row);
    const y = (row + 0.5) * size + (which - figures.length / 2) * thick;
    drawn.append(shape("rect", { class: "bar", "data-system": figure.system, x: 0, y, width: Math.max(1, share * STRIP), height: thick, rx: 1 }));
  }));
  return drawn;
}

function entropyShare(figure, row) {
  return Math.min(1, figure.entropy[row] / Math.log(Math.max(2, figure.columns.labels.length)));
}

/** Bars below: the coverage of each column up to 2, with a line at 1. */
function coverageBars(figures, place, size) {
  const width = figures[0].columns.labels.length * size;
  const drawn = shape("svg", { class: "coverage", width, height: BAR });
  drawn.append(shape("line", { class: "one", x1: 0, x2: width, y1: BAR / 2, y2: BAR / 2 }));
  const thick = Math.min(12, size * 0.5) / figures.length;
  figures.forEach((figure, which) => figure.coverage.forEach((coverage, column) => {
    const x = (place(column) + 0.5) * size + (which - figures.length / 2) * thick;
    const height = Math.max(1, (Math.min(coverage, 2) * BAR) / 2);
    const few = figure.unread[column] ? " few" : "";
    drawn.append(shape("rect", { class: `bar${few}`, "data-system": figure.system, x, y: 0, width: thick, height, rx: 1 }));
  }));
  return drawn;
}

function mark(labels, index) {
  labels.forEach((label, other) => label.classList.toggle("on", other === index));
}

function span(band, box) {
  band.classList.toggle("on", Boolean(box));
  if (box) ["x", "y", "width", "height"].forEach((name, i) => band.setAttribute(name, box[i]));
}

/** Pointing at a cell tells its number; at a label, its row or column. */
function listen({ cells, rowLabels, columnLabels, map }, figures, place, size, focus, gold) {
  const [first] = figures;
  const [columns, rows] = [first.columns.labels.length, first.rows.labels.length];
  cells.addEventListener("mousemove", (event) => {
    const box = cells.getBoundingClientRect();
    const row = Math.min(rows - 1, Math.max(0, Math.floor((event.clientY - box.top) / size)));
    const column = place(Math.min(columns - 1, Math.max(0, Math.floor((event.clientX - box.left) / size))));
    focus(row, column);
    tipOfCell(event, figures, row, column, gold);
  });
  rowLabels.forEach((label, row) => label.addEventListener("mousemove", (event) => {
    focus(row, null);
    showTip(event, [], [targetLine(figures, row)]);
  }));
  columnLabels.forEach((label, column) => label.addEventListener("mousemove", (event) => {
    focus(null, column);
    showTip(event, [], [sourceLine(figures, column)]);
  }));
  for (const part of [cells, ...rowLabels, ...columnLabels]) {
    part.addEventListener("mouseleave", () => (focus(null, null), hideTip()));
  }
}

function tipOfCell(event, figures, row, column, gold) {
  const [first] = figures;
  const numbers = figures.map((figure) => [
    decimals(figure.weight(row, column)),
    payload.systems.length > 1 ? payload.systems[figure.system] : "weight",
    figure.system,
  ]);
  const lines = [targetLine(figures, row), sourceLine(figures, column)];
  const link = gold && first.gold.find((one) => one.row === row && one.column === column);
  if (link) lines.push(["gold", link.sure ? "sure link" : "possible link"]);
  showTip(event, numbers, lines);
}

/** What the tooltip says of a target word, with a number for each figure. */
function targetLine(figures, row) {
  const each = (name) => figures.map((figure) => decimals(figure[name][row])).join(" | ");
  return [`target ${row + 1}`, figures[0].rows.labels[row], `entropy ${each("entropy")} · log-prob ${each("logProb")}`];
}

function sourceLine(figures, column) {
  const [{ columns, slots }] = figures;
  if (slots) return ["slot", columns.labels[column]];
  const each = figures.map((figure) => decimals(figure.coverage[column])).join(" | ");
  return [`source ${column + 1}`, columns.labels[column], `coverage ${each}`];
}

/** The size of a cell at which a map fits the room, or 24 where it is only too high. */
function cellSize(figure, width, height) {
  const labels = labelSizes(figure);
  const beside = Math.max(STRIP, labels.column * ANGLE - 10);
  const wide = (width - labels.row - beside - 24) / figure.columns.labels.length;
  const high = (height - labels.column * ANGLE - BAR - 70) / figure.rows.labels.length;
  return Math.floor(Math.min(wide, Math.max(high, 24), LARGEST));
}

/** The longest label of each side, as the browser sets it; both are cut at a width. */
function labelSizes(figure) {
  const pen = labelSizes.pen ??= document.createElement("canvas").getContext("2d");
  pen.font = `13.5px ${getComputedStyle(document.body).fontFamily}`;
  const widest = ({ labels }) => labels.reduce((most, text) => Math.max(most, Math.min(150, pen.measureText(text).width)), 0);
  return { row: widest(figure.rows), column: widest(figure.columns) };
}
