/**
 * Builds `dist/`: one named entry, `main.js`, and the parts that it loads when they are first used.
 * Whole in one file, all of it would be parsed before `initialize` is answered.
 */
import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Optional dependencies with native code: the only ones that are installed beside the bundle. */
const EXTERNAL = ['libsql', '@napi-rs/keyring'];

/**
 * The SDKs bring a JSON Schema validator (Ajv): the server's for results of elicitation forms, which the broker does not
 * ask for, the client's for results of tools, which the broker passes on as they are. It is a third of the start-up time.
 */
const withoutUnusedValidator = {
  name: 'without-unused-validator',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@modelcontextprotocol\/(?:server|client)\/_shims$/ }, ({ path }) => ({
      path,
      namespace: 'shims',
    }));
    onLoad({ filter: /./, namespace: 'shims' }, () => ({
      contents: `
        export { default as process } from 'node:process';
        export const CORS_IS_POSSIBLE = false;
        export class DefaultJsonSchemaValidator {
          getValidator() { throw new TypeError('No JSON Schema validator is bundled.'); }
        }`,
      resolveDir: import.meta.dirname,
    }));
  },
};

/** Of undici, what the broker uses: its main file brings caches, mocks, WebSockets and a fetch as well, four fifths of it. */
const withoutUnusedHttp = {
  name: 'without-unused-http',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^undici$/ }, () => ({ path: 'undici', namespace: 'http' }));
    // Read by form bodies only, which nobody sends.
    onResolve({ filter: /\/web\/fetch\/(?:body|formdata)(?:\.js)?$/ }, ({ path }) => ({ path, namespace: 'unused' }));
    onLoad({ filter: /./, namespace: 'unused' }, () => ({ contents: 'module.exports = {};' }));
    onLoad({ filter: /./, namespace: 'http' }, () => ({
      contents: `
        const Dispatcher = require('undici/lib/dispatcher/dispatcher.js');
        Dispatcher.prototype.request = require('undici/lib/api/api-request.js');
        exports.Agent = require('undici/lib/dispatcher/agent.js');
        exports.ProxyAgent = require('undici/lib/dispatcher/proxy-agent.js');
        exports.DecoratorHandler = require('undici/lib/handler/decorator-handler.js');`,
      resolveDir: import.meta.dirname,
    }));
  },
};

const { metafile } = await build({
  entryPoints: { main: 'src/main.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  // Beside main.js, so that `import.meta.url` means the same folder everywhere.
  chunkNames: 'part-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: EXTERNAL,
  // Its main entry is UMD, whose inner `require` calls a bundler cannot follow.
  alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
  plugins: [withoutUnusedValidator, withoutUnusedHttp],
  // CommonJS dependencies ask for Node's own modules by `require`.
  banner: {
    js: "import { createRequire as $createRequire } from 'node:module';\nconst require = $createRequire(import.meta.url);",
  },
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
});
// Only now, so that a process that is just starting still finds what an earlier build wrote.
const written = new Set(Object.keys(metafile.outputs));
const stale = (await readdir('dist')).filter((file) => !written.has(`dist/${file}`));
await Promise.all(stale.map((file) => rm(join('dist', file), { recursive: true })));
await chmod('dist/main.js', 0o755);
await writeFile('dist/THIRD-PARTY-NOTICES.txt', await notices(metafile));

/** Name, version, license and its text of every package with code in the bundle. */
async function notices({ outputs }) {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const shipped = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => packageFolder(path));
  const folders = [...new Set(shipped.filter((folder) => folder !== undefined))].sort();
  const sections = await Promise.all(folders.map(notice));
  return `mcp-oauth-broker contains code of these packages.\n\n${sections.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

function packageFolder(path) {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/u.exec(path)?.[0];
}

async function notice(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const files = (await readdir(folder)).filter((file) => /^(?:licen[cs]e|copying|notice)/iu.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return `${name} ${version} (${license})\n\n${texts.map((text) => text.trim()).join('\n\n')}\n`;
}
