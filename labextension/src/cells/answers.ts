// What a person answers to an agent's changes: accept or reject, put back or leave deleted. Each
// answer can be taken back, as long as what it made is still there.

import {
  dropGone,
  goneOf,
  type Gone,
  isTouched,
  type Mark,
  markOf,
  putGone,
  putMark
} from './marks';
import { Pen } from './pen';
import { asOneStep, type SharedCell, type SharedNotebook } from './shared';
import { rewrite } from './text';

/** Takes an answer back. */
export type Undo = () => void;
type Inverse = (pen: Pen) => void;

/** The changes of one run that nobody has answered. */
export interface Changes {
  readonly run: string;
  readonly cells: readonly SharedCell[];
  readonly gone: readonly Gone[];
}

/** What an op `revert` did, as the kernel reads it. */
export interface Reverted {
  readonly ok: true;
  readonly reverted: string[];
  readonly kept: { id: string; why: string }[];
}

/** All changes, by their runs, in the order of the cells. */
export function changesOf(notebook: SharedNotebook): Changes[] {
  const marked = notebook.cells.flatMap(cell => {
    const mark = markOf(cell);
    return mark ? [{ cell, run: mark.run }] : [];
  });
  const gone = goneOf(notebook);
  const runs = new Set([...marked, ...gone].map(({ run }) => run));
  return [...runs].map(run => ({
    run,
    cells: marked.filter(each => each.run === run).map(({ cell }) => cell),
    gone: gone.filter(each => each.run === run)
  }));
}

/** Leave a cell as it is. */
export function accept(notebook: SharedNotebook, id: string): Undo {
  return answer(notebook, pen => [accepted(pen, id)]);
}

/** Put back what was there before; also what a person has written since gives way. */
export function reject(notebook: SharedNotebook, id: string): Undo {
  const cell = notebook.cells.find(other => other.id === id);
  const isEdit = cell && markOf(cell)?.kind === 'edited';
  return answer(notebook, pen => [rejected(pen, id)], isEdit ? cell : notebook);
}

/** Put a deleted cell back. */
export function restore(notebook: SharedNotebook, gone: Gone): Undo {
  return answer(notebook, pen => [restored(pen, gone)]);
}

/** Leave a deleted cell deleted. */
export function keepDeleted(notebook: SharedNotebook, gone: Gone): Undo {
  return answer(notebook, pen => [leftDeleted(pen, gone)]);
}

/** Leave all that a run changed. */
export function acceptAll(notebook: SharedNotebook, { cells, gone }: Changes): Undo {
  return answer(notebook, pen => [
    ...cells.map(({ id }) => accepted(pen, id)),
    ...gone.map(each => leftDeleted(pen, each))
  ]);
}

/** Take back all that a run changed, but for cells that a person has changed since. */
export function revertAll(notebook: SharedNotebook, run: string): [Reverted, Undo] {
  const { result, act } = revertOf(notebook, run);
  return [result, answer(notebook, act)];
}

/** The same for one who is inside a transaction already. */
export function revertOf(
  notebook: SharedNotebook,
  run: string
): { result: Reverted; act: (pen?: Pen) => Inverse[] } {
  const kept: Reverted['kept'] = [];
  const cells: SharedCell[] = [];
  for (const cell of notebook.cells) {
    const mark = markOf(cell);
    if (!mark) continue;
    const { id } = cell;
    if (mark.run !== run && isUnder(mark, run)) kept.push({ id, why: 'a later run changed it' });
    if (mark.run !== run) continue;
    if (isTouched(mark, cell.getSource())) kept.push({ id, why: 'changed since by a person' });
    else cells.push(cell);
  }
  const gone = goneOf(notebook).filter(each => each.run === run);
  const lost = gone.filter(each => !isOwn(each));
  const reverted = [...cells, ...lost.map(({ cell }) => cell)].map(({ id }) => id);
  const act = (pen = new Pen(notebook)): Inverse[] => [
    ...gone.map(each => (isOwn(each) ? leftDeleted(pen, each) : restored(pen, each))),
    ...cells.map(({ id }) => rejected(pen, id))
  ];
  return { result: { ok: true, reverted, kept }, act };
}

/** Whether a run has deleted what it had made itself. */
function isOwn({ run, cell }: Gone): boolean {
  const mark = cell.metadata?.['nbagent'] as Partial<Mark> | undefined;
  return mark?.kind === 'inserted' && mark.run === run;
}

function isUnder({ prior }: Mark, run: string): boolean {
  return prior !== undefined && (prior.run === run || isUnder(prior, run));
}

function answer(
  notebook: SharedNotebook,
  change: (pen: Pen) => Inverse[],
  place: SharedNotebook | SharedCell = notebook
): Undo {
  let inverses: Inverse[] = [];
  asOneStep(place, () => {
    inverses = change(new Pen(notebook)).reverse();
  });
  return () => {
    asOneStep(notebook, () => {
      const pen = new Pen(notebook);
      inverses.splice(0).forEach(inverse => inverse(pen));
    });
  };
}

function accepted(pen: Pen, id: string): Inverse {
  const cell = pen.cell(id);
  const mark = cell && markOf(cell);
  if (!mark) return () => undefined;
  putMark(cell, null);
  return later => {
    const now = later.cell(id);
    if (now && !markOf(now)) putMark(now, mark);
  };
}

function rejected(pen: Pen, id: string): Inverse {
  const cell = pen.cell(id);
  const mark = cell && markOf(cell);
  if (!mark) return () => undefined;
  const source = cell.getSource();
  const { before } = mark;
  if (before === null) {
    const [after, json] = [pen.before(id), { ...cell.toJSON(), id }];
    pen.remove(id);
    return later => later.insert(after, json);
  }
  rewrite(cell, before);
  putMark(cell, mark.prior ?? null);
  return later => {
    const now = later.cell(id);
    if (now?.getSource() !== before) return;
    rewrite(now, source);
    putMark(now, mark);
  };
}

function restored(pen: Pen, gone: Gone): Inverse {
  const { id } = gone.cell;
  pen.insert(gone.after, gone.cell);
  dropGone(pen.notebook, id);
  return later => {
    const now = later.cell(id);
    if (!now || now.getSource() !== textOf(gone)) return;
    later.remove(id);
    putGone(pen.notebook, gone);
  };
}

function leftDeleted({ notebook }: Pen, gone: Gone): Inverse {
  dropGone(notebook, gone.cell.id);
  return () => putGone(notebook, gone);
}

/** The source of a deleted cell. */
export function textOf({ cell }: Gone): string {
  return Array.isArray(cell.source) ? cell.source.join('') : (cell.source ?? '');
}
