/* The head of the page: both texts, flags and figures of the sentence. */

const FIGURES = [
  ["score", "score", "Log-probability after length and coverage penalty"],
  ["log_prob", "log-prob / piece", "Mean log-probability of a target piece"],
  ["entropy", "entropy", "Mean entropy of the target words, in nats"],
  ["peak", "peak", "Mean of the largest weight of each target word"],
  ["worst_coverage", "worst coverage", "Least attention that a source word got in all"],
  ["monotonicity", "monotonicity", "Rank correlation of reading position and time"],
  ["jump", "jump", "Mean distance between words read one after the other"],
  ["end_mass", "on </s>", "Share of the attention on the end of the sentence"],
  ["punctuation_mass", "on punctuation", "Share of the attention on punctuation"],
  ["aer", "AER", "Alignment error rate of the strongest links, against the gold links"],
];
const FLAGS = {
  untranslated: "Source words in a row that were hardly read",
  repetition: "The translation says something twice",
  copied: "The translation copies words of the source",
  suspicious: "Low log-probability and attention everywhere",
  sink: "Most attention is on punctuation and </s>",
  truncated: "The source was cut",
  split: "The source was translated in parts, whose attention is not kept",
  unfinished: "The translation has no end",
  empty_src: "The line is blank",
  imported: "Read from a file of another toolkit",
  forced: "Some of its weights were given",
};

/** Write texts, flags and figures of a sentence into the head. */
function readSentence(sentence) {
  const rank = sentence.n_best > 1 ? ` · rank ${sentence.rank} of ${sentence.n_best}` : "";
  find("number").textContent = `id ${sentence.id}${rank}`;
  find("source").textContent = sentence.source.trim() || "(blank line)";
  find("outputs").replaceChildren(...sentence.outputs.map(outputOf));
  find("figures").replaceChildren(...figureRows(sentence.outputs));
  const outside = Math.max(...sentence.outputs.map((output) => goldOutside(sentence, output)));
  find("gold-note").textContent = outside
    ? `${outside} gold links name words that are not in this text, and are not drawn.` : "";
}

function outputOf(output, system) {
  const name = payload.systems.length > 1
    ? [element("div", { class: "system", "data-system": system, text: payload.systems[system] })] : [];
  const flags = output.flags.map((flag) =>
    element("span", { class: "flag", title: FLAGS[flag] ?? "", text: flag.replaceAll("_", " ") }));
  return element("div", { class: "output" },
    ...name,
    element("p", { class: "text", dir: "auto", text: output.text.trim() || "(no words)" }),
    element("div", { class: "flags" }, ...flags));
}

/** The rows of the table of figures: names, then a row for each system. */
function figureRows(outputs) {
  const known = FIGURES.filter(([key]) => outputs.some(({ figures }) => (figures[key] ?? null) !== null));
  const head = element("tr", {}, ...known.map(([, text, title]) => element("th", { scope: "col", text, title })));
  return [head, ...outputs.map(({ figures }, system) =>
    element("tr", {}, ...known.map(([key]) => element("td", { text: decimals(figures[key]), "data-system": system }))))];
}
