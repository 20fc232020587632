// Cells that an agent writes: what a kernel asks for is done in this page's notebook, shown with
// bars, and answered by the person.
//
// Read next: `apply.ts`, then `marks.ts` and `answers.ts`; `board.ts` draws.

import { newId } from '../shell/link';
import { apply, refusal } from './apply';
import { Board } from './board';
import { guard } from './guard';
import type { App, CellsPanel, CellsTracker } from './host';
import { Line } from './line';
import { Proposals } from './proposals';
import type { Op, Request, Result } from './protocol';
import type { SharedNotebook } from './shared';

export type { Board } from './board';

/** Begin in a notebook; null if it was closed before it was open. */
export async function begin(
  panel: CellsPanel,
  tracker: CellsTracker,
  app: App
): Promise<Board | null> {
  await panel.context.ready;
  const model = panel.isDisposed ? null : panel.content.model;
  if (!model) return null;
  const notebook = model.sharedModel;
  const proposals = new Proposals(panel, app, ({ request }, how) => {
    void line.say('chosen', { run: request.run_id, call: request.tool_call_id, how });
  });
  const line = new Line(panel.sessionContext, {
    collaborative: model.collaborative,
    get path() {
      return panel.context.path; // a notebook can be renamed
    },
    hasFocus: () => tracker.currentWidget?.id === panel.id,
    mentions: () => notebook.cells.some(cell => /%kimi|nbagent/.test(cell.getSource())),
    carryOut: request => carryOut(notebook, request, panel, proposals),
    offer: undecided => proposals.offer(undecided),
    overhear: request => {
      if (!model.collaborative && request.path === panel.context.path) board.tellElsewhere(request);
    }
  });
  const focused = (): void => line.focused();
  tracker.currentChanged.connect(focused);
  const board = new Board(panel, proposals, app);
  const unguard = model.collaborative ? guard(notebook) : () => undefined;
  panel.disposed.connect(() => {
    tracker.currentChanged.disconnect(focused);
    unguard();
    line.dispose();
    board.dispose();
  });
  return board;
}

function carryOut(
  notebook: SharedNotebook,
  request: Request,
  panel: CellsPanel,
  proposals: Proposals
): Result {
  if (request.mode !== 'propose') {
    const result = apply(notebook, request, panel.context.path, newId);
    if (result.ok) trust(panel, request.ops);
    return result;
  }
  const refused = refusal(notebook, request);
  if (refused) return refused;
  proposals.add(request);
  return { ok: true, proposed: true };
}

/** What a cell's code has shown in this kernel may act, as if the person had run the cell: one cell
 * that is not trusted would take the trust from the whole notebook when that is saved. */
function trust(panel: CellsPanel, ops: readonly Op[]): void {
  const shown = new Set(ops.flatMap(op => (op.op === 'outputs' ? op.id : [])));
  for (const { model } of panel.content.widgets) if (shown.has(model.id)) model.trusted = true;
}
