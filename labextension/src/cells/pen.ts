// Changes cells within a transaction, where the notebook's own list still is as it was before.

import { goneOf, type Gone, placeOf } from './marks';
import type { CellJson, SharedCell, SharedNotebook } from './shared';

export class Pen {
  private readonly ids: string[];
  private readonly cells: Map<string, SharedCell>;
  private readonly gone: Gone[];

  constructor(readonly notebook: SharedNotebook) {
    this.ids = notebook.cells.map(({ id }) => id);
    this.cells = new Map(notebook.cells.map(cell => [cell.id, cell]));
    this.gone = goneOf(notebook);
  }

  cell(id: string): SharedCell | undefined {
    return this.cells.get(id);
  }

  /** The cell before a cell; null at the top. */
  before(id: string): string | null {
    return this.ids[this.ids.indexOf(id) - 1] ?? null;
  }

  remove(id: string): void {
    const at = this.ids.indexOf(id);
    if (at < 0) return;
    this.ids.splice(at, 1);
    this.cells.delete(id);
    this.notebook.deleteCell(at);
  }

  /** Put a cell back, unless there is one of that name. */
  insert(after: string | null, cell: CellJson & { id: string }): void {
    if (this.cells.has(cell.id)) return;
    const at = placeOf(this.ids, after, this.gone);
    this.ids.splice(at, 0, cell.id);
    this.cells.set(cell.id, this.notebook.insertCell(at, cell));
  }
}
