// Code that becomes cells of a notebook: they come together, and one undo takes them all away.

import { asOneStep } from '../cells/shared';
import type { NotebookModel } from './notebook';
import type { CodeCell } from '../view';

/** Put code cells into a notebook, above the one that is at `at` now.
 *
 * They are trusted as the trace is that they come from: else the whole notebook would not be. */
export function insertCode(
  { sharedModel }: NotebookModel,
  at: number,
  cells: readonly CodeCell[]
): void {
  const made = cells.map(({ source, outputs = [] }) => {
    return { cell_type: 'code', source, outputs, metadata: { trusted: true } } as const;
  });
  asOneStep(sharedModel, () => sharedModel.insertCells(at, made));
}
