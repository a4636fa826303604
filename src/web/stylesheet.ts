/**
 * The one stylesheet of all pages, put inline and allowed by its hash.
 * No font, image or script is fetched; light and dark follow the system.
 */

import { ACCOUNTS_STYLES } from './accounts-stylesheet.js';

export const STYLESHEET = `
:root {
  color-scheme: light dark;
  --ground: #f4f5f2;
  --surface: #ffffff;
  --ink: #17201d;
  --quiet: #55625d;
  --line: #dde2de;
  --edge: #7b8782;
  --accent: #0b6655;
  --accent-strong: #084c40;
  --on-accent: #ffffff;
  --tint: #e6f2ee;
  --bad: #a3271c;
  --bad-tint: #fbebe8;
  --warn: #7a4a00;
  --warn-tint: #fbf0d9;
  --note-tint: #f1f3ef;
  --on-bad: #ffffff;
  --shadow: 0 1px 2px rgb(23 32 29 / .05), 0 12px 32px -12px rgb(23 32 29 / .14);
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f1412;
    --surface: #181e1b;
    --ink: #e9efec;
    --quiet: #a2b0aa;
    --line: #2b3430;
    --edge: #75837c;
    --accent: #62cdb2;
    --accent-strong: #86dec8;
    --on-accent: #05231c;
    --tint: #15302a;
    --bad: #ff9d8f;
    --bad-tint: #3a1e1a;
    --warn: #f2c374;
    --warn-tint: #33270f;
    --note-tint: #1f2623;
    --on-bad: #3a0d07;
    --shadow: none;
  }
}
*, ::before, ::after { box-sizing: border-box; }
body {
  margin: 0;
  min-height: 100vh;
  min-height: 100dvh;
  display: grid;
  grid-template-rows: 1fr auto;
  justify-items: center;
  padding: clamp(1.25rem, 4vw, 2.5rem) 1rem;
  gap: 1.75rem;
  background: var(--ground);
  color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  overflow-wrap: anywhere;
  -webkit-text-size-adjust: 100%;
}
.stage, footer { width: 100%; max-width: 33rem; min-width: 0; }
.stage { align-self: center; }
.wide { max-width: 62rem; align-self: start; }
header { margin-bottom: 1.25rem; display: flex; align-items: center; gap: .625rem; color: var(--quiet); font-size: .9375rem; font-weight: 550; letter-spacing: -.005em; }
header svg { width: 1.75rem; height: 1.75rem; flex: none; color: var(--accent); }
main {
  background: var(--surface);
  border: 1px solid var(--line);
  border-radius: 1.125rem;
  box-shadow: var(--shadow);
  padding: clamp(1.5rem, 6vw, 2.5rem);
}
footer { color: var(--quiet); font-size: .8125rem; text-align: center; text-wrap: pretty; }
h1 { margin: 0; font-size: clamp(1.375rem, 4.6vw, 1.625rem); line-height: 1.25; font-weight: 650; letter-spacing: -.018em; text-wrap: balance; }
h2 { margin: 0 0 .5rem; font-size: 1rem; line-height: 1.4; font-weight: 650; letter-spacing: -.006em; }
p { margin: .75rem 0 0; }
h2 + p { margin-top: 0; }
.lead { color: var(--quiet); text-wrap: pretty; }
.quiet { color: var(--quiet); font-size: .875rem; }
a { color: var(--accent); text-underline-offset: .18em; text-decoration-thickness: .07em; }
.aside { color: var(--quiet); font-size: .875rem; font-weight: 400; }
a:hover { color: var(--accent-strong); text-decoration-thickness: .13em; }
:focus-visible { outline: .1875rem solid var(--accent); outline-offset: .1875rem; border-radius: .25rem; }
code { font: .875em/1.5 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace; }

.outcome { text-align: center; padding-block: clamp(2rem, 9vw, 3.25rem); }
.outcome p { max-width: 25rem; margin-inline: auto; }
.sign { width: 4rem; height: 4rem; margin: 0 auto 1.375rem; display: grid; place-items: center; border-radius: 50%; background: var(--tint); color: var(--accent); }
.sign svg { width: 2rem; height: 2rem; }
.sign.bad { background: var(--bad-tint); color: var(--bad); }
.sign.plain { background: var(--note-tint); color: var(--quiet); }
.message { margin-top: 1.25rem; text-wrap: pretty; padding: .75rem 1rem; border-radius: .625rem; background: var(--note-tint); color: var(--ink); }

@media (max-width: 30rem) {
  .stage { align-self: start; }
}

.facts { margin: 1.5rem 0 0; border-top: 1px solid var(--line); }
.facts div { padding: .8125rem 0; border-bottom: 1px solid var(--line); display: grid; grid-template-columns: 8.5rem 1fr; gap: .25rem 1rem; }
.facts dt { color: var(--quiet); font-size: .875rem; line-height: 1.7; }
.facts dd { margin: 0; font-weight: 550; }
.scopes { list-style: none; display: flex; flex-wrap: wrap; gap: .375rem; margin: 0; padding: 0; font-weight: 400; }
.scopes li { padding: .0625rem .5rem; border: 1px solid var(--line); border-radius: .375rem; background: var(--note-tint); }

.step { margin-top: 1.875rem; }
.step + .step { padding-top: 1.75rem; border-top: 1px solid var(--line); }
.copy { display: block; font-size: .8125rem; margin-top: .75rem; padding: .75rem .875rem; border: 1px dashed var(--edge); border-radius: .625rem; background: var(--note-tint); -webkit-user-select: all; user-select: all; }
.field { margin-top: 1.25rem; }
label, legend { display: block; font-weight: 600; font-size: .9375rem; }
label .optional { color: var(--quiet); font-weight: 400; }
.hint { margin: .125rem 0 0; color: var(--quiet); font-size: .875rem; }
input[type=text], input[type=password], input[type=url], input[type=search], select {
  display: block;
  width: 100%;
  min-height: 2.875rem;
  margin-top: .4375rem;
  padding: .5rem .8125rem;
  border: 1px solid var(--edge);
  border-radius: .625rem;
  background: var(--surface);
  color: var(--ink);
  font: inherit;
}
input:focus-visible, select:focus-visible { outline-offset: 0; outline-width: .125rem; border-color: var(--accent); border-radius: .625rem; }
input[aria-invalid=true] { border-color: var(--bad); border-width: 2px; }
fieldset { margin: 1.75rem 0 0; padding: 0; border: 0; min-width: 0; }
legend { padding: 0; }
.choice { display: grid; grid-template-columns: auto 1fr; column-gap: .75rem; margin-top: .625rem; padding: .8125rem 1rem; border: 1px solid var(--line); border-radius: .625rem; font-weight: 400; cursor: pointer; }
.choice:hover { border-color: var(--edge); }
.choice:has(:checked) { border-color: var(--accent); background: var(--tint); }
.choice:has(:focus-visible) { outline: .1875rem solid var(--accent); outline-offset: .125rem; }
.choice input { width: 1.125rem; height: 1.125rem; margin: .1875rem 0 0; accent-color: var(--accent); outline: none; }
.choice strong { font-weight: 600; font-size: .9375rem; }
.choice span { grid-column: 2; color: var(--quiet); font-size: .875rem; }
form:has([value=token]:checked) .with-endpoints, form:has([value=endpoints]:checked) .with-token { display: none; }
.with-endpoints > .quiet { margin-top: 1.5rem; }
details { margin-top: 1.5rem; border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); padding: .25rem 0; }
details[open] { padding-bottom: 1.5rem; }
summary { padding: .6875rem 0; font-weight: 600; font-size: .9375rem; cursor: pointer; }
summary:hover { color: var(--accent); }
details .field:first-of-type { margin-top: .5rem; }

.button {
  display: inline-flex;
  align-items: center;
  justify-content: center;
  width: 100%;
  min-height: 3rem;
  margin-top: 1.875rem;
  padding: .6875rem 1.375rem;
  border: 1px solid transparent;
  border-radius: .6875rem;
  background: var(--accent);
  color: var(--on-accent);
  font: inherit;
  font-weight: 600;
  text-align: center;
  text-decoration: none;
  cursor: pointer;
}
.button:hover { background: var(--accent-strong); color: var(--on-accent); }
.button:focus-visible { border-radius: .6875rem; }
.assurance { display: flex; gap: .625rem; margin-top: 1.125rem; color: var(--quiet); font-size: .875rem; text-wrap: pretty; }
.assurance svg { width: 1.125rem; height: 1.125rem; flex: none; margin-top: .125rem; }
.problem { margin: 0 0 1.5rem; padding: .9375rem 1.125rem; border: 2px solid var(--bad); border-radius: .75rem; background: var(--bad-tint); }
.problem:focus-visible { outline-color: var(--bad); border-radius: .75rem; }
.problem h2 { margin: 0; }
.problem p { margin-top: .25rem; }
.problem a { color: var(--bad); font-weight: 600; }
.field-problem { margin: .25rem 0 0; color: var(--bad); font-size: .875rem; font-weight: 600; }

${ACCOUNTS_STYLES}@media (max-width: 30rem) {
  .facts div { grid-template-columns: 1fr; }
}
@media (forced-colors: active) {
  .choice:has(:checked) { outline: 2px solid Highlight; }
}
`;
