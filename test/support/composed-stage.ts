/** For each test of a file: a stage, a home on it, and a broker in this process with that home. */
import { afterEach, beforeEach } from 'vitest';
import { type ComposedBroker, composedBroker } from './composed-broker.js';
import { createStage, type Stage } from './stage.js';
import type { TemporaryHome } from './temporary-home.js';

export interface ComposedStage {
  readonly stage: Stage;
  readonly home: TemporaryHome;
  readonly composed: ComposedBroker;
}

/** To be called once, outside of the tests: what it gives is another in each of them. */
export function composedStage(): ComposedStage {
  const stage = createStage();
  const at = { stage } as { -readonly [Name in keyof ComposedStage]: ComposedStage[Name] };
  beforeEach(async () => {
    at.home = await stage.home();
    at.composed = stage.keep(await composedBroker({ home: at.home }));
  });
  afterEach(() => stage.close());
  return at;
}
