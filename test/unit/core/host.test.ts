import { describe, expect, it } from 'vitest';
import { type HostRequest, hostCapabilities, isAtLeast, refusalFor } from '../../../src/core/host.js';

describe('what a host declares', () => {
  it.each([
    [{}, {}],
    [undefined, {}],
    [{ elicitation: {} }, { elicitation: { form: {} } }],
    [{ elicitation: { url: {} } }, { elicitation: { url: {} } }],
    [
      { elicitation: { url: {}, form: { applyDefaults: true } }, experimental: { x: {} }, tasks: {} },
      { elicitation: { form: {}, url: {} } },
    ],
    [{ sampling: { tools: {}, other: {} } }, { sampling: { tools: {} } }],
    [{ roots: { listChanged: true } }, { roots: { listChanged: true } }],
    [{ roots: { listChanged: false }, sampling: 'yes' }, { roots: {} }],
  ])('%j is passed on as %j', (declared, passedOn) => {
    expect(hostCapabilities(declared, true)).toEqual(passedOn);
  });

  it('says nothing of changes where the host cannot tell of them', () => {
    expect(hostCapabilities({ roots: { listChanged: true } }, false)).toEqual({ roots: {} });
  });

  it('looks the same for the same, whatever its order', () => {
    const one = hostCapabilities({ roots: {}, elicitation: { url: {}, form: {} } }, true);
    const other = hostCapabilities({ elicitation: { form: {}, url: {} }, roots: {} }, true);
    expect(JSON.stringify(one)).toBe(JSON.stringify(other));
  });
});

describe('what a host is not asked', () => {
  const form: HostRequest = { method: 'elicitation/create', params: { message: 'x' } };
  const url: HostRequest = { method: 'elicitation/create', params: { mode: 'url' } };
  const sampling: HostRequest = { method: 'sampling/createMessage', params: { messages: [] } };
  const tools: HostRequest = { method: 'sampling/createMessage', params: { tools: [] } };
  it.each([
    [form, {}, -32_601],
    [form, { elicitation: { url: {} } }, -32_602],
    [form, { elicitation: { form: {} } }, undefined],
    [url, { elicitation: { form: {} } }, -32_602],
    [url, { elicitation: { url: {} } }, undefined],
    [{ ...url, params: { mode: 'hologram' } }, { elicitation: { form: {}, url: {} } }, -32_602],
    [sampling, { roots: {} }, -32_601],
    [sampling, { sampling: {} }, undefined],
    [tools, { sampling: {} }, -32_602],
    [tools, { sampling: { tools: {} } }, undefined],
    [{ method: 'roots/list' } as const, {}, -32_601],
    [{ method: 'roots/list' } as const, { roots: {} }, undefined],
  ])('%j of one that can %j: %s', (request, able, code) => {
    expect(refusalFor(request, able)?.code).toBe(code);
  });
});

it('orders severities as syslog does', () => {
  expect(isAtLeast('error', 'warning')).toBe(true);
  expect(isAtLeast('debug', 'info')).toBe(false);
  expect(isAtLeast('info', 'info')).toBe(true);
});
