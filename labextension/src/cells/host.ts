// What the cells' plugin uses of JupyterLab's notebook, by the names that it documents.

import type { Widget } from '@lumino/widgets';
import type { Kernel, NotebookPanel, Signal } from '../shell/notebook';
import type { SharedNotebook } from './shared';

export interface CellWidget extends Widget {
  readonly model: { readonly id: string; trusted: boolean };
  /** When its parts are in the page; in a long notebook that is when it is scrolled to. */
  readonly ready: Promise<void>;
}

export interface CellsPanel extends Omit<NotebookPanel, 'content' | 'context'> {
  readonly id: string;
  readonly disposed: Signal<unknown, unknown>;
  readonly contentHeader: { addWidget(widget: Widget): void };
  readonly context: { readonly ready: Promise<void>; readonly path: string };
  readonly content: {
    readonly model: {
      readonly collaborative: boolean;
      readonly sharedModel: SharedNotebook;
    } | null;
    readonly node: HTMLElement;
    readonly modelContentChanged: Signal<unknown, unknown>;
    readonly widgets: readonly CellWidget[];
    activeCellIndex: number;
    deselectAll(): void;
    scrollToItem(index: number, align?: string): Promise<void>;
  };
}

export interface CellsTracker {
  readonly currentWidget: { readonly id: string } | null;
  readonly currentChanged: Signal<unknown, unknown>;
}

export interface App {
  readonly commands: {
    hasCommand(id: string): boolean;
    execute(id: string, args?: object): Promise<unknown>;
  };
}

/** A comm that the kernel opened. */
export interface Comm {
  send(data: object): unknown;
}

export interface CommKernel extends Kernel {
  registerCommTarget(
    name: string,
    opened: (comm: Comm, message: { content: { data: unknown } }) => void
  ): void;
  removeCommTarget(name: string, opened: unknown): void;
}
