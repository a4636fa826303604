/** What a route is given: the request with the node:http objects beneath it. */
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';

export interface WebEnv {
  readonly Bindings: HttpBindings;
}

export type WebContext = Context<WebEnv>;
