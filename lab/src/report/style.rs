//! The look of the page: one sheet, light and dark.

/// The style sheet. Colours carry meaning only together with words or signs.
pub(super) const SHEET: &str = r"
:root { color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #1b2430; --faint: #5d6b7c; --line: #dde3ea; --soft: #eef1f5;
  --good: #0b7a55; --good-soft: #e2f4ec; --bad: #c1272d; --bad-soft: #fdeaea; --odd: #8a5a00; --odd-soft: #fdf3dc;
  --on: #2f81c7; --off: #8794a3; --agent: #0b6c86; --device: #8a5200; }
@media (prefers-color-scheme: dark) { :root {
  --page: #12161c; --card: #1a2029; --ink: #e4eaf1; --faint: #98a6b6; --line: #2c3542; --soft: #222a35;
  --good: #4ccf9c; --good-soft: #14332a; --bad: #ff7b7b; --bad-soft: #3d1e22; --odd: #e9b95a; --odd-soft: #38290f;
  --on: #5aa9ea; --off: #718093; --agent: #62c6de; --device: #e0a862; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 28px 24px 64px; }
h1 { font-size: 26px; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 19px; margin: 40px 0 12px; }
h3 { font-size: 16px; margin: 0; }
p { margin: 6px 0; }
a { color: inherit; }
code, pre, .mono { font-family: ui-monospace, 'SF Mono', Menlo, 'DejaVu Sans Mono', monospace; font-size: 13px; }
.faint { color: var(--faint); }
.top { display: flex; justify-content: space-between; align-items: flex-start; gap: 24px; flex-wrap: wrap; }
.top > div:first-child { flex: 1 1 420px; min-width: 0; overflow-wrap: anywhere; }
.verdict { font-size: 17px; font-weight: 650; padding: 8px 16px; border-radius: 10px; }
.verdict.good { background: var(--good-soft); color: var(--good); }
.verdict.bad { background: var(--bad-soft); color: var(--bad); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(112px, 1fr)); gap: 12px; margin: 22px 0 8px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; }
.tile b { display: block; font-size: 24px; font-weight: 650; line-height: 1.2; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.scroll.tall { max-height: 85vh; overflow: auto; }
.scroll.tall thead th { height: 62px; position: sticky; top: 0; z-index: 1; box-shadow: inset 0 -1px 0 var(--line); }
.squares tbody tr:hover td:not(.device) { background: var(--soft); }
.squares td.square.found { background: var(--bad-soft); }
.squares td.square.found .pill.bad { text-decoration: underline; text-underline-offset: 2px; }
td.device { vertical-align: top; } td.device b { position: sticky; top: 68px; }
td.wide { white-space: normal; overflow-wrap: break-word; } td.number { text-align: right; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: 6px 10px; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
thead th { font-size: 12.5px; font-weight: 600; vertical-align: bottom; color: var(--faint); background: var(--soft); }
td.square { text-align: center; font-variant-numeric: tabular-nums; }
thead th.square { text-align: center; white-space: normal; min-width: 64px; line-height: 1.3; }
th.square, td.square { padding-left: 6px; padding-right: 6px; }
tr.first td { border-top: 2px solid var(--line); }
.ok { color: var(--good); } .none { color: var(--faint); }
.pill { display: inline-block; border-radius: 999px; padding: 0 9px; font-weight: 650; text-decoration: none; font-size: 13px; }
.pill.bad { background: var(--bad-soft); color: var(--bad); } .pill.odd { background: var(--odd-soft); color: var(--odd); }
.pill.good { background: var(--good-soft); color: var(--good); }
.tag { font-size: 11.5px; color: var(--faint); border: 1px solid var(--line); border-radius: 5px; padding: 0 5px; margin-left: 6px; }
.cause { margin: 28px 0; } .cause > h3 { font-size: 17px; }
.card { background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--bad); border-radius: 10px;
  padding: 10px 20px; margin: 10px 0; scroll-margin-top: 12px; }
.card[open] { padding-bottom: 18px; }
.card.odd { border-left-color: var(--odd); } .card.good { border-left-color: var(--good); }
.card > summary { display: flex; gap: 10px; align-items: baseline; flex-wrap: wrap; color: inherit; margin: 4px 0; }
.card > summary::before { content: '▸'; color: var(--faint); width: 10px; } .card[open] > summary::before { content: '▾'; }
.card > summary::-webkit-details-marker { display: none; }
.card > summary .id { margin-left: auto; font-family: ui-monospace, 'DejaVu Sans Mono', monospace; font-size: 12px; }
h4 { font-size: 13px; font-weight: 600; color: var(--faint); margin: 14px 0 4px; }
ul.told { list-style: none; margin: 4px 0 10px; padding: 0; display: flex; flex-wrap: wrap; gap: 4px 22px; }
ul.told .at { font-variant-numeric: tabular-nums; color: var(--faint); }
dl { display: grid; grid-template-columns: 92px 1fr; gap: 3px 14px; margin: 8px 0 14px; }
dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
.chart { display: block; width: 100%; height: auto; margin: 6px 0 12px; }
.chart text { font: 12px system-ui, 'DejaVu Sans', sans-serif; fill: var(--faint); }
.chart .name { fill: var(--ink); font-weight: 600; }
.chart .run { fill: var(--soft); }
.chart .edge { stroke: var(--faint); stroke-width: 1; stroke-dasharray: 3 3; }
.chart .on { fill: var(--on); } .chart .off { fill: none; stroke: var(--off); stroke-width: 1.5; }
.chart .word { fill: var(--card); font-weight: 600; } .chart .word.dark { fill: var(--ink); }
.chart .true { fill: var(--good); stroke: var(--card); stroke-width: 2; }
.chart .neither { fill: var(--card); stroke: var(--odd); stroke-width: 2.5; }
.chart .untrue { fill: var(--bad); stroke: var(--card); stroke-width: 2; }
.chart .tick { stroke: var(--line); stroke-width: 1; }
.dialogue { border: 1px solid var(--line); border-radius: 8px; overflow-x: auto; }
.dialogue table td { border: 0; padding: 1px 10px; vertical-align: top; }
.dialogue td.at { color: var(--faint); text-align: right; font-variant-numeric: tabular-nums; }
.dialogue .agent { color: var(--agent); } .dialogue .device { color: var(--device); } .dialogue .aside { color: var(--faint); }
.dialogue tr.offends td { background: var(--bad-soft); } .dialogue tr.offends .note { color: var(--bad); font-weight: 650; }
.dialogue tr.evidence td { background: var(--odd-soft); } .dialogue tr.evidence .note { color: var(--odd); font-weight: 650; }
.dialogue mark { background: var(--odd); color: var(--card); border-radius: 3px; padding: 0 3px; }
.dialogue tr.offends mark { background: var(--bad); }
.dialogue .bytes { color: var(--ink); white-space: normal; overflow-wrap: anywhere; }
.dialogue td { white-space: pre-wrap; overflow-wrap: anywhere; } .dialogue td.at, .dialogue td.at + td { white-space: nowrap; }
.copied { position: relative; }
.copied pre { background: var(--soft); border-radius: 8px; padding: 9px 76px 9px 13px; white-space: pre-wrap; overflow-wrap: anywhere; margin: 4px 0; }
.copied pre.again::before { content: '$ '; color: var(--faint); }
.copied pre.text { max-height: 480px; overflow: auto; }
button.copy { position: absolute; top: 7px; right: 10px; font: inherit; font-size: 12px; color: var(--ink); background: var(--card);
  border: 1px solid var(--line); border-radius: 6px; padding: 1px 10px; cursor: pointer; }
button.copy:hover { border-color: var(--faint); }
details > summary { cursor: pointer; color: var(--faint); margin: 8px 0; }
footer { margin-top: 44px; color: var(--faint); font-size: 13px; }
@media print { .card { break-inside: avoid; } button.copy { display: none; } .scroll.tall { max-height: none; } }
.plate { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 18px; margin: 8px 0 18px; }
svg.plot { width: 100%; height: auto; display: block; }
.plot .grid { stroke: var(--line); } .plot .tick, .plot .unit { fill: var(--faint); font-size: 12px; }
.plot .name, .plot .value { fill: var(--ink); font-size: 13px; } .plot .value { fill: var(--faint); }
.plot .bar, .plot .mark { fill: var(--series); } .plot .span { stroke: var(--series); stroke-width: 2; opacity: .55; }
.plot .line { fill: none; stroke: var(--series); stroke-width: 2; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; padding: 0; margin: 0 0 6px; }
.legend .swatch { display: inline-block; width: 18px; height: 4px; border-radius: 2px; margin-right: 7px; vertical-align: middle; background: var(--series); }
.facts { padding-left: 18px; color: var(--faint); font-size: 13px; }
.s0 { --series: #2f81c7; } .s1 { --series: #d1632a; } .s2 { --series: #2c9460; } .s3 { --series: #9256c4; }
.s4 { --series: #b8860b; } .s5 { --series: #c2416c; } .s6 { --series: #3c9aa8; } .s7 { --series: #7a828c; } .s8 { --series: #7d5a3c; }
.polled .line, .polled .span { stroke-dasharray: 7 4; }
.polled .mark, .polled .bar { fill: var(--card); stroke: var(--series); stroke-width: 2; }
.polled .swatch { background: repeating-linear-gradient(90deg, var(--series) 0 7px, transparent 7px 11px); }
";
