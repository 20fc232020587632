// Where bars and cards stand: inside the cells, so that they scroll and are taken out of the page
// with them.

import type { PanelLayout, Widget } from '@lumino/widgets';
import type { CellsPanel, CellWidget } from './host';
import { type Gone, placeOf } from './marks';

/** Above a cell's editor, behind all of the cell, or before all of it. */
export type Where = 'editor' | 'end' | 'top';

/** Put a widget into a cell, once the cell's own parts are in the page. */
export async function put(widget: Widget, cell: CellWidget, where: Where): Promise<void> {
  await cell.ready;
  if (widget.isDisposed || cell.isDisposed || widget.parent === cell) return;
  const layout = cell.layout as PanelLayout;
  const editor = layout.widgets.findIndex(({ node }) => node.matches('.jp-Cell-inputWrapper'));
  const at = { editor: Math.max(editor, 0), end: layout.widgets.length, top: 0 }[where];
  layout.insertWidget(at, widget);
}

/** The cells that are there and those that were deleted, in their order. */
export function withGone(ids: readonly string[], gone: readonly Gone[]): string[] {
  const all = [...ids];
  for (const each of gone) all.splice(placeOf(all, each.after, gone), 0, each.cell.id);
  return all;
}

/** The cell at which something stands that belongs behind another one. */
export function hostOf(
  all: readonly string[],
  id: string,
  there: ReadonlyMap<string, CellWidget>
): [CellWidget, Where] | null {
  const at = all.indexOf(id);
  for (let i = at; i >= 0; i--) {
    const cell = there.get(all[i] ?? '');
    if (cell) return [cell, 'end'];
  }
  const [first] = there.values();
  return first ? [first, 'top'] : null;
}

/** Make a cell the active one, and scroll to it. */
export function show(panel: CellsPanel, index: number): void {
  panel.content.deselectAll();
  panel.content.activeCellIndex = index;
  void panel.content.scrollToItem(index, 'center');
}
