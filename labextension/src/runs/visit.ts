// The way to a run's notebook: to its cell, and to a new cell below it.

import { insertCode } from '../shell/new_cells';
import type { App, Panel, Tracker } from './host';
import type { RunRow } from './store';
import { nameOf } from './words';
import { t } from '../words';

const LOAD = '%load_ext nbagent';
const AFTER_MS = 300;

/** A notebook's panel, with what is used of it here. */
interface Place {
  readonly panel: VisitedPanel;
  /** The index of the run's cell, −1 if it is gone. */
  readonly at: number;
}

interface VisitedPanel extends Panel {
  readonly content: Panel['content'] & {
    activeCellIndex: number;
    mode: 'command' | 'edit';
    readonly node: HTMLElement;
    scrollToItem?(index: number, align?: string): Promise<void>;
    deselectAll?(): void;
  };
  readonly sessionContext: Panel['sessionContext'] & { startKernel?(): Promise<boolean> };
  readonly revealed?: Promise<void>;
}

/** Open the run's notebook and go to the cell.
 *
 * @throws Error there is no such notebook or cell here, in words
 */
export async function visit(app: App, tracker: Tracker | null, row: RunRow): Promise<void> {
  const { panel, at } = await placeOf(app, tracker, row);
  if (at < 0) throw new Error(t('The cell of this run is no longer in {name}.', nameIn(row)));
  await goTo(panel, at);
}

/** Let a run go on in a new cell below its own, in a kernel that is begun if there is none.
 *
 * @param knows whether a kernel knows nbagent
 */
export async function resumeIn(
  app: App,
  tracker: Tracker | null,
  row: RunRow,
  knows: (kernelId: string) => Promise<boolean>
): Promise<void> {
  const { panel, at } = await placeOf(app, tracker, row);
  const { content, sessionContext } = panel;
  await sessionContext.ready;
  if (!sessionContext.session?.kernel) await sessionContext.startKernel?.();
  const kernel = sessionContext.session?.kernel;
  if (!kernel) throw new Error(t('There is no kernel in {name}.', nameIn(row)));
  const isLoaded = await knows(kernel.id);
  const line = `%kimi resume ${row.run_id}`;
  const source = isLoaded ? line : `${LOAD}\n${line}`;
  const index = at < 0 ? content.widgets.length : at + 1;
  if (content.model) insertCode(content.model, index, [{ source }]);
  await goTo(panel, index);
  await app.commands.execute('notebook:run-cell');
}

async function placeOf(app: App, tracker: Tracker | null, row: RunRow): Promise<Place> {
  if (!row.notebook || row.outside) {
    throw new Error(t('The notebook of this run is not on this server.'));
  }
  const find = (): VisitedPanel | undefined =>
    tracker?.find(({ context }) => context.path === row.notebook) as VisitedPanel | undefined;
  let panel = find();
  if (!panel) {
    await app.commands.execute('docmanager:open', { path: row.notebook });
    panel = find();
  }
  if (!panel) throw new Error(t('{name} was opened elsewhere.', nameIn(row)));
  app.shell.activateById(panel.id);
  await Promise.all([panel.context.ready, panel.revealed]);
  return { panel, at: cellIndex(panel, row.cell_id) };
}

function cellIndex(panel: VisitedPanel, cellId: string): number {
  const cells = panel.content.model?.cells;
  for (let i = 0; i < (cells?.length ?? 0); i += 1) {
    if (cells?.get(i).id === cellId) return i;
  }
  return -1;
}

async function goTo({ content }: VisitedPanel, index: number): Promise<void> {
  content.deselectAll?.();
  content.activeCellIndex = index;
  content.mode = 'command';
  await content.scrollToItem?.(index, 'center').catch(() => undefined); // it has gone meanwhile
  content.node.focus({ preventScroll: true });
  await new Promise(resolve => setTimeout(resolve, AFTER_MS)); // the notebook settles its focus
  const cell = content.widgets[index]?.node;
  cell?.scrollIntoView({ block: 'nearest' });
}

function nameIn(row: RunRow): { name: string } {
  return { name: nameOf(row.notebook) };
}
