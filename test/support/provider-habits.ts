/**
 * Habits of other authorization servers that oidc-provider has no switch for.
 * Each is a small middleware before it.
 */
import type { Provider } from 'oidc-provider';

export const AUTHORIZATION_PATH = '/authorize';

/** A request without `scope` is one for the default scope (RFC 6749 §3.3); oidc-provider by itself refuses it. */
export function assumeDefaultScope(provider: Provider, defaultScope: string): void {
  provider.use(async (context, next) => {
    const isWithoutScope = context.path === AUTHORIZATION_PATH && !context.query.scope;
    if (isWithoutScope) context.query = { ...context.query, scope: defaultScope };
    await next();
  });
}

/** Hides `iss` (RFC 9207) as an older authorization server would: neither advertised nor sent. */
export function hideIss(provider: Provider): void {
  provider.use(async (context, next) => {
    await next();
    if (context.path.startsWith('/.well-known/')) {
      context.body = { ...(context.body as object), authorization_response_iss_parameter_supported: undefined };
    }
    const location = context.response.get('location');
    if (!URL.canParse(location)) return;
    const url = new URL(location);
    url.searchParams.delete('iss');
    context.set('location', url.href);
  });
}
