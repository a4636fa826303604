/**
 * Checks the layer rule with dependency-cruiser. It fails too when fewer modules were read than `src` has files,
 * or when too few imports were seen in them: a parser that reads nothing finds nothing wrong.
 */
import { readdir } from 'node:fs/promises';
import { cruise } from 'dependency-cruiser';
import extractTsConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import configuration from '../../.dependency-cruiser.mjs';

const { forbidden, options } = configuration;
const { output } = await cruise(['src'], { ...options, ruleSet: { forbidden }, validate: true }, undefined, {
  tsConfig: extractTsConfig(options.tsConfig.fileName),
});

const files = (await readdir('src', { recursive: true })).filter((file) => file.endsWith('.ts'));
const modules = output.modules.filter((module) => module.source.startsWith('src/'));
const imports = modules.flatMap((module) => module.dependencies);
const problems = output.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`);
if (modules.length < files.length) problems.push(`only ${modules.length} of ${files.length} files were read`);
if (imports.length < files.length) problems.push(`only ${imports.length} imports were seen in ${modules.length} files`);

for (const problem of problems) console.error(problem);
console.log(`${modules.length} modules with ${imports.length} imports, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
