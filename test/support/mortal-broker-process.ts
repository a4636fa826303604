/**
 * A broker process that signs in, calls (and so refreshes) and clears, again and again, until it is killed.
 * It says on stdout what it has been told is done, one line each, before it goes on: `held` (there is a grant),
 * `clearing` (from here on there may be none) and `cleared`.
 */
import { writeSync } from 'node:fs';
import { startSourceBroker } from './source-broker.js';

const { MORTAL_NAME: serverName = '', MORTAL_URL: url = '' } = process.env;

const { broker, principal } = await startSourceBroker({ environment: process.env });

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

async function signIn(): Promise<void> {
  let told = await broker.connect(principal, { serverName, url, flow: 'paste_back' });
  while (told.status === 'requires_auth') {
    if (told.reason !== undefined) say(`asked ${told.reason}`);
    const page = await fetch(told.authUrl ?? '', { redirect: 'manual' });
    told = await broker.connect(principal, { serverName, callbackUrl: page.headers.get('location') ?? '' });
  }
  expectSuccess(told);
}

function expectSuccess(outcome: { readonly status: string }): void {
  if (outcome.status !== 'success') say(`failed ${JSON.stringify(outcome)}`);
}

async function call(): Promise<void> {
  const called = await broker.callTool(principal, { serverName, toolName: 'whoami' });
  if (called.kind === 'outcome') expectSuccess(called.outcome);
}

// Whoever starts it says when: it is warm by then, and is killed at work.
say('ready');
await new Promise((resolve) => process.stdin.once('data', resolve));
for (;;) {
  await signIn();
  say('held');
  await call();
  say('held');
  say('clearing');
  expectSuccess(await broker.clearAuth(principal, { serverName }));
  say('cleared');
}
