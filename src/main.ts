#!/usr/bin/env node
/** The entry: switches on Node's compile cache, where Node has one, before the rest of the program is loaded. */
import * as nodeModule from 'node:module';

if ('enableCompileCache' in nodeModule && typeof nodeModule.enableCompileCache === 'function')
  nodeModule.enableCompileCache();
const { start } = await import('./start.js');
// Not awaited: a host may leave so early that nothing is left to wait for, and that is no failure.
void start(process.argv.slice(2), process.env);
