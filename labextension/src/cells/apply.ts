// What a kernel asks for is done to the shared notebook: all of it or nothing. Each operation is
// first tried on a draft; only when none is refused is the notebook changed, in one transaction.

import { revertOf } from './answers';
import {
  type Doer,
  type Gone,
  goneOf,
  lastBehind,
  type Mark,
  markOf,
  nextMark,
  putGone,
  putMark
} from './marks';
import type { Op, Refusal, Request, Result } from './protocol';
import { readCells } from './read';
import { asOneStep, type CellJson, isCode, type SharedCell, type SharedNotebook } from './shared';
import { hashOf, rewrite } from './text';

/** A cell as it will be. */
interface Row {
  readonly id: string;
  source: string;
  mark: Mark | null;
  /** Null until it is inserted. */
  cell: SharedCell | null;
}

interface Change {
  readonly result: object;
  /** Changes the notebook; null if there is nothing to change. */
  readonly act: (() => void) | null;
  /** The cell whose source alone it changes: then Ctrl+Z in that cell takes it back. */
  readonly only?: SharedCell | null;
}

type Why = Omit<Refusal, 'ok' | 'at'>;
type Fields<Name> = Extract<Op, { op: Name }>;

/** Do all operations of a request, or none.
 *
 * @param path the notebook's, for what is read
 * @param newId names a cell that is inserted
 */
export function apply(
  notebook: SharedNotebook,
  request: Request,
  path: string,
  newId: () => string
): Result {
  const changes = planned(notebook, request, path, newId);
  if ('reason' in changes) return changes;
  const acts = changes.filter(({ act }) => act);
  if (acts.length) {
    const only = acts.length === 1 ? acts[0]?.only : null;
    asOneStep(only ?? notebook, () => acts.forEach(({ act }) => act?.()));
  }
  return { ok: true, results: changes.map(({ result }) => result) };
}

/** Whether a request could be done; the refusal if it could not. */
export function refusal(notebook: SharedNotebook, request: Request): Refusal | null {
  const changes = planned(notebook, request, '', () => '');
  return 'reason' in changes ? changes : null;
}

function planned(
  notebook: SharedNotebook,
  request: Request,
  path: string,
  newId: () => string
): Change[] | Refusal {
  const draft = new Draft(notebook, doerOf(request), path, newId);
  const changes: Change[] = [];
  for (const [at, op] of request.ops.entries()) {
    const change = draft.change(op);
    if ('reason' in change) return { ok: false, at, ...change };
    changes.push(change);
  }
  return changes;
}

function doerOf({ run_id: run, tool_call_id: call, who }: Request): Doer {
  return { run, call, by: 'nbagent', ...(who === undefined ? {} : { who }) };
}

class Draft {
  private readonly rows: Row[];
  private readonly gone: Gone[];

  constructor(
    private readonly notebook: SharedNotebook,
    private readonly doer: Doer,
    private readonly path: string,
    private readonly newId: () => string
  ) {
    this.rows = notebook.cells.map(cell => ({
      id: cell.id,
      source: cell.getSource(),
      mark: markOf(cell),
      cell
    }));
    this.gone = goneOf(notebook);
  }

  change(op: Op): Change | Why {
    switch (op.op) {
      case 'read':
        return { result: readCells(this.notebook, this.path), act: null };
      case 'insert':
        return this.insert(op);
      case 'edit':
        return this.edit(op);
      case 'delete':
        return this.delete(op);
      case 'outputs':
        return this.outputs(op);
      case 'revert':
        return this.revert(op);
      default:
        return { reason: 'bad_op', id: '' };
    }
  }

  private insert(op: Fields<'insert'>): Change | Why {
    const index = this.placeAfter(op.after);
    if (index === null) return { reason: 'no_such_cell', id: op.after ?? '' };
    const isFree = op.id !== undefined && !this.rows.some(({ id }) => id === op.id);
    const id = isFree && op.id ? op.id : this.newId();
    const { source, type, outputs } = op;
    const mark: Mark = { ...this.doer, kind: 'inserted', before: null, hash: hashOf(source) };
    const metadata = { ...op.metadata, nbagent: mark };
    const row: Row = { id, source, mark, cell: null };
    this.rows.splice(index, 0, row);
    const own = type === 'code' ? { outputs: whole(outputs ?? []), execution_count: null } : {};
    const cell: CellJson = { id, cell_type: type, source, metadata, ...own };
    return this.did(row, null, index, () => {
      row.cell = this.notebook.insertCell(index, cell);
    });
  }

  private edit(op: Fields<'edit'>): Change | Why {
    const found = this.find(op);
    if ('reason' in found) return found;
    const { row, index } = found;
    const before = row.source;
    if (before === op.source) return this.did(row, before, index, null);
    const mark = nextMark(row.mark, before, op.source, this.doer);
    row.source = op.source;
    row.mark = mark;
    const act = (): void => {
      if (!row.cell) return;
      rewrite(row.cell, op.source);
      putMark(row.cell, mark);
    };
    return { ...this.did(row, before, index, act), only: row.cell };
  }

  private delete(op: Fields<'delete'>): Change | Why {
    const found = this.find(op);
    if ('reason' in found) return found;
    const { row, index } = found;
    this.rows.splice(index, 1);
    const after = lastBehind(this.rows[index - 1]?.id ?? null, this.gone);
    const cell = row.cell?.toJSON();
    const gone = cell && { ...this.doer, after, cell: { ...cell, id: row.id } };
    if (gone) this.gone.push(gone);
    return this.did(row, row.source, index, () => {
      if (gone) putGone(this.notebook, gone);
      this.notebook.deleteCell(index);
    });
  }

  private outputs(op: Fields<'outputs'>): Change | Why {
    const found = this.find(op);
    if ('reason' in found) return found;
    const { row, index } = found;
    return this.did(row, row.source, index, () => {
      if (!row.cell || !isCode(row.cell)) return;
      row.cell.setOutputs(whole(op.outputs) as never);
      row.cell.execution_count = op.execution_count ?? null;
    });
  }

  private revert(op: Fields<'revert'>): Change {
    const { result, act } = revertOf(this.notebook, op.run);
    return { result, act: () => void act() };
  }

  private did(row: Row, before: string | null, index: number, act: (() => void) | null): Change {
    return { result: { ok: true, id: row.id, hash: hashOf(row.source), before, index }, act };
  }

  private placeAfter(after: string | null): number | null {
    if (after === 'end') return this.rows.length;
    const at = this.rows.findIndex(({ id }) => id === after);
    return after !== null && at < 0 ? null : at + 1;
  }

  private find(op: { id: string; expected: string }): { row: Row; index: number } | Why {
    const index = this.rows.findIndex(({ id }) => id === op.id);
    const row = this.rows[index];
    if (!row) return { reason: 'no_such_cell', id: op.id };
    const hash = hashOf(row.source);
    if (hash === op.expected) return { row, index };
    return { reason: 'changed', id: op.id, source: row.source, hash };
  }
}

/** Outputs with their texts in one piece: nbformat allows lists, which the shared cell misreads. */
function whole(outputs: readonly object[]): object[] {
  return outputs.map(output => {
    const { text } = output as { text?: unknown };
    return Array.isArray(text) ? { ...output, text: text.join('') } : output;
  });
}
