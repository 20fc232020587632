// The one thing of JupyterLab's own that the plugin imports; the page shares it at run time.

declare module '@jupyterlab/notebook' {
  import type { Token } from '@lumino/coreutils';
  import type { NotebookTracker } from './notebook';

  export const INotebookTracker: Token<NotebookTracker>;
}
