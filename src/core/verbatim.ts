/** A result schema that takes any object as it is: the schemas of an SDK would drop members and fill in defaults. */

/** As Standard Schema (v1) has it. */
export interface VerbatimSchema {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (
      value: unknown,
    ) => { readonly value: Readonly<Record<string, unknown>> } | { readonly issues: readonly { message: string }[] };
    readonly types?: { readonly input: unknown; readonly output: Readonly<Record<string, unknown>> };
  };
}

export const VERBATIM: VerbatimSchema = {
  '~standard': {
    version: 1,
    vendor: 'mcp-oauth-broker',
    validate: (value) =>
      value !== null && typeof value === 'object' && !Array.isArray(value)
        ? { value: value as Readonly<Record<string, unknown>> }
        : { issues: [{ message: 'the result is not an object' }] },
  },
};
