/* Word links: source and target words in columns, curves between them by weight. */

const [LINE, GAP] = [30, 200]; // height of a word, width between two columns

/** Links of the figures: source on the left, or in the middle of two targets. */
function linkMap(figures, { beside, threshold, gold }) {
  const height = LINE * Math.max(...figures.flatMap((f) => [f.rows.labels.length, f.columns.labels.length]));
  const drawn = element("div", { class: beside ? "link-map three" : "link-map" });
  const sides = beside ? [[figures[0]], [figures[1]]] : [figures];
  const source = wordColumn(figures, "source", height, beside ? "centre" : "left");
  const targets = sides.map((side, i) => wordColumn(side, "target", height, beside && !i ? "left" : "right"));
  const curves = sides.map((side, i) => curvesOf(side, height, { mirrored: beside && !i, threshold, gold }));
  if (beside) drawn.append(targets[0].box, curves[0], source.box, curves[1], targets[1].box);
  else drawn.append(source.box, curves[0], targets[0].box);
  const parts = { drawn, source, targets, curves, sides, threshold };
  pointAt(parts, source, (index) => ({ column: index }));
  targets.forEach((target, side) => pointAt(parts, target, (index) => ({ row: index, side })));
  return drawn;
}

/** The words of one side, each with a bar: coverage of source, entropy of target words. */
function wordColumn(figures, kind, height, where) {
  const isSource = kind === "source";
  const [figure] = figures;
  const axis = isSource ? figure.columns : figure.rows;
  const flagged = inAny(figures, isSource ? "unread" : "repeated");
  const items = axis.labels.map((text, index) => {
    const bars = isSource && figure.slots ? [] : figures.map((one, nth) => element("i", {
      class: "track", "data-system": isSource && figures.length < 2 ? undefined : one.system,
      style: { "--nth": nth, "--share": isSource ? Math.min(2, one.coverage[index]) : entropyShare(one, index) },
    }));
    const end = axis.ranges[index][0] === axis.end ? " end" : "";
    return element("div", { class: `word${end}${flagged[index] ? " flagged" : ""}`, "data-index": index },
      element("span", { class: "weight" }),
      element("bdi", { dir: "auto", text }),
      ...bars);
  });
  const box = element("div", {
    class: `words ${kind} ${where}`, style: { "padding-top": `${(height - LINE * items.length) / 2}px` },
  }, ...items);
  return { box, items, figures, isSource };
}

/** The curves of one side; targets are on the right, or (mirrored) on the left. */
function curvesOf(figures, height, { mirrored, threshold, gold }) {
  const drawn = shape("svg", { class: "curves", width: GAP, height });
  const curve = (figure, row, column, shift = 0) => curvePath(
    middle(figure.columns, column, height) + shift, middle(figure.rows, row, height) + shift, mirrored);
  if (gold) {
    for (const { row, column, sure } of figures[0].gold) {
      drawn.append(shape("path", { class: `gold-link ${sure ? "sure" : "possible"}`, d: curve(figures[0], row, column) }));
    }
  }
  figures.forEach((figure, which) => {
    const columns = figure.columns.labels.length;
    const shift = (which - (figures.length - 1) / 2) * 6; // so that none hides the other
    figure.cells.forEach((weight, cell) => {
      if (weight < threshold || weight < 0.005) return;
      const [row, column] = [Math.floor(cell / columns), cell % columns];
      drawn.append(shape("path", {
        class: "link", "data-system": figure.system, "data-row": row, "data-column": column,
        d: curve(figure, row, column, shift), "stroke-width": 0.6 + 4.4 * weight, "stroke-opacity": 0.15 + 0.75 * weight,
      }));
    });
  });
  return drawn;
}

function middle(axis, index, height) {
  return (height - LINE * axis.labels.length) / 2 + (index + 0.5) * LINE;
}

function curvePath(source, target, mirrored) {
  const [from, to] = mirrored ? [GAP, 0] : [0, GAP];
  return `M${from} ${source}C${GAP / 2} ${source} ${GAP / 2} ${target} ${to} ${target}`;
}

/** Pointing at a word leaves its own links and writes their weights. */
function pointAt(parts, column, chosen) {
  column.items.forEach((item, index) => {
    item.addEventListener("mouseenter", () => reveal(parts, chosen(index), item));
    item.addEventListener("mousemove", (event) => {
      const line = column.isSource ? sourceLine(column.figures, index) : targetLine(column.figures, index);
      showTip(event, [], [line]);
    });
    item.addEventListener("mouseleave", () => (conceal(parts), hideTip()));
  });
}

function reveal({ drawn, source, targets, curves, sides, threshold }, { row, column, side }, item) {
  drawn.classList.add("pointed");
  item.classList.add("on");
  sides.forEach((figures, number) => {
    if (side !== undefined && side !== number) return;
    for (const path of curves[number].querySelectorAll(".link")) {
      const own = row === undefined ? Number(path.dataset.column) === column : Number(path.dataset.row) === row;
      path.classList.toggle("on", own);
    }
    const others = row === undefined ? targets[number].items : source.items;
    others.forEach((other, index) => {
      const weights = figures.map((f) => (row === undefined ? f.weight(index, column) : f.weight(row, index)));
      if (Math.max(...weights) < Math.max(threshold, 0.005)) return;
      other.classList.add("on");
      other.querySelector(".weight").textContent = weights.map((w) => decimals(w)).join(" | ");
    });
  });
}

function conceal({ drawn }) {
  drawn.classList.remove("pointed");
  for (const on of drawn.querySelectorAll(".on")) on.classList.remove("on");
  for (const weight of drawn.querySelectorAll(".weight")) weight.textContent = "";
}
