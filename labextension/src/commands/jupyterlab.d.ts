// What the commands import of JupyterLab's own; the page shares it at run time.

declare module '@jupyterlab/apputils' {
  import type { Token } from '@lumino/coreutils';

  export const ICommandPalette: Token<unknown>;
  export const IToolbarWidgetRegistry: Token<unknown>;

  export namespace Notification {
    interface Action {
      readonly label: string;
      readonly callback: (event: MouseEvent) => void;
    }
    interface Options {
      readonly autoClose?: number | false;
      readonly actions?: readonly Action[];
    }
    function emit(
      message: string,
      type: 'info' | 'success' | 'warning' | 'error',
      options?: Options
    ): string;
    function dismiss(id: string): void;
  }
}

declare module '@jupyterlab/settingregistry' {
  import type { Token } from '@lumino/coreutils';

  export const ISettingRegistry: Token<unknown>;
}

declare module '@jupyterlab/ui-components' {
  import type { Widget } from '@lumino/widgets';

  export interface Icon {
    readonly name: string;
  }
  export const LabIcon: new (options: { readonly name: string; readonly svgstr: string }) => Icon;
  export interface ToolbarButtonProps {
    readonly label?: string;
    readonly icon?: Icon;
    readonly tooltip?: string;
    readonly onClick?: () => void;
    readonly className?: string;
  }
  export const ToolbarButton: new (props: ToolbarButtonProps) => Widget;
}

declare module '@jupyterlab/notebook' {
  export namespace NotebookActions {
    const executionScheduled: {
      connect(
        slot: (
          sender: unknown,
          args: { readonly notebook: unknown; readonly cell: unknown }
        ) => void
      ): boolean;
    };
  }
}
