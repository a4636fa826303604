/**
 * The skills once more, as resources `skill://<id>/SKILL.md`, for hosts that read resources rather than call tools.
 * The files of a skill can be read beside it.
 */
import { extname } from 'node:path';
import { ProtocolError, ProtocolErrorCode, type Server } from '@modelcontextprotocol/server';
import { BrokerError } from '../core/errors.js';
import type { SkillLibrary } from './skills.js';

const SCHEME = 'skill://';
const MARKDOWN = 'text/markdown';
const MIME_TYPES: ReadonlyMap<string, string> = new Map([
  ['', MARKDOWN],
  ['.md', MARKDOWN],
  ['.js', 'text/javascript'],
  ['.json', 'application/json'],
]);

export function serveSkillResources(server: Server, skills: SkillLibrary): void {
  server.setRequestHandler('resources/list', async () => ({
    resources: (await skills.list()).map(({ id, name, description }) => ({
      uri: `${SCHEME}${id}/SKILL.md`,
      name,
      description,
      mimeType: MARKDOWN,
    })),
  }));
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: [] }));
  server.setRequestHandler('resources/read', async ({ params: { uri } }) => ({
    contents: [{ uri, mimeType: mimeTypeOf(uri), text: await readSkill(skills, uri) }],
  }));
}

/** A skill's id alone stands for its `SKILL.md`. */
function mimeTypeOf(uri: string): string {
  return MIME_TYPES.get(extname(uri)) ?? 'text/plain';
}

async function readSkill(skills: SkillLibrary, uri: string): Promise<string> {
  try {
    return await skills.read(uri.startsWith(SCHEME) ? uri.slice(SCHEME.length) : '');
  } catch (error) {
    if (error instanceof BrokerError) throw new ProtocolError(ProtocolErrorCode.InvalidParams, error.message);
    throw error;
  }
}
