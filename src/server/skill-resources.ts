/** The skills once more, as resources `skill://<id>/SKILL.md`, for hosts that read resources rather than call tools. */
import { ProtocolError, ProtocolErrorCode, type Server } from '@modelcontextprotocol/server';
import { BrokerError } from '../core/errors.js';
import type { SkillLibrary } from './skills.js';

const SCHEME = 'skill://';
const MIME_TYPE = 'text/markdown';

export function serveSkillResources(server: Server, skills: SkillLibrary): void {
  server.setRequestHandler('resources/list', async () => ({
    resources: (await skills.list()).map(({ id, name, description }) => ({
      uri: `${SCHEME}${id}/SKILL.md`,
      name,
      description,
      mimeType: MIME_TYPE,
    })),
  }));
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: [] }));
  server.setRequestHandler('resources/read', async ({ params: { uri } }) => ({
    contents: [{ uri, mimeType: MIME_TYPE, text: await readSkill(skills, uri) }],
  }));
}

async function readSkill(skills: SkillLibrary, uri: string): Promise<string> {
  try {
    return await skills.read(uri.startsWith(SCHEME) ? uri.slice(SCHEME.length) : '');
  } catch (error) {
    if (error instanceof BrokerError) throw new ProtocolError(ProtocolErrorCode.InvalidParams, error.message);
    throw error;
  }
}
