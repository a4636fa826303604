/**
 * The sign-in and consent pages of the authorization server: two plain HTML forms.
 * A person can submit them, and so can the scripted browser.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Interaction, InteractionResults, Provider } from 'oidc-provider';
import { readBody } from './request-log.js';

/** Where oidc-provider sends the browser for an interaction. */
export const interactionPath = (uid: string): string => `/interaction/${uid}`;

export const isInteractionPath = (path: string): boolean => path.startsWith('/interaction/');

/** Shows the form that the interaction asks for, or acts on a submitted one. */
export async function serveInteraction(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const interaction = await provider.interactionDetails(request, response);
  if (request.method !== 'POST') return showForm(interaction, response);

  const fields = new URLSearchParams((await readBody(request)).toString('utf8'));
  const mergeWithLastSubmission = interaction.prompt.name === 'consent' && fields.get('decision') !== 'deny';
  await provider.interactionFinished(request, response, await decide(provider, interaction, fields), {
    mergeWithLastSubmission,
  });
}

async function decide(
  provider: Provider,
  interaction: Interaction,
  fields: URLSearchParams,
): Promise<InteractionResults> {
  if (fields.get('decision') === 'deny') return { error: 'access_denied', error_description: 'The user refused.' };
  if (interaction.prompt.name === 'login') return { login: { accountId: fields.get('login') || 'alice' } };
  return { consent: { grantId: await grantEverything(provider, interaction) } };
}

async function grantEverything(provider: Provider, interaction: Interaction): Promise<string> {
  const known = interaction.grantId ? await provider.Grant.find(interaction.grantId) : undefined;
  const grant =
    known ??
    new provider.Grant({
      accountId: interaction.session?.accountId ?? 'alice',
      clientId: String(interaction.params.client_id),
    });
  const { missingOIDCScope, missingResourceScopes } = interaction.prompt.details as {
    missingOIDCScope?: string[];
    missingResourceScopes?: Record<string, string[]>;
  };
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '));
  for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(' '));
  }
  return grant.save();
}

function showForm(interaction: Interaction, response: ServerResponse): void {
  const { params, prompt, uid } = interaction;
  const question =
    prompt.name === 'login'
      ? '<label>User <input name="login" value="alice" autofocus></label>'
      : `<p>${escapeHtml(params.client_id)} asks for: ${escapeHtml(params.scope ?? 'no scope')} at ${escapeHtml(params.resource ?? 'this server')}</p>`;
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`<!doctype html>
<html lang="en"><title>${prompt.name === 'login' ? 'Sign in' : 'Allow access'}</title>
<form method="post" action="${interactionPath(uid)}">
${question}
<button name="decision" value="allow">${prompt.name === 'login' ? 'Sign in' : 'Allow'}</button>
<button name="decision" value="deny">Refuse</button>
</form></html>`);
}

function escapeHtml(value: unknown): string {
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
