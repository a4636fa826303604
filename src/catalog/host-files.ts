/** Where MCP hosts keep their servers: data, by host, scope and platform. Sources: each host's own documentation. */
import { isAbsolute, join } from 'node:path';
import type { HostName } from '../core/names.js';

/** `user`: for every project. `project`: a file in the folder. `local`: one project's part of the user's file. */
export type HostScope = 'user' | 'project' | 'local';

export interface HostFile {
  readonly host: HostName;
  readonly scope: HostScope;
  readonly path: string;
  /** Where in the file the servers are, by name. */
  readonly keys: readonly string[];
}

/** What a host's paths depend on. */
export interface HostSurroundings {
  readonly home: string;
  readonly cwd: string;
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The files of a host, the one for every project first.
 *
 * @see https://code.claude.com/docs/en/mcp, https://modelcontextprotocol.io/docs/develop/connect-local-servers,
 *   https://cursor.com/docs/context/mcp, https://code.visualstudio.com/docs/copilot/customization/mcp-servers
 */
export function hostFiles(host: HostName, surroundings: HostSurroundings): readonly HostFile[] {
  const { home, cwd, env } = surroundings;
  const file = (scope: HostScope, path: string, ...keys: string[]): HostFile => ({ host, scope, path, keys });
  switch (host) {
    case 'claude-code': {
      const settings = join(folderFrom(env['CLAUDE_CONFIG_DIR'], home), '.claude.json');
      return [
        file('user', settings, 'mcpServers'),
        file('local', settings, 'projects', cwd, 'mcpServers'),
        file('project', join(cwd, '.mcp.json'), 'mcpServers'),
      ];
    }
    case 'claude-desktop': {
      const folder = join(applicationData(surroundings), 'Claude');
      return [file('user', join(folder, 'claude_desktop_config.json'), 'mcpServers')];
    }
    case 'cursor':
      return [
        file('user', join(home, '.cursor', 'mcp.json'), 'mcpServers'),
        file('project', join(cwd, '.cursor', 'mcp.json'), 'mcpServers'),
      ];
    case 'vscode':
      return [
        file('user', join(applicationData(surroundings), 'Code', 'User', 'mcp.json'), 'servers'),
        file('project', join(cwd, '.vscode', 'mcp.json'), 'servers'),
      ];
  }
}

/** Where programs of this platform keep a user's settings. */
function applicationData({ home, platform, env }: HostSurroundings): string {
  if (platform === 'darwin') return join(home, 'Library', 'Application Support');
  if (platform === 'win32') return folderFrom(env['APPDATA'], join(home, 'AppData', 'Roaming'));
  return folderFrom(env['XDG_CONFIG_HOME'], join(home, '.config'));
}

function folderFrom(given: string | undefined, otherwise: string): string {
  return given !== undefined && isAbsolute(given) ? given : otherwise;
}
