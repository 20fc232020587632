// What the runs use of JupyterLab and Notebook 7, by the names that they document. Tokens that a
// front end lacks come as null.

import type { Widget } from '@lumino/widgets';
import type { Kernel, NotebookPanel, Signal } from '../shell/notebook';
import type { ServerConnection } from '@jupyterlab/services';

export interface CommandOptions {
  readonly label: string | ((args: Args) => string);
  readonly isEnabled?: (args: Args) => boolean;
  readonly isVisible?: (args: Args) => boolean;
  readonly execute: (args: Args) => unknown;
}

export type Args = Readonly<Record<string, unknown>>;

export interface Commands {
  addCommand(id: string, options: CommandOptions): { dispose(): void };
  hasCommand(id: string): boolean;
  execute(id: string, args?: object): Promise<unknown>;
}

export interface Shell {
  add(widget: Widget, area: string, options?: { rank?: number; ref?: string; mode?: string }): void;
  activateById(id: string): void;
  readonly currentWidget: Widget | null;
  widgets(area: string): Iterable<Widget>;
  readonly currentChanged?: Signal<unknown, unknown>;
}

/** A kernel's model, as the server lists it. */
export interface KernelModel {
  readonly id: string;
  readonly name: string;
}

export interface SessionModel {
  readonly path: string;
  readonly kernel: KernelModel | null;
}

export interface Services {
  readonly ready: Promise<void>;
  readonly serverSettings: ServerConnection.ISettings;
  readonly sessions: {
    running(): IterableIterator<SessionModel>;
    readonly runningChanged: Signal<unknown, unknown>;
  };
  readonly kernels: {
    connectTo(options: { model: KernelModel; handleComms: boolean }): OwnKernel;
  };
  readonly kernelspecs: {
    readonly specs: {
      readonly kernelspecs: Readonly<Record<string, { readonly language: string } | undefined>>;
    } | null;
  };
}

export interface WatchedKernel extends Kernel {
  readonly name: string;
  readonly statusChanged: Signal<unknown, string>;
}

/** A kernel connection that we made, and may end. */
export interface OwnKernel extends WatchedKernel {
  dispose(): void;
}

export interface Panel extends NotebookPanel {
  readonly id: string;
  readonly disposed: Signal<unknown, unknown>;
  readonly context: { readonly ready: Promise<void>; readonly path: string };
}

export interface App {
  readonly commands: Commands;
  readonly shell: Shell;
  readonly serviceManager: Services;
  readonly restored: Promise<void>;
}

export interface Tracker {
  readonly currentWidget: Panel | null;
  readonly widgetAdded: Signal<unknown, Panel>;
  find(check: (panel: Panel) => boolean): Panel | undefined;
  forEach(callback: (panel: Panel) => void): void;
}

export interface StatusBar {
  registerStatusItem(
    id: string,
    item: {
      item: Widget;
      align: 'left' | 'middle' | 'right';
      rank?: number;
      isActive?: () => boolean;
    }
  ): { dispose(): void };
}

export interface Restorer {
  add(widget: Widget, name: string): void;
}

export interface Settings {
  readonly composite: Readonly<Record<string, unknown>>;
  readonly changed: Signal<unknown, unknown>;
}

export interface SettingRegistry {
  load(plugin: string): Promise<Settings>;
}

/** What a front end has of what we would use. */
export interface Parts {
  readonly tracker: Tracker | null;
  readonly statusBar: StatusBar | null;
  readonly restorer: Restorer | null;
  readonly settings: SettingRegistry | null;
}
