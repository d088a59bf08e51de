"""How the page of a report looks, by day and by night."""

STYLE = """
:root {
  color-scheme: light dark;
  --ground: #f6f5f2; --paper: #ffffff; --ink: #1c2430; --faint: #66707d;
  --rule: #e2e0da; --bar: #2f6f8f; --control: #b9c2c9; --mark: #c2542d;
  --tint: #e9f1f4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14181d; --paper: #1c2229; --ink: #e6e9ec; --faint: #97a2ad;
    --rule: #2e363f; --bar: #62a9c9; --control: #4a5560; --mark: #f0905f;
    --tint: #1f2f38;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main { max-width: 52rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.12rem; margin: 0 0 .25rem; }
.origin, .note, footer { color: var(--faint); font-size: .875rem; }
.origin { margin: 0 0 1.5rem; overflow-wrap: anywhere; }
.note { margin: 0 0 1rem; }
section, .verdict {
  background: var(--paper); border: 1px solid var(--rule); border-radius: 10px;
  padding: 1.25rem 1.4rem; margin: 0 0 1.1rem;
}
.verdict { background: var(--tint); border-left: 5px solid var(--bar); }
.verdict p { margin: 0; font-size: 1.05rem; }
.verdict p + p { margin-top: .75rem; }
svg { display: block; width: 100%; height: auto; margin: 0 0 1rem; }
svg text { fill: var(--ink); font-size: 14px; dominant-baseline: central; }
svg .label { text-anchor: end; }
svg .value { fill: var(--faint); font-variant-numeric: tabular-nums; }
svg .axis { stroke: var(--faint); stroke-width: 1; }
svg .bar { fill: var(--bar); }
svg .bar.control { fill: var(--control); }
svg .mark { fill: var(--mark); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
caption { text-align: left; color: var(--faint); padding: 0 0 .3rem; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--rule); }
th { font-weight: 600; color: var(--faint); }
th, td { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
tr:last-child td { border-bottom: 0; }
.scroll + svg { margin-top: 1.75rem; }
dl { margin: 0 0 1.1rem; font-size: .92rem; }
dl:last-child { margin-bottom: 0; }
dt { color: var(--faint); float: left; clear: left; width: 6.5rem; }
dd { margin: 0 0 .2rem 6.5rem; overflow-wrap: anywhere; }
dd.source { font-weight: 600; }
@media print { body { background: none; } section { break-inside: avoid; } }
"""
