import { existsSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type MarkdownFile, markdownFiles, PROJECT } from '../../support/markdown.js';

const files = markdownFiles();
const byPath = new Map(files.map((file) => [file.path, file]));

describe('a relative link in the documentation', () => {
  const links = files.flatMap((file) =>
    file.links.filter((target) => !/^[a-z]+:/u.test(target)).map((target) => ({ file, target })),
  );

  it('is looked for in every document', () => {
    expect(byPath.keys()).toContain('README.md');
    expect(links.length).toBeGreaterThan(10);
  });

  it.each(links.map(({ file, target }) => [file.path, target, file] as const))('%s → %s exists', (_, target, file) => {
    const [path = '', anchor] = target.split('#');
    const found = path === '' ? file.path : posix.join(dirname(file.path), path);
    expect(found.startsWith('..'), 'stays within the project').toBe(false);
    expect(existsSync(join(PROJECT, found))).toBe(true);
    if (anchor !== undefined) expect(byPath.get(found)?.anchors).toContain(anchor);
  });
});

describe('a skill', () => {
  const skills = files.filter((file) => file.path.startsWith('skills/'));

  // An installed skill is its own folder and nothing else.
  it.each(skills.map((file) => [file.path, file] as const))('%s links nothing outside its own folder', (path, file) => {
    const folder = path.split('/').slice(0, 2).join('/');
    expect(outside(file, folder)).toEqual([]);
  });

  function outside(file: MarkdownFile, folder: string): string[] {
    return file.links
      .filter((target) => !/^[a-z]+:|^#/u.test(target))
      .filter((target) => !posix.join(dirname(file.path), target).startsWith(`${folder}/`));
  }
});
