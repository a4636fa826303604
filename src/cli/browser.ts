/** Opens the user's browser, only ever with a checked URL and never through a shell. */
import { webAddress } from './web-address.js';

export interface BrowserOpenerOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform?: NodeJS.Platform;
  /** Starts the program; by default the `open` package, loaded at the first use. */
  readonly launch?: (url: string) => Promise<unknown>;
}

/**
 * A function that opens a URL and tells whether it could: false over SSH, without a display, with
 * `MCP_OAUTH_NO_BROWSER` set, when no browser starts, and for anything that is no plain http(s) URL.
 */
export function createBrowserOpener(options: BrowserOpenerOptions): (url: string) => Promise<boolean> {
  const { env, platform = process.platform, launch = launchDefault } = options;
  return async (url) => {
    const address = webAddress(url);
    if (address === undefined || !hasBrowser(env, platform)) return false;
    try {
      await launch(address);
      return true;
    } catch {
      // No browser to be had; the URL is on the screen already.
      return false;
    }
  };
}

async function launchDefault(url: string): Promise<void> {
  const { default: open } = await import('open');
  await open(url);
}

function hasBrowser(env: BrowserOpenerOptions['env'], platform: NodeJS.Platform): boolean {
  if (env['MCP_OAUTH_NO_BROWSER']) return false;
  // A browser on the far side of an SSH connection is of no use to the person on this side.
  if (env['SSH_CONNECTION'] || env['SSH_TTY']) return false;
  if (platform !== 'linux') return true;
  return Boolean(env['DISPLAY'] || env['WAYLAND_DISPLAY'] || env['WSL_DISTRO_NAME']);
}
