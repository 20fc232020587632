// Runs whose page went away before it was saved: their cells come back from the file without an
// output, and no message says which cell a run belongs to. So the kernel is asked, once a cell.

import { controlWay, isControlKernel } from './control';
import { RunLink } from './link';
import type { CellModel, Kernel, NotebookModel, NotebookPanel } from './notebook';
import { isOurs } from './share';

const ASKS = /^%%kimi\b/m;

/** Give the runs that no page has drawn to their end back to their cells. */
export async function reclaim(panel: NotebookPanel): Promise<void> {
  await Promise.all([panel.context.ready, panel.sessionContext.ready]);
  const kernel = panel.sessionContext.session?.kernel;
  const { model } = panel.content;
  if (panel.isDisposed || !kernel || !model || !isControlKernel(kernel)) return;
  for (let i = 0; i < model.cells.length; i += 1) {
    const cell = model.cells.get(i);
    if (isEmpty(cell) && ASKS.test(cell.sharedModel.getSource())) void fill(model, cell, kernel);
  }
}

function isEmpty(cell: CellModel): boolean {
  return cell.type === 'code' && cell.outputs?.length === 0;
}

async function fill(model: NotebookModel, cell: CellModel, kernel: Kernel): Promise<void> {
  const link = new RunLink(`cell:${cell.id}`);
  link.connect([controlWay(kernel, link)]);
  try {
    const data = await link.send('find');
    const ours = await isOurs(model, link.runId);
    if (ours && isEmpty(cell)) {
      cell.trusted = true; // as one that has run: what it gets is this kernel's own
      cell.outputs?.add({ output_type: 'display_data', metadata: {}, data });
    }
  } catch {
    // Neither this kernel nor another one knows a run of this cell: it stays empty, as it was.
  }
}
