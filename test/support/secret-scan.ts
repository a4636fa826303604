/**
 * Looks for secrets wherever a process could have left them, in every form in which they could lie there.
 * Independent of the product's own filter, which is what it is to judge.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What each secret is called, and its values. */
export type Secrets = Readonly<Record<string, Iterable<string>>>;
/** Where something was written, and what. */
export type Places = Readonly<Record<string, string | Uint8Array>>;

const MIN_FORM_LENGTH = 8;

/** `<secret> in <place>, as <form>` for each that is found. */
export function findSecrets(secrets: Secrets, places: Places): readonly string[] {
  const forms = Object.entries(secrets).flatMap(([name, values]) =>
    [...new Set(values)].flatMap((value) => formsOf(value).map(([form, text]) => ({ name, form, text }))),
  );
  return Object.entries(places).flatMap(([place, content]) => {
    const bytes = Buffer.from(content as Uint8Array);
    return forms.filter(({ text }) => bytes.includes(text)).map(({ name, form }) => `${name} in ${place}, as ${form}`);
  });
}

function formsOf(value: string): readonly (readonly [form: string, text: string])[] {
  const bytes = Buffer.from(value);
  const base64 = [0, 1, 2].map((offset) => stableBase64(bytes, offset));
  return [
    ['itself', value] as const,
    ['URL component', encodeURIComponent(value)] as const,
    ['form field', new URLSearchParams({ value }).toString().slice('value='.length)] as const,
    ['JSON', JSON.stringify(value).slice(1, -1)] as const,
    ['hexadecimal', bytes.toString('hex')] as const,
    ...base64.map((text) => ['base64', text] as const),
    ...base64.map((text) => ['base64url', text.replaceAll('+', '-').replaceAll('/', '_')] as const),
  ].filter(([, text]) => text.length >= MIN_FORM_LENGTH);
}

/** What base64 makes of these bytes wherever they lie: without the characters that they share with their neighbours. */
function stableBase64(bytes: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  return encoded.slice(Math.ceil((offset * 4) / 3), Math.floor(((offset + bytes.length) * 4) / 3));
}

/** Every file below a folder. */
export async function filesOf(folder: string): Promise<Places> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(await Promise.all(files.map(async (file) => [file, await readFile(file)] as const)));
}

/** Arguments and environment of every process that may be looked at, where the system shows them (Linux). */
export async function processesOf(): Promise<Places> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const paths = pids.flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`]);
  const read = await Promise.all(
    paths.map(async (path) => {
      const content = await readFile(path).catch(() => undefined);
      return content === undefined ? [] : [[path, content] as const];
    }),
  );
  return Object.fromEntries(read.flat());
}
