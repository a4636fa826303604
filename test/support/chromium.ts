/** Debian's Chromium for the tests that need a real browser; without it they are skipped, and their title says why. */
import { existsSync } from 'node:fs';

const EXECUTABLE = '/usr/bin/chromium';

export const hasChromium = existsSync(EXECUTABLE);

/** The title of what is skipped where there is none. */
export const inChromium = hasChromium ? 'in Chromium' : `skipped: there is no ${EXECUTABLE}`;

/** It runs as whoever runs the tests, root as well, and asks nothing of the network by itself. */
export const CHROMIUM_OPTIONS = {
  executablePath: EXECUTABLE,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};
