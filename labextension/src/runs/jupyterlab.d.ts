// What the runs import of JupyterLab's own; the page shares it at run time.

declare module '@jupyterlab/statusbar' {
  import type { Token } from '@lumino/coreutils';
  import type { StatusBar } from './host';

  export const IStatusBar: Token<StatusBar>;
}

declare module '@jupyterlab/application' {
  import type { Token } from '@lumino/coreutils';
  import type { Restorer } from './host';

  export const ILayoutRestorer: Token<Restorer>;
}

declare module '@jupyterlab/apputils' {
  interface DialogButton {
    readonly accept: boolean;
  }
  export const Dialog: {
    okButton(options: { label: string }): DialogButton;
    cancelButton(options: { label: string }): DialogButton;
    warnButton(options: { label: string }): DialogButton;
  };
  export function showDialog(options: {
    title: string;
    body: string;
    buttons: readonly DialogButton[];
    defaultButton?: number;
  }): Promise<{ readonly button: DialogButton }>;
}
