// The few things of the page's own editor, and of JupyterLab around it, that prompts use.

declare module '@codemirror/state' {
  export type Extension = object;
  export interface Text {
    readonly length: number;
    sliceString(from: number, to?: number): string;
    toString(): string;
  }
  export interface EditorState {
    readonly doc: Text;
  }
  export const EditorState: {
    readonly languageData: {
      of(provider: (state: EditorState, pos: number) => readonly object[]): Extension;
    };
  };
  export const Prec: { highest(extension: Extension): Extension };
}

declare module '@codemirror/view' {
  import type { EditorState, Extension } from '@codemirror/state';

  export interface Range {
    readonly from: number;
  }
  export interface DecorationSet {
    map(changes: object): DecorationSet;
  }
  export const Decoration: {
    readonly none: DecorationSet;
    mark(spec: { class: string }): { range(from: number, to: number): Range };
    set(ranges: readonly Range[], sort: boolean): DecorationSet;
  };
  export interface EditorView {
    readonly state: EditorState;
    readonly composing: boolean;
    plugin<T>(plugin: ViewPlugin<T>): T | null;
  }
  export interface ViewUpdate {
    readonly docChanged: boolean;
    readonly changes: object;
    readonly view: EditorView;
  }
  export type ViewPlugin<T> = Extension & { readonly plugin?: T };
  export const ViewPlugin: {
    define<T extends { update?(update: ViewUpdate): void; destroy?(): void }>(
      create: (view: EditorView) => T,
      spec: {
        decorations: (value: T) => DecorationSet;
        provide: (plugin: ViewPlugin<T>) => Extension;
      }
    ): ViewPlugin<T>;
  };
  export const EditorView: {
    readonly contentAttributes: {
      of(attributes: (view: EditorView) => Record<string, string> | null): Extension;
    };
    baseTheme(styles: Record<string, Record<string, string>>): Extension;
  };
}

declare module '@jupyterlab/codemirror' {
  import type { Token } from '@lumino/coreutils';
  import type { Languages } from './host';

  export const IEditorLanguageRegistry: Token<Languages>;
}

declare module '@jupyterlab/completer' {
  import type { Token } from '@lumino/coreutils';
  import type { CompletionManager } from './host';

  export const ICompletionProviderManager: Token<CompletionManager>;
}
