/**
 * The pages of the authorization server for a device code (RFC 8628): the code is entered, compared, and done.
 * A person can submit them, and so can the scripted browser.
 */
import type { Configuration } from 'oidc-provider';

type DeviceFlow = NonNullable<NonNullable<Configuration['features']>['deviceFlow']>;

const DECISION = '<button name="decision" value="allow">Continue</button></form>';

export const DEVICE_PAGES: Pick<DeviceFlow, 'userCodeInputSource' | 'userCodeConfirmSource' | 'successSource'> = {
  userCodeInputSource: (context, form, _out, error) => {
    context.body = page('Enter the code', `${error === undefined ? '' : '<p>That is no code.</p>'}${form}`);
  },
  userCodeConfirmSource: (context, form, client, _deviceInfo, userCode) => {
    const question = `<p>${client.clientName ?? client.clientId} shows <code>${userCode}</code></p>`;
    context.body = page('Compare the code', question + form.replace('</form>', DECISION));
  },
  successSource: (context) => {
    context.body = page('Signed in', '<p>You can go back to your device.</p>');
  },
};

function page(title: string, content: string): string {
  return `<!doctype html>\n<html lang="en"><title>${title}</title>\n${content}\n</html>`;
}
