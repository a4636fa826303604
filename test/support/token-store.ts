/**
 * Storage of one oidc-provider in memory, open to a test that makes the authorization server forget something.
 * Each server has its own, so that tests never share clients, grants or tokens.
 */
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

interface Entry {
  readonly model: string;
  readonly payload: AdapterPayload;
  readonly expiresAt: number;
}

export interface TokenStore {
  readonly adapter: AdapterFactory;
  /** Removes everything of one model, such as `Client` or `AccessToken`, or one user's; returns how much there was. */
  forget(model: string, user?: string): number;
}

export function createTokenStore(options: { readonly ignoreRegisteredScope: boolean }): TokenStore {
  const entries = new Map<string, Entry>();

  const find = (model: string, matches: (payload: AdapterPayload) => boolean): AdapterPayload | undefined =>
    [...entries.values()].find(
      (entry) => entry.model === model && entry.expiresAt > Date.now() && matches(entry.payload),
    )?.payload;

  const adapter = (model: string): Adapter => {
    const keyOf = (id: string) => `${model}:${id}`;
    return {
      upsert: async (id, payload, expiresInSeconds) => {
        const expiresAt =
          expiresInSeconds === undefined ? Number.POSITIVE_INFINITY : Date.now() + expiresInSeconds * 1_000;
        entries.set(keyOf(id), { model, payload: { ...payload }, expiresAt });
      },
      find: async (id) => {
        const entry = entries.get(keyOf(id));
        if (!entry || entry.expiresAt <= Date.now()) return undefined;
        if (model !== 'Client' || !options.ignoreRegisteredScope) return entry.payload;
        const { scope: _scope, ...client } = entry.payload;
        return client;
      },
      findByUid: async (uid) => find(model, (payload) => payload.uid === uid),
      findByUserCode: async (userCode) => find(model, (payload) => payload.userCode === userCode),
      consume: async (id) => {
        const entry = entries.get(keyOf(id));
        if (entry) entry.payload.consumed = Math.floor(Date.now() / 1_000);
      },
      destroy: async (id) => {
        entries.delete(keyOf(id));
      },
      revokeByGrantId: async (grantId) => {
        for (const [key, { payload }] of entries) if (payload.grantId === grantId) entries.delete(key);
      },
    };
  };

  return {
    adapter,
    forget: (model, user) => {
      const isMeant = (entry: Entry) =>
        entry.model === model && (user === undefined || entry.payload.accountId === user);
      const keys = [...entries].filter(([, entry]) => isMeant(entry)).map(([key]) => key);
      for (const key of keys) entries.delete(key);
      return keys.length;
    },
  };
}
