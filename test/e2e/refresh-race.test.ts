/**
 * Many processes on one vault, at an authorization server that ends the whole sign-in when a refresh token is used twice.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Agent } from '../support/agent.js';
import { brokerEnvironment } from '../support/broker-process.js';
import { type SignedIn, signIn } from '../support/signed-in.js';
import { bundleForProcesses, type SourceProcess, type SourceProcesses } from '../support/source-processes.js';
import { createStage } from '../support/stage.js';

const PROCESSES = 8;
const EXPIRIES = 20;
const NAME = 'shared';

const stage = createStage();
let unleased: SourceProcesses;

beforeAll(async () => {
  unleased = await bundleForProcesses('unleased-broker-process.ts');
});
afterEach(() => stage.close());
afterAll(() => unleased.close());

/** All call at the same time; resolves with what each was told. */
const callAll = (agents: readonly Agent[]) => Promise.all(agents.map((agent) => agent.callTool(NAME, 'whoami')));

describe(`${PROCESSES} processes whose access token ends at the same time`, () => {
  it(`R05 refresh it once, ${EXPIRIES} times in a row, and nobody signs in again`, async () => {
    const { authorizationServer, home, agent, grants } = await signIn(stage, NAME);
    const others = Array.from({ length: PROCESSES - 1 }, (_, index) =>
      stage.agent({ home, clientName: `host-${index}` }),
    );
    const agents = [agent, ...(await Promise.all(others))];
    await callAll(agents);
    expect(authorizationServer.refreshCount()).toBe(0);
    const signIns = authorizationServer.requests('authorization').length;

    for (let expiry = 1; expiry <= EXPIRIES; expiry += 1) {
      // By the clock, or unforeseen: the MCP server refuses a token that should still be good.
      if (expiry % 2 === 0) await grants.expire(NAME);
      else authorizationServer.dropAccessTokens();
      for (const called of await callAll(agents)) {
        expect(called).toMatchObject({ isOurs: false, payload: { subject: 'alice' } });
      }
      expect(authorizationServer.refreshCount()).toBe(expiry);
    }
    expect(authorizationServer.requests('authorization').length).toBe(signIns);
    expect((await grants.find(NAME))?.value).toMatchObject({ state: 'active' });
  });

  it('lose the sign-in where nobody waits for the lease of another', async () => {
    const signedIn = await signIn(stage, NAME);
    const { authorizationServer, home, grants } = signedIn;
    const processes = Array.from({ length: PROCESSES }, () => unleased.start(brokerEnvironment(home)));
    await grants.expire(NAME);
    // The first redemption is under way until there is a second, which a lease would never let happen.
    authorizationServer.bend({
      endpoint: 'token',
      parameters: { grant_type: 'refresh_token' },
      times: 1,
      holdBefore: vi.waitUntil(() => authorizationServer.refreshCount() > 1, { timeout: 30_000 }),
    });

    await Promise.all(processes.map((one) => callUntilSettled(one, signedIn)));

    expect(authorizationServer.refreshCount()).toBeGreaterThan(1);
    authorizationServer.dropAccessTokens();
    const afterwards = await Promise.all(processes.map((one) => callUntilSettled(one, signedIn)));
    expect(afterwards).toContain('requires_auth');
  });
});

/** Calls until the answer is another than "try again". */
async function callUntilSettled(process: SourceProcess, { authorizationServer }: SignedIn): Promise<string> {
  for (;;) {
    const answer = JSON.parse(await process.ask(NAME)) as { status: string; retryable?: boolean };
    if (answer.retryable !== true) return answer.status;
    if (authorizationServer.refreshCount() > 100) throw new Error('They refresh without end.');
  }
}
