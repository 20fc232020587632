// Outputs in nbformat's shape as bounded blocks: mirrors nbagent/view/outputs.py.

import { clean, clip, oneLine, size } from './phrases';
import { sha256 } from './sha256';
import { tableOf } from './table';
import type { Block, Output, Picture } from './types';
import { t } from '../words';

export const TEXT_LIMIT = 8_000;
const SOURCE_LIMIT = 1_000;
export const IMAGE_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/svg+xml'];
const RENDERED_BELOW =
  /^application\/(?:geo\+json|vnd\.(?!nbagent\.|dataresource\+)[\w.-]+\+json)$/;

const EMPTY: { readonly [K in Block['kind']]: Omit<Block & { kind: K }, 'kind'> } = {
  text: { name: '', text: '' },
  table: { head: [], rows: [], note: '' },
  image: { picture: '', alt: '' },
  error: { name: '', message: '', traceback: '', n_lines: 0 },
  source: { what: '', text: '' },
  below: { what: '' }
};

/** A block as it was before it was stored, where what is empty is left out. */
export function wholeBlock(stored: Block): Block {
  return { ...EMPTY[stored.kind], ...stored };
}

/** Turn one output into a block, and its picture if it is one. */
export function blockOf(output: Output): [Block, Picture | null] {
  if (output.output_type === 'stream') {
    return [textBlock(textOf(output.text), output.name ?? 'stdout'), null];
  }
  if (output.output_type === 'error') {
    return [errorBlock(output), null];
  }
  const data = output.data ?? {};
  const below = Object.keys(data).find(mime => RENDERED_BELOW.test(mime));
  if (below) {
    return [{ kind: 'below', what: belowName(below) }, null];
  }
  const picture = pictureOf(data);
  if (picture) {
    const said = oneLine(clean(textOf(data['text/plain'])), 100);
    const alt = said && !said.startsWith('<') ? said : t('Figure');
    return [{ kind: 'image', picture: picture.key, alt }, picture];
  }
  return [textForm(data), null];
}

/** A block of text, cleaned and bounded; `name` is stdout, stderr, result or log. */
export function textBlock(text: string, name: string): Block & { kind: 'text' } {
  return { kind: 'text', name, text: clip(clean(text.slice(0, TEXT_LIMIT * 40)), TEXT_LIMIT) };
}

function errorBlock(output: Output): Block {
  const lines = output.traceback;
  const traceback = clean(Array.isArray(lines) ? lines.map(String).join('\n') : textOf(lines));
  return {
    kind: 'error',
    name: oneLine(clean(output.ename ?? 'Error'), 80),
    message: clip(clean(output.evalue ?? ''), 2_000),
    traceback: clip(traceback, TEXT_LIMIT / 2),
    n_lines: traceback ? traceback.split('\n').length : 0
  };
}

function belowName(mime: string): string {
  const names = [
    ['plotly', t('plotly figure')],
    ['vega', t('Vega chart')],
    ['widget-view', t('widget')],
    ['bokeh', t('Bokeh plot')],
    ['holoviews', t('HoloViews plot')],
    ['geo+json', t('map')]
  ] as const;
  return names.find(([part]) => mime.includes(part))?.[1] ?? mime;
}

function pictureOf(data: Record<string, unknown>): Picture | null {
  for (const mime of IMAGE_TYPES) {
    const value = textOf(data[mime]);
    if (mime === 'image/svg+xml' && value.includes('<svg')) {
      return { key: keyOf(value), mime, data: value };
    }
    const compact = value.replace(/\s+/g, '');
    if (compact && mime !== 'image/svg+xml' && isBase64(compact)) {
      return { key: keyOf(compact), mime, data: compact };
    }
  }
  return null;
}

function keyOf(data: string): string {
  return sha256(data).slice(0, 12);
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

/** The address under which a picture is drawn; it is never fetched from anywhere. */
export function pictureUrl(picture: Picture): string {
  return picture.mime === 'image/svg+xml'
    ? `data:image/svg+xml;charset=utf-8,${encodeURIComponent(picture.data)}`
    : `data:${picture.mime};base64,${picture.data}`;
}

function textForm(data: Record<string, unknown>): Block {
  const html = textOf(data['text/html']);
  let plain = textOf(data['text/plain']);
  const table = html ? tableOf(html) : null;
  if (table) {
    return table;
  }
  const shown = plain !== '' && !/^<[\w.]+( object)?[^>]*>\s*$/.test(plain);
  for (const [mime, what] of [
    ['text/html', 'HTML'],
    ['application/javascript', 'JavaScript']
  ] as const) {
    const source = textOf(data[mime]);
    if (source && !shown) {
      const text = clip(clean(source.slice(0, TEXT_LIMIT)), SOURCE_LIMIT);
      return { kind: 'source', what: `${what}, ${size(source.length)}`, text };
    }
  }
  for (const mime of ['text/markdown', 'text/latex', 'application/json']) {
    plain ||= textOf(data[mime]);
  }
  return textBlock(plain, 'result');
}

/** A MIME value as text: nbformat also stores lists of lines. */
function textOf(value: unknown): string {
  if (typeof value === 'string') {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map(String).join('');
  }
  if (value === null || value === undefined) {
    return '';
  }
  return typeof value === 'object' ? JSON.stringify(value) : `${value as number}`;
}
