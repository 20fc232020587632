// Pages that share a notebook hear of each other a little later. An agent may so delete a cell in
// one page that a person is writing in another: there the cell is put back, with what they wrote.

import { newId } from '../shell/link';
import type { Signal } from '../shell/notebook';
import { textOf } from './answers';
import { dropGone, goneOf } from './marks';
import { Pen } from './pen';
import type { SharedCell, SharedNotebook } from './shared';

/** Tells before anybody else of a change whether it was made in this page. */
interface YDoc {
  on(event: 'beforeObserverCalls', told: (transaction: { local: boolean }) => void): void;
  off(event: 'beforeObserverCalls', told: (transaction: { local: boolean }) => void): void;
}
interface Watched extends SharedNotebook {
  readonly ydoc?: YDoc;
  readonly changed?: Signal<unknown, unknown>;
}
interface WatchedCell extends SharedCell {
  readonly changed: Signal<unknown, { sourceChange?: unknown }>;
}

/** Watch a notebook until the function that is returned is called.
 *
 * @param later does something when all have heard of a change: only then may there be another one
 */
export function guard(
  notebook: SharedNotebook,
  later: (act: () => void) => void = queueMicrotask
): () => void {
  const { ydoc, changed } = notebook as Watched;
  if (!ydoc || !changed) return () => undefined;
  let isLocal = false;
  const written = new Map<string, string>();
  /** Cells that went away by another page, and which may turn out to be an agent's doing. */
  const lost = new Map<string, string>();
  const known = new Map<string, WatchedCell>();
  const begins = ({ local }: { local: boolean }): void => {
    isLocal = local;
  };
  const wrote = (cell: unknown): void => {
    const { id } = cell as SharedCell;
    if (isLocal || written.has(id)) written.set(id, (cell as SharedCell).getSource());
  };
  const follow = (): void => {
    for (const cell of notebook.cells as readonly WatchedCell[]) {
      if (known.get(cell.id) === cell) continue; // a cell that was moved is another one
      known.set(cell.id, cell);
      cell.changed.connect(wrote);
    }
  };
  const look = (): void => {
    const there = new Set(notebook.cells.map(({ id }) => id));
    for (const id of known.keys()) {
      if (there.has(id)) continue;
      known.delete(id);
      const source = written.get(id);
      written.delete(id);
      if (source !== undefined && !isLocal) lost.set(id, source);
    }
    follow();
    if (lost.size) later(() => rescue(notebook, lost));
  };
  follow();
  ydoc.on('beforeObserverCalls', begins);
  changed.connect(look);
  return () => {
    ydoc.off('beforeObserverCalls', begins);
    changed.disconnect(look);
  };
}

/** What an agent deleted is put back if it was not all that stood there. */
function rescue(notebook: SharedNotebook, lost: Map<string, string>): void {
  const found = goneOf(notebook).flatMap(gone => {
    const source = lost.get(gone.cell.id);
    lost.delete(gone.cell.id);
    return source === undefined || source === textOf(gone) ? [] : [{ gone, source }];
  });
  if (!found.length) return;
  notebook.transact(() => {
    const pen = new Pen(notebook);
    for (const { gone, source } of found) {
      const metadata = { ...gone.cell.metadata };
      delete metadata['nbagent'];
      pen.insert(gone.after, { ...gone.cell, id: newId(), source, metadata });
      dropGone(notebook, gone.cell.id);
    }
  }, false);
}
