// Asking the agent from a cell: about it, or with it.

import { Notification } from '@jupyterlab/apputils';
import { controlWay, isControlKernel, kernelMessage } from '../shell/control';
import { RunLink } from '../shell/link';
import type { Kernel } from '../shell/notebook';
import { t } from '../words';
import { canFix, errorOf, insertBelow, isAsking, isCode, runActive, sourceOf } from './cells';
import type { Defaults } from './defaults';
import type { App, Cell, Panel } from './host';

/** Names of errors are Python's; anything else would be words of somebody's in our prompt. */
const ENAME = /^[A-Za-z_][\w.]{0,60}$/;

/** What is asked for about a cell that failed. */
export function fixPrompt(cellId: string, ename: string): string {
  const cell = `@cell:${cellId}`;
  const why = ENAME.test(ename)
    ? t('Fix {cell}, which ends with {error}.', { cell, error: ename })
    : t('Fix {cell}, which ends with an error.', { cell });
  const how = t(
    'Say in one sentence what is wrong, then propose the smallest change to that cell that lets it do what it is meant to do.'
  );
  return `%%kimi --plan\n${why}\n${how}`;
}

/** What is asked for about a cell that is to be understood. */
export function explainPrompt(cellId: string, ename: string | null): string {
  const cell = `@cell:${cellId}`;
  const what =
    ename !== null && ENAME.test(ename)
      ? t('Explain what {cell} does, and why it ends with {error}.', { cell, error: ename })
      : t('Explain what {cell} does and what its output says.', { cell });
  return `%%kimi --plan\n${what}\n${t('Change nothing.')}`;
}

/** A cell as a %%kimi cell: what stands in it becomes the prompt. */
export function asPrompt(source: string): string {
  return `%%kimi\n${source.trimStart()}`;
}

export class Asking {
  constructor(
    private readonly app: App,
    private readonly defaults: Defaults
  ) {}

  /** Let the agent propose a fix of a cell that failed, in a cell below it. */
  async fix(panel: Panel, cell: Cell): Promise<void> {
    if (canFix(cell)) await this.below(panel, cell, fixPrompt(cell.model.id, errorOf(cell) ?? ''));
  }

  /** Let the agent explain a cell, in a cell below it. */
  async explain(panel: Panel, cell: Cell): Promise<void> {
    if (isCode(cell)) await this.below(panel, cell, explainPrompt(cell.model.id, errorOf(cell)));
  }

  /** Run a %%kimi cell; make any other cell one, ready to be read before it is run. */
  async run(panel: Panel): Promise<void> {
    const cell = panel.content.activeCell;
    if (!cell) return;
    if (isCode(cell) && isAsking(cell) && prompted(cell)) {
      if (await this.isReady(panel)) await runActive(this.app);
      return;
    }
    if (!isCode(cell)) await this.app.commands.execute('notebook:change-cell-to-code');
    const { activeCell: now } = panel.content; // another one, if its kind has changed
    if (!isCode(now)) return;
    if (!isAsking(now)) now.model.sharedModel.setSource(asPrompt(sourceOf(now)));
    panel.content.mode = 'edit';
    const lines = sourceOf(now).split('\n');
    now.editor?.setCursorPosition({ line: lines.length - 1, column: lines.at(-1)?.length ?? 0 });
    now.editor?.focus();
  }

  /** Run a line of %kimi in a cell below another one. */
  async command(panel: Panel, line: string): Promise<void> {
    if (!(await this.isReady(panel))) return;
    insertBelow(panel, panel.content.activeCellIndex, line);
    await runActive(this.app);
  }

  private async below(panel: Panel, cell: Cell, source: string): Promise<void> {
    if (!(await this.isReady(panel))) return;
    const index = panel.content.widgets.indexOf(cell);
    if (index < 0) return; // it was deleted meanwhile
    insertBelow(panel, index, source);
    await runActive(this.app);
  }

  /** Whether the notebook's kernel has nbagent; it is loaded if it is only installed. */
  private async isReady(panel: Panel): Promise<boolean> {
    const kernel = panel.sessionContext.session?.kernel ?? null;
    if (!kernel || !isControlKernel(kernel)) {
      Notification.emit(t('There is no kernel to ask. Nothing was sent.'), 'warning');
      return false;
    }
    if ((await this.knowsUs(kernel)) || (await load(kernel))) return true;
    Notification.emit(
      t(
        'This notebook’s kernel has no nbagent. Install nbagent-kimi in its environment. Nothing was sent.'
      ),
      'warning'
    );
    return false;
  }

  private async knowsUs(kernel: Kernel): Promise<boolean> {
    const link = new RunLink('settings');
    link.connect([controlWay(kernel, link)]);
    return link.send('defaults', { values: this.defaults.values }).then(
      () => true,
      () => false
    );
  }
}

function prompted(cell: Cell): boolean {
  return (
    sourceOf(cell)
      .replace(/^\s*%%kimi\b/m, '')
      .trim() !== ''
  );
}

/** Load nbagent into a kernel, as `%load_ext nbagent` in a cell does, but without the cell. */
function load(kernel: Kernel): Promise<boolean> {
  const content = {
    code: '%load_ext nbagent',
    silent: true,
    store_history: false,
    user_expressions: {},
    allow_stdin: false,
    stop_on_error: false
  };
  const message = kernelMessage(kernel, 'shell', 'execute_request', content);
  return new Promise(resolve => {
    const future = kernel.sendShellMessage(message, true, true);
    future.onReply = reply => {
      resolve((reply.content as { status?: unknown }).status === 'ok');
    };
    future.done.catch(() => resolve(false)); // the kernel is gone
  });
}
