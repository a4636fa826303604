/** Opens a local form (client configuration, key) for ten minutes: a one-time address on this machine. */
import { LAUNCH_TOKEN_TTL_MS } from '../core/limits.js';
import type { TokenIndex } from '../vault/index.js';
import type { AnyServer, KnownServer } from './known-server.js';
import { openPage } from './open-pages.js';
import { pagePort } from './page-port.js';
import type { Parts } from './parts.js';
import { randomToken } from './random-token.js';

export type FormKind = 'client' | 'key' | 'manual';

/** What names a form among the uses of its port. */
export function formUse(token: string): string {
  return `form ${token.slice(0, 8)}`;
}

/** The address of a form for this server; undefined where no port can be had. Pages without a callback take any free port. */
export function openForm(
  parts: Parts,
  server: KnownServer,
  form: FormKind,
  suggestion?: TokenIndex['suggestion'],
): Promise<string | undefined> {
  return open(parts, server, { form, ...(suggestion !== undefined && { suggestion }) });
}

/** The same for a secret of the user's that `asker` needs. */
export function openSecretForm(parts: Parts, asker: AnyServer, secretName: string): Promise<string | undefined> {
  return open(parts, asker, { form: 'secret', secretName });
}

async function open(
  parts: Parts,
  server: AnyServer,
  content: Pick<TokenIndex, 'form' | 'suggestion' | 'secretName'>,
): Promise<string | undefined> {
  const port = await pagePort(parts);
  if (port === undefined) return undefined;
  const token = randomToken();
  const expiresAt = parts.clock.now() + LAUNCH_TOKEN_TTL_MS;
  const vault = await parts.vault();
  await vault.tokens.compareAndSwap(
    ['form', token],
    {
      kind: 'form',
      ...content,
      port,
      principal: server.principal,
      owner: server.owner,
      serverName: server.entry.serverName,
      account: server.account,
      expiresAt,
    },
    0,
  );
  await openPage(parts, port, '127.0.0.1', formUse(token), expiresAt);
  return `http://127.0.0.1:${port}/connect/${token}`;
}
