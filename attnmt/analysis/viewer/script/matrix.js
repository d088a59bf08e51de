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
  const marked = (axis, words) => axis.words.map((word) => words.includes(word));
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

/** Labels of one side, and the word that each belongs to (-1: none, as `</s>`). */
function axisOf(side, level) {
  if (level === "pieces") return { labels: side.pieces, words: side.piece2word };
  const end = side.piece2word.includes(-1);
  const words = side.words.map((_, word) => word);
  return { labels: end ? [...side.words, END] : side.words, words: end ? [...words, -1] : words };
}

/** Weights between pieces, [target, source]: of one layer and head, or means ("mean"). */
function average(output, layer, head) {
  const [layers, heads, rows, columns] = output.shape;
  const bytes = Uint8Array.from(atob(output.weights), (char) => char.charCodeAt(0));
  const size = rows * columns;
  const cells = new Float32Array(size);
  const chosen = chosenHeads(layers, heads, layer, head);
  for (const index of chosen) {
    for (let cell = 0; cell < size; cell++) cells[cell] += bytes[index * size + cell];
  }
  return cells.map((sum) => (sum * output.scale) / chosen.length);
}

/** Places in [layer, head]; a number that a system does not have means all of them. */
function chosenHeads(layers, heads, layer, head) {
  const pick = (count, choice) => (choice < count ? [Number(choice)] : [...Array(count).keys()]);
  return pick(layers, layer).flatMap((l) => pick(heads, head).map((h) => l * heads + h));
}

/** Sums over the pieces of a source word, means over those of a target word. */
function mergeWords(pieces, output, rows, columns) {
  const [width, height] = [columns.labels.length, rows.labels.length];
  const source = output.columns.piece2word.map((word) => (word < 0 ? width - 1 : word));
  const target = output.rows.piece2word.map((word) => (word < 0 ? height - 1 : word));
  const counts = new Array(height).fill(0);
  target.forEach((row) => counts[row]++);
  const cells = new Float32Array(width * height);
  target.forEach((row, t) => source.forEach((column, s) => {
    cells[row * width + column] += pieces[t * source.length + s] / counts[row];
  }));
  return cells;
}

/** The attention that all target words together pay to a column; `</s>` pays none. */
function coverageOf(cells, rows, width, column) {
  return rows.words.reduce((sum, word, row) => sum + (word < 0 ? 0 : cells[row * width + column]), 0);
}

/** In nats; 0 for a row of zeros. */
function entropyOf(row) {
  const total = row.reduce((sum, weight) => sum + weight, 0);
  return row.reduce((sum, weight) => (weight > 0 ? sum - (weight / total) * Math.log(weight / total) : sum), 0);
}

/** Log-probability of each row: that of a word is the sum of its pieces'. */
function logProbs(output, rows, level) {
  if (level === "pieces") return output.log_probs;
  return rows.words.map((word) =>
    output.log_probs.reduce((sum, value, piece) => sum + (output.rows.piece2word[piece] === word ? value : 0), 0));
}

/** Gold links as [{row, column, sure}], between all pieces of two linked words. */
function goldLinks(sentence, output, rows, columns) {
  if (!sentence.gold || output.slots) return [];
  const links = [];
  for (const kind of ["sure", "possible"]) {
    for (const [source, target] of sentence.gold[kind]) {
      rows.words.forEach((word, row) => word === target && columns.words.forEach((other, column) =>
        other === source && links.push({ row, column, sure: kind === "sure" })));
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
