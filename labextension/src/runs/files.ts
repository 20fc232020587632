// A run as a file of the person's.

import type { LiveStore } from './live_store';
import type { RunRow } from './store';
import { t } from '../words';

interface Written {
  readonly text: string;
}

export type Format = 'notebook' | 'html' | 'jsonl';
const SUFFIXES: Readonly<Record<Format, string>> = {
  notebook: '.ipynb',
  html: '.html',
  jsonl: '.jsonl'
};

/** Download a run: from the server, or written by its kernel where only that has it. */
export async function download(store: LiveStore, row: RunRow, format: Format): Promise<void> {
  const blob =
    row.source === 'kernel'
      ? await written(store, row, format)
      : await store.server.file(row.run_id, format);
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = `${row.run_id}${SUFFIXES[format]}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url)); // once the download has begun
}

async function written(store: LiveStore, row: RunRow, format: Format): Promise<Blob> {
  const kernel = store.kernels.reach(row.run_id);
  if (!kernel) throw new Error(t('No kernel that this page can ask has this run.'));
  const told = (await kernel.send('kernel', 'export', { run: row.run_id, format })) as Written;
  return new Blob([told.text]);
}
