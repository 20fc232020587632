// Lets agents write cells in each notebook, and lets the person answer.

import { INotebookTracker } from '@jupyterlab/notebook';
import { type CellChanges, type Cells, ICells } from '../cells/token';
import type { App, CellsPanel, CellsTracker } from '../cells/host';
import type { NotebookTracker } from '../shell/notebook';

function activate(app: App, tracker: (NotebookTracker & CellsTracker) | null): Cells {
  const boards = new WeakMap<object, Promise<CellChanges | null>>();
  const install = async (panel: CellsPanel): Promise<CellChanges | null> => {
    const { begin } = await import(/* webpackChunkName: "cells" */ '../cells');
    return begin(panel, tracker as CellsTracker, app);
  };
  const look = (panel: unknown): void => {
    boards.set(panel as object, install(panel as CellsPanel));
  };
  tracker?.forEach(look);
  tracker?.widgetAdded.connect((_sender, panel) => {
    look(panel);
  });
  return { of: async panel => (await boards.get(panel)) ?? null };
}

export default {
  id: 'nbagent:cells',
  description: 'Lets agents write cells, and lets people accept or reject what they wrote.',
  autoStart: true,
  optional: [INotebookTracker],
  provides: ICells,
  activate
};
