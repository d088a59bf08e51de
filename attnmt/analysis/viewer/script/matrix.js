/* From the payload to one matrix: decoded, averaged over heads, merged to words. */

const END = "</s>";

/** What is drawn of one output: labels, weights, coverage, entropy, gold links. */
function figureOf(sentence, system, { level, layer, head }) {
  const output = sentence.outputs[system];
  const columns = axisOf(output.columns, level);
  const rows = axisOf(output.rows, level);
  const pieces = average(output, layer, head); // [target, source]
  const cells = level === "words" ? mergeWords(pieces, output, rows, columns) : pieces;
  const width = columns.labels.length;
  const marked = (axis, words) => axis.ranges.map((range) => words.some((word) => share(range, word)));
  return {
    system, rows, columns, cells, slots: output.slots,
    weight: (row, column) => cells[row * width + column],
    coverage: columns.labels.map((_, column) => coverageOf(cells, rows, width, column)),
    entropy: rows.labels.map((_, row) => entropyOf(cells.subarray(row * width, (row + 1) * width))),
    logProb: logProbs(output, rows, level),
    unread: marked(columns, output.unread),
    repeated: marked(rows, output.repeated),
    gold: goldLinks(sentence, output, rows, columns),
  };
}

/** Labels of one side, and the words [first, last) of each; those of `</s>` begin at `end`. */
function axisOf(side, level) {
  const end = side.words.length;
  if (level === "pieces") return { labels: side.pieces, ranges: side.ranges, end };
  const labels = side.ranges.some(([first]) => first === end) ? [...side.words, END] : side.words;
  return { labels, ranges: labels.map((_, word) => [word, word + 1]), end };
}

/** How much of a piece is a word's: one of several words is shared evenly. */
function share([first, last], word) {
  return first <= word && word < last ? 1 / (last - first) : 0;
}

/** Weights between pieces, [target, source]: of one layer and head, or means ("mean"). */
function average(output, layer, head) {
  const [layers, heads, rows, columns] = output.shape;
  const bytes = Uint8Array.from(atob(output.weights), (char) => char.charCodeAt(0));
  const size = rows * columns;
  const cells = new Float32Array(size);
  const chosen = chosenHeads(layers, heads, layer, head);
  for (const index of chosen) {
    for (let cell = 0; cell < size; cell++) {
      const scale = output.scales[index * rows + Math.floor(cell / columns)];
      cells[cell] += bytes[index * size + cell] * scale;
    }
  }
  return cells.map((sum) => sum / chosen.length);
}

/** Places in [layer, head]; a number that a system does not have means all of them. */
function chosenHeads(layers, heads, layer, head) {
  const pick = (count, choice) => (choice < count ? [Number(choice)] : [...Array(count).keys()]);
  return pick(layers, layer).flatMap((l) => pick(heads, head).map((h) => l * heads + h));
}

/** Sums over the pieces of a source word, means over those of a target word. */
function mergeWords(pieces, output, rows, columns) {
  const [width, sources] = [columns.labels.length, output.columns.ranges];
  const cells = new Float32Array(width * rows.labels.length);
  rows.labels.forEach((_, row) => {
    const shares = output.rows.ranges.map((range) => share(range, row));
    const total = shares.reduce((sum, part) => sum + part, 0);
    shares.forEach((part, t) => part && sources.forEach(([first, last], s) => {
      const weight = (pieces[t * sources.length + s] * part) / total / (last - first);
      for (let column = first; column < last; column++) cells[row * width + column] += weight;
    }));
  });
  return cells;
}

/** The attention that all target words together pay to a column; `</s>` pays none. */
function coverageOf(cells, rows, width, column) {
  return rows.ranges.reduce((sum, [word], row) => sum + (word === rows.end ? 0 : cells[row * width + column]), 0);
}

/** In nats; 0 for a row of zeros. */
function entropyOf(row) {
  const total = row.reduce((sum, weight) => sum + weight, 0);
  return row.reduce((sum, weight) => (weight > 0 ? sum - (weight / total) * Math.log(weight / total) : sum), 0);
}

/** Log-probability of each row: that of a word is the sum of its pieces'. */
function logProbs(output, rows, level) {
  if (level === "pieces") return output.log_probs;
  if (output.log_probs.includes(null)) return rows.ranges.map(() => null);
  return rows.ranges.map(([word]) =>
    output.log_probs.reduce((sum, value, piece) => sum + value * share(output.rows.ranges[piece], word), 0));
}

/** Gold links as [{row, column, sure}], between all pieces of two linked words. */
function goldLinks(sentence, output, rows, columns) {
  if (!sentence.gold || output.slots) return [];
  const links = [];
  for (const kind of ["sure", "possible"]) {
    for (const [source, target] of sentence.gold[kind]) {
      rows.ranges.forEach((range, row) => share(range, target) && columns.ranges.forEach((other, column) =>
        share(other, source) && links.push({ row, column, sure: kind === "sure" })));
    }
  }
  return links;
}

/** How many gold links name a word that this output does not have. */
function goldOutside(sentence, output) {
  if (!sentence.gold || output.slots) return 0;
  const links = [...sentence.gold.sure, ...sentence.gold.possible];
  return links.filter(([s, t]) => s >= output.columns.words.length || t >= output.rows.words.length).length;
}

/** For each word whether one of the figures has it marked. */
function inAny(figures, name) {
  return figures[0][name].map((_, index) => figures.some((figure) => figure[name][index]));
}

/** Whether two figures have the same words (or pieces) on both sides. */
function sameAxes(one, other) {
  return sameLabels(one.rows, other.rows) && sameLabels(one.columns, other.columns);
}

function sameLabels(one, other) {
  return one.labels.length === other.labels.length && one.labels.every((label, i) => label === other.labels[i]);
}
