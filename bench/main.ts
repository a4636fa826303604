/**
 * `npm run bench`: the product's speed against its budgets, side by side with what it replaces. See README.md.
 */
import { parseArgs } from 'node:util';
import { planFor } from './plan.js';
import { MEASURED_BY_DEFAULT, MEASUREMENTS, type Measurement, runBenchmarks } from './run.js';

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string', multiple: true } },
});
const isMeasurement = (name: string): name is Measurement => (MEASUREMENTS as readonly string[]).includes(name);
const wanted = (values.only ?? MEASURED_BY_DEFAULT).filter(isMeasurement);
if (wanted.length < (values.only ?? MEASURED_BY_DEFAULT).length)
  throw new RangeError(`--only takes: ${MEASUREMENTS.join(', ')}`);
silenceListenerWarning();
await runBenchmarks(planFor({ isQuick: values.quick }), new Set(wanted));

/** The abort listeners of the SDK client wait for the garbage collector, and Node warns of each. */
function silenceListenerWarning(): void {
  const emitWarning = process.emitWarning;
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    if (!(warning instanceof Error && warning.name === 'MaxListenersExceededWarning'))
      emitWarning.call(process, warning, ...rest);
  }) as typeof process.emitWarning;
}
