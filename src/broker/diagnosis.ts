/** The findings of one `doctor NAME`, step by step: what a step throws is what it found. */
import { BrokerError } from '../core/errors.js';
import type { Finding } from './broker.js';
import { orRefuse } from './missing-value.js';

export interface Diagnosis {
  readonly findings: Finding[];
  /** Does one step and notes what it found, or why it failed; undefined then. */
  step<T>(
    name: Finding['step'],
    work: () => Promise<T>,
    say: (value: T) => Omit<Finding, 'step'>,
  ): Promise<T | undefined>;
}

export function beginDiagnosis(serverName: string): Diagnosis {
  const findings: Finding[] = [];
  return {
    findings,
    async step(name, work, say) {
      try {
        const value = await orRefuse(serverName, work);
        findings.push({ step: name, ...say(value) });
        return value;
      } catch (error) {
        if (!(error instanceof BrokerError)) throw error;
        const { message, code, nextStep } = error;
        findings.push({ step: name, ok: false, message, code, ...(nextStep !== undefined && { nextStep }) });
        return undefined;
      }
    },
  };
}
