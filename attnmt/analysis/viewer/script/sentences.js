/* The list of sentences: sorted by a figure, searched by words, flags and number. */

// For each order: its name, the figure, whether the largest comes first, its decimals.
const ORDERS = {
  id: ["Input order", null, false, 0],
  coverage: ["Worst coverage", "worst_coverage", false, 2],
  entropy: ["Highest entropy", "entropy", true, 2],
  score: ["Lowest score", "score", false, 2],
  length: ["Longest source", "length", true, 0],
  aer: ["Highest AER", "aer", true, 2],
};

const TOLD = ["imported", "forced"]; // flags that warn of nothing

/** The list, and what it shows; `open(index)` is called when one is clicked. */
class SentenceList {
  constructor(sentences, open) {
    this.sentences = sentences;
    this.items = sentences.map((sentence, index) => this.item(sentence, index, open));
    this.texts = sentences.map(searchable);
    this.shown = this.items.map((_, index) => index);
    this.box = find("sentences");
    this.sort("id");
  }

  item(sentence, index, open) {
    const [output] = sentence.outputs;
    const rank = sentence.n_best > 1 ? `.${sentence.rank}` : "";
    const flags = [...new Set(sentence.outputs.flatMap((one) => one.flags))];
    const button = element("button", { type: "button", "data-index": index, onclick: () => open(index) },
      element("span", { class: "number", text: `${sentence.id}${rank}` }),
      element("span", { class: "line", dir: "auto", text: sentence.source.trim() || "(blank line)" }),
      element("span", { class: "line target", dir: "auto", text: output.text.trim() || "–" }),
      element("span", { class: "metric" }),
      element("span", { class: flags.some((flag) => !TOLD.includes(flag)) ? "dot raised" : "dot", title: flags.join(", ") }));
    return element("li", {}, button);
  }

  sort(order) {
    const [, name, descending, places] = ORDERS[order];
    const value = ({ outputs: [{ figures }] }, index) => (name ? figures[name] ?? null : index);
    const values = this.sentences.map(value);
    const indices = values.map((_, index) => index);
    indices.sort((a, b) => compare(values[a], values[b], descending) || a - b);
    this.order = indices;
    indices.forEach((index) => {
      const text = name ? decimals(values[index], places) : "";
      this.items[index].querySelector(".metric").textContent = text;
    });
    this.box.replaceChildren(...indices.map((index) => this.items[index]));
    this.filter(find("search").value);
  }

  filter(query) {
    const terms = query.toLowerCase().split(/\s+/).filter(Boolean);
    this.shown = this.order.filter((index) => terms.every((term) => this.matches(index, term)));
    const shown = new Set(this.shown);
    this.items.forEach((item, index) => (item.hidden = !shown.has(index)));
    const all = this.items.length;
    find("count").textContent = shown.size === all ? `${all} sentences` : `${shown.size} of ${all} sentences`;
  }

  matches(index, term) {
    const number = /^#(\d+)(?:\.(\d+))?$/.exec(term);
    if (number) {
      const { id, rank } = this.sentences[index];
      return id === Number(number[1]) && (number[2] === undefined || rank === Number(number[2]));
    }
    return this.texts[index].includes(term);
  }

  /** The sentence some steps further in what is shown. */
  step(index, steps) {
    if (!this.shown.length) return index;
    const at = this.shown.indexOf(index);
    if (at < 0) return this.shown[0];
    return this.shown[Math.min(this.shown.length - 1, Math.max(0, at + steps))];
  }

  mark(index) {
    this.box.querySelector("[aria-current]")?.removeAttribute("aria-current");
    const button = this.items[index].firstChild;
    button.setAttribute("aria-current", "true");
    if (this.box.contains(document.activeElement)) button.focus({ preventScroll: true });
    button.scrollIntoView({ block: "nearest" });
  }
}

/** Numbers in order, what is missing last. */
function compare(a, b, descending) {
  if (a === null || b === null) return (a === null) - (b === null);
  return descending ? b - a : a - b;
}

function searchable({ source, outputs }) {
  const parts = outputs.flatMap(({ text, flags }) => [text, ...flags]);
  return [source, ...parts].join("\n").toLowerCase();
}
