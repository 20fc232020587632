// What the commands use of JupyterLab and Notebook 7, by the names that they document.

import type { Labelled } from './labels';
import type { Widget } from '@lumino/widgets';
import type { App as RunsApp, Settings as RunsSettings } from '../runs/host';
import type { Kernel, NotebookPanel, SessionContext, Signal } from '../shell/notebook';

export interface Output {
  readonly type: string;
  toJSON(): { readonly ename?: string };
}

export interface Cell {
  readonly node: HTMLElement;
  readonly isDisposed: boolean;
  readonly model: {
    readonly id: string;
    readonly type: string;
    readonly sharedModel: { getSource(): string; setSource(source: string): void };
    /** Only code cells have any. */
    readonly outputs?: {
      readonly length: number;
      get(index: number): Output;
      readonly changed: Signal<unknown, unknown>;
    };
  };
  readonly editor?: {
    focus(): void;
    setCursorPosition(position: { line: number; column: number }): void;
  } | null;
}

export interface NewCell {
  readonly cell_type: 'code';
  readonly source: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A notebook as it is drawn. */
export interface Cells {
  readonly widgets: readonly Cell[];
  readonly activeCell: Cell | null;
  activeCellIndex: number;
  mode: 'command' | 'edit';
  scrollToItem?(index: number): Promise<void>;
  readonly model: {
    readonly sharedModel: {
      insertCell(index: number, cell: NewCell): unknown;
      deleteCell(index: number): void;
      transact(change: () => void): void;
    };
  } | null;
}

export type Panel = Omit<NotebookPanel, 'content' | 'context'> &
  Widget & {
    readonly content: Cells;
    readonly context: { readonly path: string; readonly ready: Promise<void> };
    readonly sessionContext: SessionContext;
  };

export interface Tracker {
  readonly currentWidget: Panel | null;
  readonly currentChanged: Signal<unknown, unknown>;
  find(check: (panel: Panel) => boolean): Panel | undefined;
}

export interface App {
  readonly commands: RunsApp['commands'] & {
    addCommand(id: string, options: CommandOptions): { dispose(): void };
    notifyCommandChanged(id?: string): void;
  };
  readonly shell: {
    activateById(id: string): void;
    widgets(area: string): Iterable<Widget>;
    collapseLeft?(): void;
    collapseRight?(): void;
    readonly currentChanged?: Signal<unknown, unknown>;
  };
  readonly serviceManager: { readonly serverSettings: { readonly baseUrl: string } };
}

export type Args = Readonly<Record<string, unknown>>;

export interface CommandOptions {
  readonly label: string;
  readonly caption: string;
  readonly isEnabled: (args: Args) => boolean;
  readonly isVisible?: (args: Args) => boolean;
  readonly execute: (args: Args) => unknown;
}

export interface Palette {
  addItem(item: { command: string; category: string }): unknown;
}

export interface Settings extends RunsSettings {
  /** The plugin's, as the page has loaded it. */
  readonly schema: Labelled;
}

export interface SettingRegistry {
  load(plugin: string): Promise<Settings>;
}

export interface Toolbars {
  addFactory(factory: string, name: string, make: (widget: never) => Widget): unknown;
}

export type { Kernel, Signal };
