/** What one of our tools is: its definition on the wire, the schema of its arguments, and what a call of it does. */
import * as z from 'zod';
import type { Broker, CallContext } from '../broker/index.js';
import { ACCOUNT_NAME_MAX_LENGTH } from '../core/limits.js';
import { ACCOUNT_NAME_PATTERN, SERVER_NAME_PATTERN } from '../core/names.js';
import type { Principal } from '../core/principal.js';
import type { ToolResult } from './payload.js';
import type { SkillLibrary } from './skills.js';
import type { TemplateOwners } from './template-owners.js';

/** What a call may use, and on whose behalf it is made. */
export interface ToolCall {
  /** The broker, built when it is first asked for. */
  readonly broker: () => Promise<Broker>;
  readonly skills: SkillLibrary;
  readonly templates: TemplateOwners;
  readonly principal: Principal;
  readonly context: CallContext;
}

export interface ToolAnnotations {
  readonly readOnlyHint?: boolean;
  readonly destructiveHint?: boolean;
  readonly idempotentHint?: boolean;
  readonly openWorldHint?: boolean;
}

export interface Tool<Input extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly annotations: ToolAnnotations;
  /** Strict: an argument that is not named here is refused, so that nothing can be smuggled in. */
  readonly input: Input;
  /** True where every result is a payload of the contract's section 2. */
  readonly answersWithPayload: boolean;
  call(args: z.infer<Input>, call: ToolCall): Promise<ToolResult>;
}

/** Keeps the argument types of `call` in step with `input`. */
export function defineTool<Input extends z.ZodObject>(tool: Tool<Input>): Tool {
  return { ...tool, call: (args, call) => tool.call(args as z.infer<Input>, call) };
}

export const serverName = z.string().regex(SERVER_NAME_PATTERN);
export const account = z.string().max(ACCOUNT_NAME_MAX_LENGTH).regex(ACCOUNT_NAME_PATTERN).optional();
