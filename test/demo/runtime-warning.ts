/**
 * Keeps one line out of the demonstration: oidc-provider names the Node that it would rather have.
 */
export function silenceRuntimeWarning(): void {
  const warn = console.warn;
  console.warn = (...args: unknown[]) => {
    if (!String(args[0]).includes('oidc-provider WARNING: Unsupported runtime')) warn(...args);
  };
}
