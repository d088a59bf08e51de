/* Elements, the tooltip, numbers as text. Text of the payload only becomes textContent. */

const find = (id) => document.getElementById(id);

/** An HTML element; `properties` are attributes, but text, dataset and on... events. */
function element(name, properties = {}, ...children) {
  return dress(document.createElement(name), properties, children);
}

/** The same in SVG, whose name the page's own icon tells. */
function shape(name, properties = {}, ...children) {
  return dress(document.createElementNS(find("icon").namespaceURI, name), properties, children);
}

function dress(made, { text, style = {}, ...attributes }, children) {
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) made.setAttribute(name, value);
  }
  for (const [name, value] of Object.entries(style)) made.style.setProperty(name, value);
  made.append(...children);
  return made;
}

function decimals(value, places = 2) {
  if (value === null || value === undefined) return "–";
  return value.toFixed(places).replace(/^-(?=[0.]*$)/, "").replace("-", "−");
}

/** Show the tooltip: a list of [number, name, system], then [term, text, detail]. */
function showTip(event, numbers, lines) {
  const tip = find("tip");
  const heads = numbers.map(([number, name, system]) =>
    element("div", { class: "tip-number" },
      element("strong", { text: number, "data-system": system }),
      element("span", { text: name })));
  const rows = lines.flatMap(([term, text, detail]) => [
    element("span", { class: "tip-term", text: term }),
    element("span", { class: "tip-text", dir: "auto", text }),
    element("span", { class: "tip-detail", text: detail ?? "" })]);
  tip.replaceChildren(...heads, ...rows);
  tip.hidden = false;
  moveTip(event);
}

/** Keep it beside the pointer and inside the window. */
function moveTip(event) {
  const tip = find("tip");
  const fits = (at, size, room) => (at + 16 + size > room ? Math.max(4, at - 16 - size) : at + 16);
  tip.style.left = `${fits(event.clientX, tip.offsetWidth, innerWidth)}px`;
  tip.style.top = `${fits(event.clientY, tip.offsetHeight, innerHeight)}px`;
}

function hideTip() {
  find("tip").hidden = true;
}
