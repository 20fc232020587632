// The list of runs: provides the store, and adds the panel and the status-bar item where the front
// end has a place for them. All of it is loaded once the page is there.

import { ILayoutRestorer } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { StoreDoor } from '../runs/door';
import type { App, Restorer, SettingRegistry, StatusBar, Tracker } from '../runs/host';
import { IRunsStore, type RunsStore } from '../runs/store';
import { spoken } from '../words';

function activate(
  app: App,
  tracker: Tracker | null,
  statusBar: StatusBar | null,
  restorer: Restorer | null,
  settings: SettingRegistry | null
): RunsStore {
  const door = new StoreDoor();
  void spoken()
    .then(() => import(/* webpackChunkName: "runs" */ '../runs'))
    .then(({ begin }) => {
      begin(app, { tracker, statusBar, restorer, settings }, door);
    });
  return door;
}

export default {
  id: 'nbagent:runs',
  description: 'Lists the runs of nbagent, live and past.',
  autoStart: true,
  optional: [INotebookTracker, IStatusBar, ILayoutRestorer, ISettingRegistry],
  provides: IRunsStore,
  activate
};
