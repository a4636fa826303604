/**
 * The skills shipped with the broker: a folder each, with `SKILL.md` and files beside it.
 * An id is checked against an allow-list of characters and against what the folder really holds, so it is never a way out of it.
 */
import type { Dirent } from 'node:fs';
import { open, readdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { displayText } from '../core/display-text.js';
import { BrokerError } from '../core/errors.js';
import { SKILL_FILE_MAX_BYTES, SKILLS_MAX } from '../core/limits.js';

export interface Skill {
  readonly id: string;
  readonly name: string;
  readonly description: string;
}

export interface SkillLibrary {
  /** All skills in the order of their ids; none where the folder is missing. */
  list(): Promise<readonly Skill[]>;
  /**
   * The Markdown of skill `id`, or a file of it: `<skill>/references/x.md`.
   * @throws {BrokerError} `invalid_input` where there is none.
   */
  read(id: string): Promise<string>;
}

const MAIN_FILE = 'SKILL.md';
const PATH_SEGMENT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/u;
const FRONT_MATTER = /^---\r?\n(.*?)\r?\n---/su;

export function openSkillLibrary(directory: string): SkillLibrary {
  return {
    async list() {
      const ids = await skillIds(directory);
      const skills = await Promise.all(ids.map((id) => describeSkill(directory, id)));
      return skills.filter((skill) => skill !== undefined);
    },
    async read(id) {
      const text = await readSkillFile(directory, id);
      if (text === undefined) {
        throw new BrokerError('invalid_input', `There is no skill "${displayText(id, 60)}".`, {
          nextStep: 'Call get_skill without id to see the skills.',
        });
      }
      return text;
    },
  };
}

async function skillIds(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((): Dirent[] => []);
  const ids = entries
    .filter((entry) => entry.isDirectory() && PATH_SEGMENT.test(entry.name))
    .map((entry) => entry.name);
  return ids.sort().slice(0, SKILLS_MAX);
}

async function describeSkill(directory: string, id: string): Promise<Skill | undefined> {
  const text = await readSkillFile(directory, id);
  if (text === undefined) return undefined;
  const fields = frontMatter(text);
  return { id, name: fields.get('name') ?? id, description: fields.get('description') ?? '' };
}

async function readSkillFile(directory: string, id: string): Promise<string | undefined> {
  const [skill, ...rest] = id.split('/');
  if (skill === undefined || ![skill, ...rest].every((segment) => PATH_SEGMENT.test(segment))) return undefined;
  const root = await realpath(join(directory, skill)).catch(() => undefined);
  const path = await realpath(join(directory, skill, ...(rest.length === 0 ? [MAIN_FILE] : rest))).catch(
    () => undefined,
  );
  // A link inside a skill must not lead out of it.
  if (root === undefined || path === undefined || !path.startsWith(root + sep)) return undefined;
  return readBounded(path);
}

async function readBounded(path: string): Promise<string | undefined> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    if (size > SKILL_FILE_MAX_BYTES) return undefined;
    return await file.readFile('utf8');
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}

/** The one-line and folded fields at the top of a skill; all that its format uses. */
function frontMatter(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let current: string | undefined;
  for (const line of (FRONT_MATTER.exec(text)?.[1] ?? '').split(/\r?\n/u)) {
    const field = /^([A-Za-z][\w-]*):\s*(.*)$/u.exec(line);
    if (field?.[1] !== undefined) {
      current = field[1];
      fields.set(current, /^[|>][+-]?$/u.test(field[2] ?? '') ? '' : unquoted(field[2] ?? ''));
    } else if (current !== undefined && /^\s+\S/u.test(line)) {
      fields.set(current, `${fields.get(current)} ${line.trim()}`.trim());
    }
  }
  return fields;
}

function unquoted(value: string): string {
  return /^(["']).*\1$/u.test(value) ? value.slice(1, -1) : value;
}
