// The runs, loaded once the page is there: the store, the panel, the status-bar item.

import { Dialog, showDialog } from '@jupyterlab/apputils';
import { Acts } from './acts';
import { insertCode } from '../shell/new_cells';
import type { NewCells } from '../view';
import type { StoreDoor } from './door';
import type { App, Parts } from './host';
import { LiveStore } from './live_store';
import { PANEL_ID, RunsPanel } from './panel';
import { StatusItem } from './status';
import type { RunRow } from './store';
import { RunTab, tabId } from './tab';
import { t } from '../words';

const RANK = 450;

/** Begin to list runs. */
export function begin(app: App, parts: Parts, door: StoreDoor): void {
  const { tracker, statusBar, restorer, settings } = parts;
  const store = new LiveStore(app, tracker);
  const panel = new RunsPanel(store, howToKey);
  const showPanel = (): void => app.shell.activateById(PANEL_ID);
  const acts = new Acts(app, tracker, store, text => panel.say(text));
  panel.lead(acts);
  store.ways = {
    open: row => void openTab(app, parts, store, row),
    decide: row => void openTab(app, parts, store, row).decide(),
    jump: row => acts.jump(row)
  };
  app.shell.add(panel, 'left', { rank: RANK });
  restorer?.add(panel, PANEL_ID);
  void settings?.load('nbagent:plugin').then(read => {
    const tell = (): void => panel.setBudget(Number(read.composite['day_usd'] ?? 0));
    read.changed.connect(tell);
    tell();
  });
  if (statusBar) {
    const item = new StatusItem(store, row => isSeen(app, row), showPanel);
    const isActive = (): boolean => item.isActive;
    statusBar.registerStatusItem('nbagent:runs', { item, align: 'left', rank: 100, isActive });
    app.shell.currentChanged?.connect(() => item.look());
    document.addEventListener('visibilitychange', () => item.look());
  }
  door.lead(store);
}

/** Whether the person looks at a run: at its notebook, or at its trace. */
function isSeen({ shell }: App, row: RunRow): boolean {
  const { currentWidget } = shell;
  if (document.visibilityState !== 'visible' || !currentWidget) return false;
  if (currentWidget.id === tabId(row.run_id)) return true;
  const { context } = currentWidget as { context?: { path?: string } };
  return context?.path !== undefined && context.path === row.notebook;
}

/** Show a run's trace in the main area; one that is open comes to the front. */
function openTab(app: App, parts: Parts, store: LiveStore, row: RunRow): RunTab {
  const id = tabId(row.run_id);
  const open = [...app.shell.widgets('main'), ...app.shell.widgets('down')];
  const old = open.find(widget => widget.id === id) as RunTab | undefined;
  const tab = old ?? newTab(app, parts, store, row);
  app.shell.activateById(id);
  return tab;
}

function newTab(app: App, { tracker }: Parts, store: LiveStore, row: RunRow): RunTab {
  const kernel = store.kernels.reach(row.run_id)?.kernel;
  const newCells: NewCells = cells => {
    const panel = tracker?.find(({ context }) => context.path === row.notebook);
    const { model } = panel?.content ?? {};
    if (model) insertCode(model, model.cells.length, cells);
  };
  const hasNotebook = tracker?.find(({ context }) => context.path === row.notebook);
  const tab = new RunTab(row, store.server, kernel, hasNotebook && newCells);
  if (kernel) tab.disposed.connect(store.kernels.hold(kernel.id));
  app.shell.add(tab, 'main');
  if (!tab.parent) {
    tab.node.style.minHeight = '45vh'; // Notebook 7 has its notebook there, and no more
    app.shell.add(tab, 'down');
  }
  return tab;
}

async function howToKey(): Promise<void> {
  await showDialog({
    title: t('How to use a real key'),
    body: t(
      'Run %kimi login in a cell and type the key into its hidden field; with --save it is kept for later sessions. A key never belongs in a cell. %kimi doctor tells whether it is found.'
    ),
    buttons: [Dialog.okButton({ label: t('Close') })]
  });
}
