/** The tool that lists the skills shipped with the broker, or gives one of their files. */
import * as z from 'zod';
import { textAndStructure } from '../payload.js';
import { defineTool } from '../tool.js';

export const getSkill = defineTool({
  name: 'get_skill',
  title: 'Get skill',
  description:
    'Read a guide named in helpfulSkills by its id, or a file of it (<skill>/references/x.md); without id, list them.',
  annotations: { readOnlyHint: true, openWorldHint: false },
  answersWithPayload: false,
  input: z.strictObject({ id: z.string().min(1).max(200).optional() }),
  async call(args, { skills }) {
    if (args.id === undefined) return textAndStructure({ skills: await skills.list() });
    return { content: [{ type: 'text', text: await skills.read(args.id) }] };
  },
});
