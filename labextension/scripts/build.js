// Build what the wheel holds: the widget's module and the prebuilt JupyterLab extension, both from
// src/ and both without a single remote part. Prints their sizes and fails above the budget.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const BUDGET_GZ = 60_000;
const HERE = join(dirname(fileURLToPath(import.meta.url)), '..');
const WIDGET = join(HERE, '../nbagent/trace/static/view.js');
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
 */
function report(name, paths) {
  const raw = paths.reduce((sum, path) => sum + readFileSync(path).length, 0);
  const gz = paths.reduce((sum, path) => sum + gzipped(path), 0);
  console.log(`${name}: ${(raw / 1000).toFixed(1)} kB, ${(gz / 1000).toFixed(1)} kB gzipped`);
  if (gz > BUDGET_GZ) {
    throw new Error(`${name} is above its budget of ${BUDGET_GZ / 1000} kB gzipped`);
  }
}

async function widget() {
  mkdirSync(dirname(WIDGET), { recursive: true });
  await build({ ...COMMON, entryPoints: ['src/widget.ts'], outfile: WIDGET });
  report('widget', [WIDGET]);
}

// The extension is bundled first, so that the builder only wraps it for JupyterLab's loader and
// needs none of JupyterLab's packages; those it shares come from the page.
async function extension() {
  await build({
    ...COMMON,
    entryPoints: ['src/index.ts'],
    outfile: join(HERE, 'build/index.js'),
    external: ['@jupyterlab/*', '@lumino/*']
  });
  const modules = join(HERE, 'node_modules');
  const core = join(modules, '@jupyterlab/core-meta/core.package.json');
  const builder = join(modules, '@jupyter/builder/lib/build-labextension.js');
  execFileSync(process.execPath, [builder, '--core-package-file', core, HERE], {
    stdio: 'pipe' // what it says is shown if it fails
  });
  const folder = join(EXTENSION, 'static');
  report(
    'labextension',
    readdirSync(folder)
      .filter(name => name.endsWith('.js') && !name.startsWith('remoteEntry')) // JupyterLab's loader
      .map(name => join(folder, name))
  );
}

if (!existsSync(join(HERE, 'node_modules'))) {
  throw new Error('Run `npm ci` in labextension first.');
}
await widget();
await extension();
