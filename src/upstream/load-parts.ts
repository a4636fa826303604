/** Loads what the first connection would load: the SDK's client, and what programs are spoken to by. */
export async function loadUpstreamParts(): Promise<void> {
  await import('./remote-session.js');
  await import('./subprocess-session.js');
}
