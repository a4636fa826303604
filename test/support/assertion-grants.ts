/**
 * Grants that oidc-provider does not have by itself: JWT assertions (RFC 7523 section 2.1), and an identity provider's
 * exchange of an ID token for an ID-JAG (RFC 8693). Everything around them, client authentication above all, is its own.
 */
import { createPublicKey, type KeyObject, randomUUID, sign, verify } from 'node:crypto';
import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider';

export const JWT_BEARER_GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
export const TOKEN_EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';

const ID_JAG = 'urn:ietf:params:oauth:token-type:id-jag';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';
const ID_JAG_HEADER = 'oauth-id-jag+jwt';
const LIFETIME_SECONDS = 300;

type Claims = Readonly<Record<string, unknown>>;

/** A JWT with ES256. `exp` is five minutes from now unless it is given. */
export function signedJwt(key: KeyObject, claims: Claims, header: Claims = {}): string {
  const now = Math.floor(Date.now() / 1_000);
  const parts = [
    { alg: 'ES256', typ: 'JWT', ...header },
    { iat: now, exp: now + LIFETIME_SECONDS, jti: randomUUID(), ...claims },
  ];
  const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

/** Takes JWTs that the holder of `trusted` has signed for this server; an ID-JAG only of the client and resource it names. */
export function acceptAssertions(provider: Provider, trusted: KeyObject, scopes: readonly string[]): void {
  provider.registerGrantType(
    JWT_BEARER_GRANT,
    async (context) => {
      const { client, params } = context.oidc;
      const assertion = verifiedJwt(String(params?.assertion), trusted);
      const isForUs = assertion !== undefined && assertion.claims.aud === provider.issuer;
      if (client === undefined || !isForUs || !fitsRequest(assertion, context)) {
        throw new errors.InvalidGrant('the assertion is not accepted');
      }
      const resource = typeof params?.resource === 'string' ? params.resource : undefined;
      const asked = typeof params?.scope === 'string' ? params.scope.split(' ') : [];
      if (asked.some((scope) => !scopes.includes(scope)))
        throw new errors.InvalidScope('unknown scope', asked.join(' '));
      const token = new provider.ClientCredentials({ client, scope: asked.join(' ') });
      if (resource !== undefined)
        token.resourceServer = new provider.ResourceServer(resource, { scope: scopes.join(' ') });
      context.body = {
        access_token: await token.save(),
        token_type: 'Bearer',
        expires_in: token.expiration,
        scope: asked.join(' '),
      };
    },
    ['assertion', 'scope', 'resource'],
  );
}

/** Gives ID-JAGs for its own ID tokens. */
export function issueIdentityAssertions(provider: Provider, ownKey: KeyObject, clientIdElsewhere: string): void {
  provider.registerGrantType(
    TOKEN_EXCHANGE_GRANT,
    async (context) => {
      const { client } = context.oidc;
      const params: Claims = context.oidc.params ?? {};
      if (params.requested_token_type !== ID_JAG || params.subject_token_type !== ID_TOKEN || !params.audience) {
        throw new errors.InvalidRequest('not a request for an ID-JAG');
      }
      const subject = verifiedJwt(String(params.subject_token), createPublicKey(ownKey));
      if (subject === undefined || subject.claims.aud !== client?.clientId)
        throw new errors.InvalidGrant('subject token');
      const claims = {
        iss: provider.issuer,
        sub: subject.claims.sub,
        aud: params.audience,
        resource: params.resource,
        client_id: clientIdElsewhere,
      };
      context.body = {
        access_token: signedJwt(ownKey, claims, { typ: ID_JAG_HEADER }),
        issued_token_type: ID_JAG,
        token_type: 'N_A',
        expires_in: LIFETIME_SECONDS,
      };
    },
    ['subject_token', 'subject_token_type', 'requested_token_type', 'audience', 'resource', 'scope'],
  );
}

function fitsRequest({ header, claims }: VerifiedJwt, { oidc: { client, params } }: KoaContextWithOIDC): boolean {
  if (header.typ !== ID_JAG_HEADER) return true;
  return claims.client_id === client?.clientId && claims.resource === params?.resource;
}

interface VerifiedJwt {
  readonly header: Claims;
  readonly claims: Claims;
}

function verifiedJwt(jwt: string, key: KeyObject): VerifiedJwt | undefined {
  const [header = '', claims = '', signature = ''] = jwt.split('.');
  const isSigned = verify(
    'sha256',
    Buffer.from(`${header}.${claims}`),
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  if (!isSigned) return undefined;
  const parsed = { header: decoded(header), claims: decoded(claims) };
  return Number(parsed.claims.exp) * 1_000 > Date.now() ? parsed : undefined;
}

function decoded(part: string): Claims {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Claims;
}
