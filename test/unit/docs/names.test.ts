import { describe, expect, it } from 'vitest';
import type { AuthReason, ConfigReason } from '../../../src/broker/outcomes.js';
import { ERROR_CODES } from '../../../src/core/errors.js';
import { markdownFiles, sourceFiles } from '../../support/markdown.js';

const CONFIG_REASONS = Object.keys({
  registration_unavailable: true,
  registration_rejected: true,
  client_rejected: true,
  scope_rejected: true,
  insufficient_scope: true,
  confirmation_required: true,
} satisfies Record<ConfigReason, true>);

const AUTH_REASONS = Object.keys({
  insufficient_scope: true,
  scope_rejected: true,
  state_expired: true,
  grant_rejected: true,
  token_rejected: true,
  key_rejected: true,
  client_rejected: true,
  issuer_changed: true,
  refresh_outcome_unknown: true,
  secret_missing: true,
} satisfies Record<AuthReason, true>);

/** What providers say, in their own words. */
const WORDS_OF_PROVIDERS = ['redirect_uri_mismatch', 'redirect_mismatch', 'invalid_token_type'];

const files = markdownFiles();
const source = [...sourceFiles().values()].join('\n');
const readme = files.find(({ path }) => path === 'README.md');
const troubleshooting = files.find(({ path }) => path === 'skills/mcp-server-oauth/references/troubleshooting.md');

describe('an environment variable', () => {
  const variable = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?==|$)/u;
  const documented = new Set(
    files.flatMap(({ inlineCode }) => inlineCode.flatMap((code) => variable.exec(code)?.[0] ?? [])),
  );

  it('that the documentation names is one that the source reads', () => {
    expect(documented.size).toBeGreaterThan(12);
    expect([...documented].filter((name) => !new RegExp(`['.]${name}\\b`, 'u').test(source))).toEqual([]);
  });

  it('of ours that the source reads is in the README', () => {
    const read = new Set([...source.matchAll(/'(MCP_OAUTH_[A-Z_]+)'/gu)].map((match) => match[1] ?? ''));
    expect(read.size).toBeGreaterThan(12);
    expect([...read].filter((name) => !readme?.inlineCode.includes(name))).toEqual([]);
  });
});

describe('a word of the public interface', () => {
  const snakeCase = /^[a-z]+(?:_[a-z0-9]+)+$/u;
  const words = files.flatMap(({ path, inlineCode }) =>
    inlineCode.filter((code) => snakeCase.test(code)).map((word) => ({ path, word })),
  );

  it('that the documentation names is one that the source knows', () => {
    expect(words.length).toBeGreaterThan(50);
    const unknown = words.filter(
      ({ word }) => !WORDS_OF_PROVIDERS.includes(word) && !new RegExp(`\\b${word}\\b`, 'u').test(source),
    );
    expect(unknown).toEqual([]);
  });

  it('that the documentation gives as a reason is a reason', () => {
    const reasons = files.flatMap(({ text }) =>
      [...text.matchAll(/"?reason"?: "([a-z_]+)"/gu)].map((match) => match[1]),
    );
    expect(reasons.length).toBeGreaterThan(3);
    expect(reasons.filter((reason) => ![...CONFIG_REASONS, ...AUTH_REASONS].includes(reason ?? ''))).toEqual([]);
  });

  it('that is a code is explained to agents, and nothing else is', () => {
    expect(firstColumn('code')).toEqual([...ERROR_CODES]);
  });

  it('that is a reason is explained to agents, with the status that it comes with', () => {
    const reasons = [...new Set([...CONFIG_REASONS, ...AUTH_REASONS])].sort();
    expect(firstColumn('reason').sort()).toEqual(reasons);
    for (const reason of reasons) {
      const status = new RegExp(`^\\| \`${reason}\` \\|.*\\| (.*) \\|$`, 'mu').exec(
        troubleshooting?.text.split('## Every `reason`')[1] ?? '',
      )?.[1];
      expect([reason, status]).toEqual([reason, statusOf(reason)]);
    }
  });
});

function statusOf(reason: string): string {
  if (!AUTH_REASONS.includes(reason)) return '`requires_oauth_config`';
  return CONFIG_REASONS.includes(reason) ? 'both' : '`requires_auth`';
}

/** The words of the first column of the table under that heading. */
function firstColumn(heading: string): string[] {
  const section = troubleshooting?.text.split(`## Every \`${heading}\``)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| `([a-z_]+)` \|/gmu)].map((match) => match[1] ?? '');
}
