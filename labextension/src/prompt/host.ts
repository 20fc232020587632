// What prompts use of a notebook, its editors and its completer, by the names that JupyterLab
// documents.

import type { Extension } from '@codemirror/state';
import type { ControlKernel } from '../shell/control';
import type { Signal } from '../shell/notebook';

/** The languages that editors know; one is loaded when it is first asked for. */
export interface Languages {
  getLanguage(mime: string): Promise<unknown>;
}

export interface EditorModel {
  mimeType: string;
  readonly mimeTypeChanged: Signal<unknown, unknown>;
  /** Only cells have one. */
  readonly type?: string;
  readonly sharedModel: { getSource(): string };
}

export interface Editor {
  readonly model: EditorModel;
  injectExtension(extension: Extension): void;
}

export interface CellWidget {
  readonly model: EditorModel;
  readonly editor: Editor | null;
  readonly ready: Promise<void>;
}

export interface NotebookContent {
  readonly widgets: readonly CellWidget[];
  readonly model: { readonly cells: { readonly changed: Signal<unknown, unknown> } } | null;
  readonly modelChanged: Signal<unknown, unknown>;
}

/** What a completer is asked for; the offset counts characters, not UTF-16 units. */
export interface CompletionRequest {
  readonly text: string;
  readonly offset: number;
}

export interface CompletionContext {
  readonly editor?: { readonly model: EditorModel } | null;
  readonly session?: { readonly kernel: ControlKernel | null } | null;
}

export interface CompletionItem {
  readonly label: string;
  readonly insertText: string;
  readonly type: string;
}

export interface CompletionReply {
  readonly start: number;
  readonly end: number;
  readonly items: readonly CompletionItem[];
}

export interface CompletionProvider {
  readonly identifier: string;
  readonly rank: number;
  readonly renderer: null;
  isApplicable(context: CompletionContext): Promise<boolean>;
  fetch(request: CompletionRequest, context: CompletionContext): Promise<CompletionReply>;
}

export interface CompletionManager {
  registerProvider(provider: CompletionProvider): void;
}
