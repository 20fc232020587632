// Build what the wheel holds: the widget's module and the prebuilt JupyterLab extension, both from
// src/ and both without a single remote part, and for each the step view, which is loaded when it
// is opened; the extension's other parts are chunks too. Prints their sizes and fails above the
// budgets.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { minify } from 'terser';

const BUDGET_GZ = 61_000;
const STEP_BUDGET_GZ = 30_000;
/** What a page loads at its start, and what several chunks share. */
const SHARED_BUDGET_GZ = 18_000;
/** Chunks that are loaded when they are needed, by the `webpackChunkName` at their import. */
const CHUNKS_GZ = {
  view: 53_000,
  step: STEP_BUDGET_GZ,
  runs: 25_000,
  cells: 25_000,
  commands: 12_000,
  prompt: 5_000,
  zh_CN: 75_000
};
const HERE = join(dirname(fileURLToPath(import.meta.url)), '..');
const WIDGET = join(HERE, '../nbagent/trace/static/view.js');
const WIDGET_STEP = join(HERE, '../nbagent/trace/static/step.js');
const BUILD = join(HERE, 'build');
const EXTENSION = join(HERE, '../nbagent/labextension');

/** @type {import("esbuild").BuildOptions} */
const COMMON = {
  absWorkingDir: HERE,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  charset: 'utf8',
  legalComments: 'none'
};

/** @param {string} path */
const gzipped = path => gzipSync(readFileSync(path), { level: 9 }).length;

/**
 * @param {string} name
 * @param {string[]} paths
 * @param {number} [budget] in bytes, gzipped
 */
function report(name, paths, budget = BUDGET_GZ) {
  const raw = paths.reduce((sum, path) => sum + readFileSync(path).length, 0);
  const gz = paths.reduce((sum, path) => sum + gzipped(path), 0);
  console.log(`${name}: ${(raw / 1000).toFixed(1)} kB, ${(gz / 1000).toFixed(1)} kB gzipped`);
  if (gz > budget) {
    throw new Error(`${name} is above its budget of ${budget / 1000} kB gzipped`);
  }
}

/**
 * Make a module smaller than its bundler has, by about 4 %, gzipped.
 * @param {string} path
 * @param {boolean} module
 */
async function shrink(path, module) {
  const options = {
    module,
    compress: { passes: 6, pure_getters: true, unsafe_arrows: true },
    ecma: /** @type {const} */ (2020)
  };
  const { code } = await minify(readFileSync(path, 'utf8'), options);
  writeFileSync(path, code ?? '');
}

async function widget() {
  mkdirSync(dirname(WIDGET), { recursive: true });
  await build({ ...COMMON, entryPoints: ['src/widget.ts'], outfile: WIDGET });
  await build({ ...COMMON, entryPoints: ['src/step/index.ts'], outfile: WIDGET_STEP });
  await shrink(WIDGET, true);
  await shrink(WIDGET_STEP, true);
  report('widget', [WIDGET]);
  report('widget, step view', [WIDGET_STEP], STEP_BUDGET_GZ);
}

// The extension is bundled first, so that the builder only wraps it for JupyterLab's loader and
// needs none of JupyterLab's packages; those it shares come from the page.
async function extension() {
  for (const old of existsSync(BUILD) ? readdirSync(BUILD) : []) {
    if (old.endsWith('.js')) rmSync(join(BUILD, old));
  }
  await build({
    ...COMMON,
    entryPoints: ['src/index.ts'],
    outdir: BUILD,
    splitting: true, // so that what is imported when it is needed is a file of its own
    minify: false,
    minifyIdentifiers: true,
    minifySyntax: true, // and no more: the builder needs the name that stands at the import
    external: ['@codemirror/*', '@jupyterlab/*', '@lumino/*']
  });
  const modules = join(HERE, 'node_modules');
  const core = join(modules, '@jupyterlab/core-meta/core.package.json');
  const builder = join(modules, '@jupyter/builder/lib/build-labextension.js');
  execFileSync(process.execPath, [builder, '--core-package-file', core, HERE], {
    stdio: 'pipe' // what it says is shown if it fails
  });
  const folder = join(EXTENSION, 'static');
  const paths = readdirSync(folder)
    .filter(name => name.endsWith('.js') && !name.startsWith('remoteEntry')) // JupyterLab's loader
    .map(name => join(folder, name));
  for (const path of paths) await shrink(path, false);
  const chunkOf = (/** @type {string} */ path) => basename(path).split('.')[0] ?? '';
  report(
    'labextension',
    paths.filter(path => !(chunkOf(path) in CHUNKS_GZ)),
    SHARED_BUDGET_GZ
  );
  for (const [chunk, budget] of Object.entries(CHUNKS_GZ)) {
    const own = paths.filter(path => chunkOf(path) === chunk);
    report(`labextension, ${chunk}`, own, budget);
  }
}

if (!existsSync(join(HERE, 'node_modules'))) {
  throw new Error('Run `npm ci` in labextension first.');
}
await widget();
await extension();
