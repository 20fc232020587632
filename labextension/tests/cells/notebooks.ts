// Notebooks as JupyterLab has them: the real shared model, with undo for each cell by itself.

import { YNotebook } from '@jupyter/ydoc';
import type { Op, Request } from '../../src/cells/protocol';
import { apply } from '../../src/cells/apply';
import { hashOf } from '../../src/cells/text';

let named = 0;
export const newId = (): string => `new-${named++}`;

export function notebook(...sources: string[]): YNotebook {
  const made = new YNotebook({ disableDocumentWideUndoRedo: true });
  const cells = sources.map((source, i) => ({
    cell_type: 'code',
    id: `c${i}`,
    source,
    metadata: {},
    outputs: [],
    execution_count: null
  }));
  made.fromJSON({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 });
  made.clearUndoHistory();
  for (const cell of made.cells) cell.clearUndoHistory();
  return made;
}

export function request(ops: readonly Op[], run = 'r1', call = 't1'): Request {
  return {
    nbagent: 1,
    request_id: newId(),
    to: 'page',
    ops,
    run_id: run,
    tool_call_id: call,
    mode: 'apply'
  };
}

export function done(on: YNotebook, ops: readonly Op[], run = 'r1'): ReturnType<typeof apply> {
  return apply(on, request(ops, run), 'a.ipynb', newId);
}

export function edit(on: YNotebook, id: string, source: string): Op {
  const cell = on.cells.find(each => each.id === id);
  return { op: 'edit', id, expected: hashOf(cell?.getSource() ?? ''), source };
}

export const sources = (of: YNotebook): string[] => of.cells.map(cell => cell.getSource());
export const ids = (of: YNotebook): string[] => of.cells.map(cell => cell.id);
