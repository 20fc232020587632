// Settings of JupyterLab, and how those of runs reach a kernel, with the page's language: on the
// shell channel, just before the cell that is to run, so that they are in force for it however many
// cells are sent at once.

import { NotebookActions } from '@jupyterlab/notebook';
import schema from '../../schema/plugin.json';
import { kernelMessage } from '../shell/control';
import { newId } from '../shell/link';
import { speaksToKimi } from './cells';
import { translate } from './labels';
import type { Cell, Panel, SettingRegistry, Settings, Tracker } from './host';

export const PLUGIN = 'nbagent:plugin';
const OF_RUNS = ['model', 'endpoint', 'ask', 'max_steps', 'max_usd'] as const;

type Values = Readonly<Record<string, unknown>>;

/** What somebody has changed, a person or an administrator; what is as we made it is not told. */
export function changed(composite: Values): Values {
  const own: Readonly<Record<string, { readonly default: unknown }>> = schema.properties;
  const names = OF_RUNS.filter(
    name => (composite[name] ?? own[name]?.default) !== own[name]?.default
  );
  return Object.fromEntries(names.map(name => [name, composite[name]]));
}

export class Defaults {
  private settings: Settings | null = null;
  private readonly callbacks: (() => void)[] = [];

  constructor(registry: SettingRegistry | null, tracker: Tracker) {
    void registry?.load(PLUGIN).then(settings => {
      this.settings = settings;
      translate(settings.schema);
      settings.changed.connect(() => this.callbacks.forEach(callback => callback()));
    });
    NotebookActions.executionScheduled.connect((_sender, { notebook, cell }) => {
      const panel = tracker.find(each => each.content === notebook);
      if (panel && speaksToKimi(cell as Cell)) this.tell(panel);
    });
  }

  /** The defaults of runs that differ from ours. */
  get values(): Values {
    return changed(this.settings?.composite ?? {});
  }

  /** Whether a switch is on. */
  isOn(name: 'notify' | 'system_notify'): boolean {
    return (this.settings?.composite[name] ?? schema.properties[name].default) === true;
  }

  /** Be told of each change of the settings. */
  onChange(callback: () => void): void {
    this.callbacks.push(callback);
  }

  private tell(panel: Panel): void {
    const kernel = panel.sessionContext.session?.kernel;
    const content = {
      run_id: 'settings',
      request_id: newId(),
      action: 'defaults',
      values: this.values,
      language: document.documentElement.lang
    };
    const type = 'nbagent_request';
    if (kernel) kernel.sendShellMessage(kernelMessage(kernel, 'shell', type, content), false, true);
  }
}
