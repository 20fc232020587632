// Commands, settings and toolbar buttons; and what is told of a run that nobody looks at.

import { ICommandPalette, IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { addStyles, fixButton, stopButton } from '../commands/buttons';
import type {
  App,
  Cell,
  Palette,
  Panel,
  SettingRegistry,
  Toolbars,
  Tracker
} from '../commands/host';
import { IRunsStore, type RunsStore } from '../runs/store';
import { spoken } from '../words';

function activate(
  app: App,
  tracker: unknown,
  store: RunsStore | null,
  palette: Palette | null,
  settings: SettingRegistry | null,
  toolbars: Toolbars | null
): void {
  if (!tracker || !store) return; // a page without notebooks
  addStyles(document);
  toolbars?.addFactory('Cell', 'nbagent-fix', (cell: Cell) => fixButton(app, cell));
  toolbars?.addFactory('Notebook', 'nbagent-stop', (panel: Panel) => stopButton(app, panel, store));
  void spoken()
    .then(() => import(/* webpackChunkName: "commands" */ '../commands'))
    .then(({ begin }) => {
      begin(app, { tracker: tracker as Tracker, store, palette, settings });
    });
}

export default {
  id: 'nbagent:plugin',
  description: 'Commands, settings and notifications of nbagent.',
  autoStart: true,
  optional: [
    INotebookTracker,
    IRunsStore,
    ICommandPalette,
    ISettingRegistry,
    IToolbarWidgetRegistry
  ],
  activate
};
