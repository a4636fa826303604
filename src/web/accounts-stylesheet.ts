/** The part of the stylesheet that only the pages of the accounts need: lists of servers, agents, tools and entries. */

export const ACCOUNTS_STYLES = `.accounts { padding: 0; border: 0; background: none; box-shadow: none; }
.accounts h2 { margin: 2.25rem 0 .75rem; font-size: 1.125rem; }
.filter { display: grid; grid-template-columns: minmax(0, 1fr) 12rem auto; align-items: end; gap: .875rem; margin: 1.75rem 0 1rem; }
.servers, .account-list { list-style: none; margin: 0; padding: 0; }
.servers { display: grid; gap: .875rem; }
.server { display: grid; grid-template-columns: minmax(0, 17rem) minmax(0, 1fr); gap: .25rem 2rem; padding: 1.25rem 1.5rem; border: 1px solid var(--line); border-radius: 1rem; background: var(--surface); }
.server p { margin: 0; }
.server h3 { margin: 0; font-size: 1.0625rem; line-height: 1.4; font-weight: 650; }
.server .about > * + * { margin-top: .375rem; }
.badge, .state { display: inline-block; padding: .0625rem .5625rem; border-radius: 1rem; font-size: .8125rem; line-height: 1.6; }
.badge { border: 1px solid var(--line); color: var(--quiet); }
.state { font-weight: 600; background: var(--note-tint); color: var(--quiet); }
.state::before { content: ""; display: inline-block; width: .5rem; height: .5rem; margin-right: .4375rem; border-radius: 50%; background: currentColor; }
.state.good { background: var(--tint); color: var(--accent); }
.state.warn { background: var(--warn-tint); color: var(--warn); }
.state.bad { background: var(--bad-tint); color: var(--bad); }
.state.idle::before { background: none; border: 1.5px solid currentColor; }
.target { font-size: .875rem; }
.account + .account { margin-top: 1.125rem; padding-top: 1.125rem; border-top: 1px solid var(--line); }
.account { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: .5rem 1rem; align-items: start; }
.account > * { grid-column: 1; }
.account-name { display: flex; flex-wrap: wrap; align-items: center; gap: .375rem .625rem; min-height: 2.5rem; }
.account-name strong { font-weight: 600; min-width: 0; }
.actions { grid-column: 2; grid-row: 1; display: flex; flex-wrap: wrap; align-items: center; justify-content: end; gap: .5rem .875rem; }
.actions a { display: inline-flex; align-items: center; min-height: 2.5rem; font-size: .9375rem; }
.reason { font-size: .9375rem; }
.account-facts { grid-column: 1 / -1; display: grid; gap: .375rem; margin: 0; font-size: .875rem; }
.account-facts div { display: grid; grid-template-columns: 6.5rem minmax(0, 1fr); gap: .75rem; }
.account-facts dt { color: var(--quiet); }
.account-facts dd { margin: 0; }
.server details { margin-top: .875rem; padding: 0; border: 0; }
.server details[open] { padding-bottom: .25rem; }
.server summary { padding: .5625rem 0; font-size: .875rem; color: var(--accent); width: fit-content; }
.add { display: grid; grid-template-columns: minmax(0, 1fr) auto; align-items: end; gap: .75rem; }
.small { width: auto; min-height: 2.5rem; margin: 0; padding: .375rem 1.125rem; font-size: .9375rem; border-radius: .625rem; }
.filter .small, .add .small { min-height: 2.875rem; }
.plain.button { background: none; border-color: var(--edge); color: var(--ink); }
.plain.button:hover { border-color: var(--accent); color: var(--accent); }
.danger.button { background: var(--bad); color: var(--on-bad); }
.danger.button:hover { filter: brightness(.92); }
.places ul, .tabs ul { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem; margin: 1.25rem 0 0; padding: 0; }
.places ul { border-bottom: 1px solid var(--line); gap: .25rem 1.5rem; }
.places a { display: block; padding: .5rem .125rem; margin-bottom: -1px; color: var(--quiet); font-weight: 550; text-decoration: none; border-bottom: .1875rem solid transparent; }
.places a:hover { color: var(--accent); border-color: var(--edge); }
.places [aria-current] { color: var(--ink); border-color: var(--accent); }
.tabs a { display: block; padding: .375rem .9375rem; min-height: 2.25rem; border: 1px solid var(--edge); border-radius: 1.25rem; color: var(--ink); font-size: .9375rem; text-decoration: none; }
.tabs a:hover { border-color: var(--accent); color: var(--accent); }
.tabs [aria-current] { background: var(--tint); border-color: var(--accent); color: var(--accent); font-weight: 600; }
.panel { margin-top: 1.25rem; padding: 1.25rem 1.5rem; border: 1px solid var(--line); border-radius: 1rem; background: var(--surface); }
.accounts .panel h2 { margin: 0 0 .5rem; }
.panel .account-list, .panel .states { margin-top: 1rem; }
.panel .account-name, .panel .reason { margin: 0; }
.panel fieldset { margin-top: .5rem; }
.places + .servers { margin-top: 1.5rem; }
.accounts .server h2 { margin: 0; font-size: 1.0625rem; line-height: 1.4; }
.account-list + .account-facts { margin-top: .875rem; }
.states { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; }
.off .state { background: var(--surface); }
.off { padding: 1rem 1.125rem; border: 1px dashed var(--edge); border-radius: .75rem; background: var(--note-tint); color: var(--quiet); }
.agent-list { list-style: none; margin: 0; padding: 0; }
.agent-list li { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: center; gap: .25rem 1rem; padding: .375rem 0; }
.agent-list li + li { border-top: 1px solid var(--line); }
.agent-list a { padding: .375rem 0; font-weight: 600; }
.further { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin-top: .875rem; font-size: .875rem; }
.server .further { margin-top: .875rem; }
.further a { padding: .25rem 0; }
.tools { list-style: none; margin: .75rem 0 0; padding: 0; display: grid; gap: .5rem; }
.tools .choice { margin: 0; }
.tools q { quotes: "\\201c" "\\201d"; }
.badge.new { border-color: var(--warn); background: var(--warn-tint); color: var(--warn); font-style: normal; font-weight: 600; }
.choices { display: flex; flex-wrap: wrap; gap: .625rem; margin-top: 1.25rem; }
.saved { background: var(--tint); }
.activity { width: 100%; margin-top: 1.25rem; border-collapse: collapse; table-layout: fixed; font-size: .9375rem; }
.activity th { padding: .5rem .75rem .5rem 0; color: var(--quiet); font-size: .8125rem; font-weight: 600; text-align: left; }
.activity td { padding: .625rem .75rem .625rem 0; border-top: 1px solid var(--line); vertical-align: top; }
.activity th:nth-child(1) { width: 11.5rem; }
.activity th:nth-child(2) { width: 36%; }
.activity th:nth-child(4) { width: 9rem; }
.activity td:first-child { white-space: nowrap; color: var(--quiet); font-size: .875rem; }
.activity strong { font-weight: 600; }
.note { display: block; color: var(--quiet); font-size: .875rem; }
.back { margin-top: 1.5rem; text-align: center; }
.back a { display: inline-block; padding: .5rem; }
.outcome .button + .lead { margin-top: 1.125rem; }
.empty { margin-top: 1.5rem; padding: 2.5rem 1.5rem; border: 1px dashed var(--edge); border-radius: 1rem; text-align: center; }
.empty h2 { margin-top: 0; }
.paging { display: flex; justify-content: center; align-items: center; gap: 1.25rem; margin-top: 1.75rem; }
.paging a { padding: .5rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 48rem) {
  .server { grid-template-columns: minmax(0, 1fr); row-gap: 1.125rem; padding: 1.125rem; }
}
@media (max-width: 30rem) {
  .filter, .add, .account { grid-template-columns: minmax(0, 1fr); }
  .actions { grid-column: 1; grid-row: auto; justify-content: start; }
  .activity thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .activity tr { display: grid; gap: .125rem; padding: .75rem 0; border-top: 1px solid var(--line); }
  .activity td { padding: 0; border: 0; }
  .account-facts div { grid-template-columns: minmax(0, 1fr); gap: 0; }
}
`;
