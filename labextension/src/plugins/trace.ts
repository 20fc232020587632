// Gives each notebook our renderer. Nothing else changes; without a notebook tracker it does
// nothing.

import { INotebookTracker } from '@jupyterlab/notebook';
import { type CellChanges, type Cells, ICells } from '../cells/token';
import { TRACE_MIME, TraceRenderer } from '../renderer';
import type { NotebookPanel, NotebookTracker } from '../shell/notebook';
import { reclaim } from '../shell/reclaim';

/** Before the widget manager's −10: a running trace is a widget too, which a reload would lose. */
const RANK = -100;

function install(panel: NotebookPanel, cells: Cells | null): void {
  const changes = async (): Promise<CellChanges | null> => (await cells?.of(panel)) ?? null;
  const createRenderer = (): TraceRenderer => new TraceRenderer(panel, changes);
  const factory = { safe: true, mimeTypes: [TRACE_MIME], createRenderer };
  panel.content.rendermime.addFactory(factory, RANK);
  reclaim(panel).catch(() => undefined); // the notebook did not open: nothing to give back
}

function activate(_app: unknown, tracker: NotebookTracker | null, cells: Cells | null): void {
  tracker?.forEach(panel => install(panel, cells));
  tracker?.widgetAdded.connect((_sender, panel) => {
    install(panel, cells);
  });
}

export default {
  id: 'nbagent:trace',
  description: 'Draws the traces of nbagent runs, live and saved.',
  autoStart: true,
  optional: [INotebookTracker, ICells],
  activate
};
