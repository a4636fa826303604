/** What `doctor` can tell from the process itself: Node's version, proxies, certificate authorities. */
import { access, constants } from 'node:fs/promises';
import type { Finding } from '../broker/broker.js';
import { PRODUCT_NAME } from '../core/names.js';
import { noProxy, proxySetting } from '../core/proxy-environment.js';

const NODE_MIN_MAJOR = 20;

/** Findings of this process; `version` is the product's, `nodeVersion` as in `process.versions.node`. */
export async function processFindings(
  env: Readonly<Record<string, string | undefined>>,
  version: string,
  nodeVersion = process.versions.node,
): Promise<readonly Finding[]> {
  return [nodeFinding(version, nodeVersion), proxyFinding(env), ...(await certificateFindings(env))];
}

function nodeFinding(version: string, nodeVersion: string): Finding {
  const isNewEnough = Number(nodeVersion.split('.', 1)[0]) >= NODE_MIN_MAJOR;
  const message = `${PRODUCT_NAME} ${version} on Node.js ${nodeVersion}`;
  const found = { step: 'node', ok: isNewEnough, message } as const;
  return isNewEnough ? found : { ...found, advice: `Install Node.js ${NODE_MIN_MAJOR} or later.` };
}

/** A proxy's URL can hold a password, so only its host is shown. */
function proxyFinding(env: Readonly<Record<string, string | undefined>>): Finding {
  const setting = proxySetting(env);
  if (setting === undefined) return { step: 'network', ok: true, message: 'no proxy' };
  if (setting.url === undefined) {
    return {
      step: 'network',
      ok: false,
      message: `${setting.variable} names no http(s) proxy, and nothing is asked around it`,
      advice: 'Set it to a URL such as http://proxy.example:8080, or unset it.',
    };
  }
  const without = noProxy(env);
  const except = without === '' ? '' : `, except ${without}`;
  return { step: 'network', ok: true, message: `proxy: ${setting.variable} ${setting.url.host}${except}` };
}

async function certificateFindings(env: Readonly<Record<string, string | undefined>>): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const path = env['NODE_EXTRA_CA_CERTS'];
  if (path) {
    const isReadable = await access(path, constants.R_OK).then(
      () => true,
      () => false,
    );
    const found = {
      step: 'network',
      ok: isReadable,
      message: `NODE_EXTRA_CA_CERTS is ${isReadable ? 'readable' : 'not readable'}`,
    } as const;
    findings.push(isReadable ? found : { ...found, advice: 'Correct its path; Node.js goes on without it silently.' });
  }
  return findings;
}
