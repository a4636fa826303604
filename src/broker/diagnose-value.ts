/** A value that an entry takes from elsewhere, for `doctor NAME`: whether it is there, and else who can give it. */
import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import { PRODUCT_NAME } from '../core/names.js';
import type { Finding } from './broker.js';
import type { Diagnosis } from './diagnosis.js';
import type { AnyServer } from './known-server.js';
import { MissingValueError } from './missing-value.js';
import { storingCommand } from './named-secrets.js';
import type { Parts } from './parts.js';
import type { NamedSource } from './value-references.js';
import { resolveSource } from './value-sources.js';

/**
 * From where a value comes, and whether that has it.
 * @param value.name how it is called in what is said
 * @param value.purpose what it is for, as a sentence about what is missing begins
 */
export async function walkToValue(
  parts: Parts,
  { step }: Diagnosis,
  server: AnyServer,
  { name, purpose, source }: { readonly name: string; readonly purpose: string; readonly source: NamedSource },
): Promise<void> {
  const isGiven = source.source === 'env' || source.source === 'file';
  await step(
    isGiven ? 'value' : 'grant',
    async () => {
      try {
        await resolveSource(parts, server, source, purpose);
        return true;
      } catch (error) {
        if (error instanceof MissingValueError) return false;
        throw isGiven ? withAdvice(error, source) : error;
      }
    },
    (isThere) =>
      isThere
        ? { ok: true, message: `${name}: ${WHERE[source.source]} is there.` }
        : { ok: null, ...sayMissing(server, name, source) },
  );
}

const WHERE: Readonly<Record<NamedSource['source'], string>> = {
  env: 'its variable of the environment',
  file: 'its file',
  user_secret: 'your secret',
  team_secret: "the team's secret",
  org_secret: 'the secret for everybody',
  oauth: "the provider's token",
};

function sayMissing(
  { entry: { serverName } }: AnyServer,
  name: string,
  source: NamedSource,
): Omit<Finding, 'step' | 'ok'> {
  switch (source.source) {
    case 'oauth':
      return {
        message: `${name}: nobody is signed in to the OAuth provider "${displayText(source.provider)}", or no longer.`,
        advice: `${PRODUCT_NAME} connect ${serverName}`,
      };
    case 'user_secret':
      return {
        message: `${name}: you have not stored the secret "${displayText(source.name)}".`,
        advice: storingCommand(source),
      };
    case 'team_secret':
    case 'org_secret':
      return {
        message: `${name}: nobody has stored the secret "${displayText(source.name)}".`,
        advice: `An administrator runs: ${storingCommand(source)}`,
      };
    default:
      return { message: `${name}: it is missing.` };
  }
}

/** The variables of a host are not those of a terminal: which of them count is worth a word. */
function withAdvice(error: unknown, source: NamedSource): unknown {
  if (!(error instanceof BrokerError)) return error;
  const nextStep =
    source.source === 'env'
      ? `Ask the user to set ${source.name} where the broker is started: in the host's entry for it, and in this terminal to try it here.`
      : 'Ask the user to correct the path in servers.json, or to make the file readable.';
  return new BrokerError(error.code, error.message, { cause: error, nextStep });
}
