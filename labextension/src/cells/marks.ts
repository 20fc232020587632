// What an agent changed and nobody has answered yet, as it stands in the notebook itself: so it
// outlives the page, and all pages that share the notebook show the same.

import type { CellJson, SharedCell, SharedNotebook } from './shared';
import { hashOf } from './text';

const KEY = 'nbagent';
/** One key a deleted cell, so that two pages cannot overwrite each other's. */
const GONE = 'nbagent-deleted-';

/** Who did it: the run, its tool call, and whom the words name. */
export interface Doer {
  readonly run: string;
  readonly call: string;
  readonly by: 'nbagent';
  readonly who?: string;
}

/** On a cell that an agent wrote. */
export interface Mark extends Doer {
  readonly kind: 'inserted' | 'edited';
  /** The source before; null of a cell that was not there. */
  readonly before: string | null;
  /** Of the source as the agent left it. */
  readonly hash?: string;
  /** An earlier run's, which is put back when this one is rejected. */
  readonly prior?: Mark;
}

/** A cell that an agent deleted. */
export interface Gone extends Doer {
  /** The cell before it; null at the top. */
  readonly after: string | null;
  readonly cell: CellJson & { readonly id: string };
}

export function markOf(cell: SharedCell): Mark | null {
  const mark = cell.getMetadata(KEY) as Partial<Mark> | undefined;
  return mark?.by === 'nbagent' && typeof mark.run === 'string' ? (mark as Mark) : null;
}

export function putMark(cell: SharedCell, mark: Mark | null): void {
  if (mark) cell.setMetadata(KEY, mark as never);
  else cell.deleteMetadata(KEY);
}

/** Whether a person has changed what the agent left. */
export function isTouched(mark: Mark, source: string): boolean {
  return mark.hash !== undefined && mark.hash !== hashOf(source);
}

/** The mark of a cell that an agent changes once more. */
export function nextMark(old: Mark | null, before: string, after: string, doer: Doer): Mark {
  const hash = hashOf(after);
  if (!old) return { ...doer, kind: 'edited', before, hash };
  if (isTouched(old, before)) return { ...doer, kind: 'edited', before, hash }; // theirs now
  if (old.run === doer.run) return { ...old, ...doer, hash };
  return { ...doer, kind: 'edited', before, hash, prior: old };
}

/** The deleted cells; those that are there again by another way are left out. */
export function goneOf(notebook: SharedNotebook): Gone[] {
  const there = new Set(notebook.cells.map(cell => cell.id));
  return Object.entries(notebook.metadata ?? {})
    .filter(([key]) => key.startsWith(GONE))
    .map(([, value]) => value as Gone)
    .filter(gone => typeof gone.cell.id === 'string' && !there.has(gone.cell.id));
}

export function putGone(notebook: SharedNotebook, gone: Gone): void {
  notebook.setMetadata(GONE + gone.cell.id, gone as never);
}

export function dropGone(notebook: SharedNotebook, id: string): void {
  notebook.deleteMetadata(GONE + id);
}

/** Where a cell belongs that stood behind another one.
 *
 * @param ids of the cells, in order
 * @param after the cell before it; null at the top
 * @param gone deleted cells, of which `after` may be one
 */
export function placeOf(
  ids: readonly string[],
  after: string | null,
  gone: readonly Gone[]
): number {
  const befores = new Map(gone.map(other => [other.cell.id, other.after]));
  for (let id: string | null | undefined = after; id !== null; ) {
    const at = ids.indexOf(id);
    if (at >= 0) return at + 1;
    const before = befores.get(id);
    befores.delete(id);
    if (before === undefined) return ids.length;
    id = before;
  }
  return 0;
}

/** The last cell of those that stood between a cell and the next one and are deleted. */
export function lastBehind(after: string | null, gone: readonly Gone[]): string | null {
  const next = gone.find(other => other.after === after);
  return next
    ? lastBehind(
        next.cell.id,
        gone.filter(other => other !== next)
      )
    : after;
}
