/**
 * The layer rule: who may import what, inside `src` and of other packages. `src/README.md` says why.
 * `npm run check` runs it by `test/package/layers.mjs`, which also asserts how many modules were read.
 */

/** A folder, and the folders that it may import beside itself. */
const LAYERS = {
  core: [],
  catalog: ['core'],
  vault: ['core'],
  oauth: ['core'],
  upstream: ['core'],
  broker: ['catalog', 'vault', 'oauth', 'upstream', 'core'],
  server: ['broker', 'core'],
  web: ['broker', 'core'],
  cli: ['broker', 'core'],
};

/** A package, and the only part of `src` that may import it. What is not named here no part may import. */
const PACKAGES = {
  '@modelcontextprotocol/server': 'server',
  '@modelcontextprotocol/client': 'upstream',
  oauth4webapi: 'oauth',
  hono: 'web',
  '@hono/node-server': 'web',
  minisearch: 'broker',
  'cross-spawn': 'upstream',
  commander: 'cli',
  open: 'cli',
  libsql: 'vault',
  '@napi-rs/keyring': 'vault',
  '@redis/client': 'vault',
  pg: 'vault',
  'jsonc-parser': 'catalog',
  undici: 'core',
  pino: 'core',
  'env-paths': 'entry',
};
const PACKAGES_FOR_ALL = ['zod'];

/** The files that put the parts together. */
const ENTRY = '^src/[^/]+\\.ts$';

const folderPath = (folder) => (folder === 'entry' ? ENTRY : `^src/${folder}/`);
const packagePath = (name) => `^node_modules/${name.replaceAll('.', '\\.')}/`;

const layerRules = Object.entries(LAYERS).map(([folder, allowed]) => ({
  name: `${folder}-imports-only-${['itself', ...allowed].join('-')}`,
  severity: 'error',
  from: { path: folderPath(folder) },
  to: { path: '^src/', pathNot: [folder, ...allowed].map(folderPath) },
}));

const packageRules = Object.entries(PACKAGES).map(([name, folder]) => ({
  name: `${name}-only-in-${folder}`,
  severity: 'error',
  from: { path: '^src/', pathNot: folderPath(folder) },
  to: { path: packagePath(name) },
}));

export default {
  forbidden: [
    ...layerRules,
    ...packageRules,
    {
      name: 'entry-by-index',
      comment: 'The entry files know each folder by its index.ts; core has none, it is a toolbox.',
      severity: 'error',
      from: { path: ENTRY },
      to: { path: '^src/[^/]+/', pathNot: ['^src/core/', '^src/[^/]+/index\\.ts$'] },
    },
    {
      name: 'no-other-package',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^node_modules/', pathNot: [...Object.keys(PACKAGES), ...PACKAGES_FOR_ALL].map(packagePath) },
    },
    { name: 'nothing-imports-tests', severity: 'error', from: { path: '^src/' }, to: { path: '^(test|bench)/' } },
    { name: 'no-cycle', severity: 'error', from: { path: '^src/' }, to: { circular: true } },
    { name: 'no-orphan', severity: 'error', from: { path: '^src/', orphan: true }, to: {} },
    { name: 'resolvable', severity: 'error', from: { path: '^src/' }, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
