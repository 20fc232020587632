// The few things of JupyterLab's interface that the plugin uses, by the names that it documents.
// Its own packages would bring several hundred megabytes for these types.

import type { Widget } from '@lumino/widgets';
import type { CellJson, Undoable } from '../cells/shared';
import type { ControlKernel } from './control';

export interface Signal<Sender, Args> {
  connect(slot: (sender: Sender, args: Args) => void): boolean;
  disconnect(slot: (sender: Sender, args: Args) => void): boolean;
}

export interface IOPubMessage {
  readonly header: { readonly msg_type: string };
  readonly content: unknown;
}

/** The answer to a message on the shell channel; `done` fails if the kernel goes away. */
export interface ShellFuture {
  onReply: (message: { content: unknown }) => void;
  readonly done: Promise<unknown>;
}

export interface Kernel extends ControlKernel {
  readonly id: string;
  readonly connectionStatus: string;
  readonly iopubMessage: Signal<unknown, IOPubMessage>;
  readonly connectionStatusChanged: Signal<unknown, string>;
  sendShellMessage(message: object, expectReply: boolean, disposeOnDone: boolean): ShellFuture;
  interrupt(): Promise<void>;
}

export interface SessionContext {
  readonly session: { readonly kernel: Kernel | null } | null;
  readonly ready: Promise<void>;
  readonly kernelChanged: Signal<unknown, unknown>;
  readonly statusChanged: Signal<unknown, string>;
}

export interface MimeModel {
  readonly data: Readonly<Record<string, unknown>>;
  /** Whether this user, or a notebook that they trust, has made it. */
  readonly trusted: boolean;
  setData(options: { data: Record<string, unknown> }): void;
}

export type Renderer = Widget & { renderModel(model: MimeModel): Promise<void> };

export interface RendererFactory {
  readonly safe: boolean;
  readonly mimeTypes: readonly string[];
  createRenderer(): Renderer;
}

export interface CellModel {
  /** Whether what its outputs hold may act. */
  trusted: boolean;
  readonly id: string;
  readonly type: string;
  readonly sharedModel: { getSource(): string };
  /** Only code cells have any. */
  readonly outputs?: { readonly length: number; add(output: object): number };
}

export interface NotebookModel {
  readonly cells: { readonly length: number; get(index: number): CellModel };
  /** Whether other pages may have the same model. */
  readonly collaborative: boolean;
  /** Its state is shared like its cells, and never saved. */
  readonly sharedModel: Undoable & {
    setState(key: string, value: string): void;
    getState(key: string): unknown;
    insertCells(index: number, cells: readonly CellJson[]): unknown;
  };
}

export interface NotebookPanel {
  readonly isDisposed: boolean;
  readonly context: { readonly ready: Promise<void> };
  readonly sessionContext: SessionContext;
  readonly content: {
    readonly model: NotebookModel | null;
    readonly widgets: readonly { readonly node: HTMLElement }[];
    readonly rendermime: {
      addFactory(factory: RendererFactory, rank: number): void;
      createRenderer(mimeType: string): Renderer;
    };
  };
}

export interface NotebookTracker {
  readonly widgetAdded: Signal<unknown, NotebookPanel>;
  forEach(callback: (panel: NotebookPanel) => void): void;
}
