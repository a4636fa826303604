/** The `error` payload of the contract, from an error: the one place that spells its fields, light enough for every layer above. */
import type { BrokerError } from '../core/errors.js';
import type { Failure, SkillReference } from './outcomes.js';

/** `nextStep` counts where the error has none of its own. */
export function failurePayload(
  serverName: string,
  error: BrokerError,
  helpfulSkills: readonly SkillReference[],
  nextStep: string,
): Failure {
  return {
    status: 'error',
    serverName,
    error: error.message,
    code: error.code,
    retryable: error.retryable,
    ...(error.retryAfterSeconds !== undefined && { retryAfterSeconds: error.retryAfterSeconds }),
    ...(error.upstreamError !== undefined && { upstreamError: error.upstreamError }),
    helpfulSkills,
    nextStep: error.nextStep ?? nextStep,
  };
}
