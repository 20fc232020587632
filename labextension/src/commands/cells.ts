// Cells of a notebook: which failed, new ones below them, and the traces that stand in them.

import { askFor, type Goal } from '../view/goals';
import type { App, Cell, Panel } from './host';

const MAGIC = /^\s*%%kimi\b/m;
/** A cell that runs or speaks to nbagent, in a cell's magic or a line's. */
const SPEAKS = /^\s*%%?kimi\b/m;

export function sourceOf(cell: Cell): string {
  return cell.model.sharedModel.getSource();
}

export function isCode(cell: Cell | null): cell is Cell {
  return cell?.model.type === 'code';
}

export function isAsking(cell: Cell): boolean {
  return MAGIC.test(sourceOf(cell));
}

export function speaksToKimi(cell: Cell): boolean {
  return SPEAKS.test(sourceOf(cell));
}

/** The kind of error that a cell ended with; null if it ended with none. */
export function errorOf(cell: Cell | null): string | null {
  const outputs = cell?.model.outputs;
  for (let i = (outputs?.length ?? 0) - 1; i >= 0; i -= 1) {
    const output = outputs?.get(i);
    if (output?.type === 'error') return output.toJSON().ename ?? '';
  }
  return null;
}

/** Whether a cell holds code that failed, and no agent's. */
export function canFix(cell: Cell | null): boolean {
  return isCode(cell) && !isAsking(cell) && errorOf(cell) !== null;
}

/** Put a cell below another one and make it the active one. */
export function insertBelow(panel: Panel, index: number, source: string): void {
  const { content } = panel;
  const at = index + 1;
  // Trusted as any cell that a person adds: it has no output yet.
  const cell = { cell_type: 'code', source, metadata: { trusted: true } } as const;
  content.model?.sharedModel.insertCell(at, cell);
  content.activeCellIndex = at;
  content.mode = 'command';
}

/** Run the active cell, as the notebook's own command does. */
export function runActive(app: App): Promise<unknown> {
  return app.commands.execute('notebook:run-cell');
}

/** Let the traces in a cell go somewhere; false if none has such a place. */
export function go(cell: Cell, goal: Goal): boolean {
  const hosts = [...cell.node.querySelectorAll('[data-lm-suppress-shortcuts]')];
  const ordered = goal === 'previous-error' ? hosts.reverse() : hosts;
  return ordered.some(host => !host.dispatchEvent(askFor(goal)));
}

/** Go to the next cell or step that failed, from the active cell on; round the end once. */
export function goToError(panel: Panel, by: 1 | -1): boolean {
  const { content } = panel;
  const goal = by > 0 ? 'next-error' : 'previous-error';
  const n = content.widgets.length;
  const from = content.activeCellIndex;
  for (let i = 0; i <= n; i += 1) {
    const at = (from + by * i + n * n) % n;
    const cell = content.widgets[at];
    if (!cell) continue;
    const isBack = i === n; // the active cell again: from its other end, as nothing else failed
    if (!isBack && go(cell, goal)) {
      content.activeCellIndex = at;
      return true;
    }
    if (i > 0 && errorOf(cell) !== null) {
      content.activeCellIndex = at;
      reveal(cell);
      return true;
    }
  }
  return false;
}

function reveal(cell: Cell): void {
  const failed = cell.node.querySelector('.jp-RenderedText[data-mime-type*="stderr"]') ?? cell.node;
  failed.scrollIntoView({ block: 'nearest' });
}
