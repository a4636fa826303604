/**
 * The tools of the protected MCP server, once for both SDK lines.
 * Each shows one thing that a proxy in between must leave as it is, or must take care of.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';

/** Who calls, as the bearer token says; absent where no token was asked for. */
export interface Caller {
  readonly token: string;
  readonly subject: string;
  readonly scopes: readonly string[];
}

export interface ToolResult {
  [key: string]: unknown;
  content: { type: 'text'; text: string }[];
  structuredContent?: Record<string, unknown>;
  isError?: boolean;
}

export interface FixtureTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, z.ZodType>>;
  run(args: Readonly<Record<string, unknown>>, caller: Caller | undefined, signal: AbortSignal): Promise<ToolResult>;
}

const text = (value: string): ToolResult => ({ content: [{ type: 'text', text: value }] });

const FIXTURE_TOOLS: readonly FixtureTool[] = [
  {
    name: 'echo',
    description: 'Returns the text that it was given.',
    inputSchema: { text: z.string() },
    run: async (args) => text(String(args.text)),
  },
  {
    name: 'whoami',
    description: 'Returns the subject and scope of the access token.',
    inputSchema: {},
    run: async (_args, caller) => {
      const who = { subject: caller?.subject ?? null, scope: caller?.scopes.join(' ') ?? null };
      return { ...text(JSON.stringify(who)), structuredContent: who };
    },
  },
  {
    name: 'write_note',
    description: 'Stands for an operation with a side effect.',
    inputSchema: { text: z.string() },
    run: async (args) => text(`noted: ${String(args.text)}`),
  },
  {
    name: 'slow',
    description: 'Answers after some milliseconds, or at once when cancelled.',
    inputSchema: { milliseconds: z.number() },
    run: async (args, _caller, signal) => {
      await wait(Number(args.milliseconds), undefined, { signal });
      return text('at last');
    },
  },
  {
    name: 'fail',
    description: 'Returns a result with isError.',
    inputSchema: {},
    run: async () => ({ ...text('It failed, as it always does.'), isError: true }),
  },
  {
    name: 'big',
    description: 'Returns a text of so many bytes.',
    inputSchema: { bytes: z.number() },
    run: async (args) => text('x'.repeat(Number(args.bytes))),
  },
  {
    name: 'leak_token',
    description: 'Returns the access token that it was called with, as a careless server would.',
    inputSchema: {},
    run: async (_args, caller) => text(`Authorization: Bearer ${caller?.token ?? 'none'}`),
  },
];

/** The tools above, and `extra` more of them named `extra_0`, `extra_1`, … */
export function fixtureTools(extra = 0): readonly FixtureTool[] {
  const more = Array.from({ length: extra }, (_, index) => ({
    name: `extra_${index}`,
    description: `Extra tool number ${index}.`,
    inputSchema: {},
    run: async () => text(`extra ${index}`),
  }));
  return [...FIXTURE_TOOLS, ...more];
}
