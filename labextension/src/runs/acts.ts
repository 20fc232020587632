// What a person does with a run from the list, and the commands for it.

import { Dialog, showDialog } from '@jupyterlab/apputils';
import { Menu } from '@lumino/widgets';
import type { App, Args, Tracker } from './host';
import { download, type Format } from './files';
import type { LiveStore } from './live_store';
import { isLive, type RunRow } from './store';
import { resumeIn, visit } from './visit';
import { nameOf } from './words';
import { counted, t } from '../words';

const FORMATS: readonly Format[] = ['notebook', 'html', 'jsonl'];

export class Acts {
  private menu: Menu | null = null;

  constructor(
    private readonly app: App,
    private readonly tracker: Tracker | null,
    private readonly store: LiveStore,
    private readonly say: (text: string) => void
  ) {
    this.addCommands();
  }

  /** Do something, and say in words if it cannot be done. */
  attempt(act: () => Promise<unknown>): void {
    this.say('');
    act().catch((error: unknown) =>
      this.say(error instanceof Error ? error.message : String(error))
    );
  }

  stop(row: RunRow): void {
    this.attempt(() => this.store.command(row.run_id, 'stop'));
  }

  jump(row: RunRow): Promise<void> {
    return visit(this.app, this.tracker, row);
  }

  resume(row: RunRow): void {
    const { kernels } = this.store;
    this.attempt(() => resumeIn(this.app, this.tracker, row, id => kernels.knows(id)));
  }

  export(row: RunRow, format: Format): void {
    this.attempt(() => download(this.store, row, format));
  }

  /** Ask, and name what is lost. */
  remove(row: RunRow): void {
    this.attempt(async () => {
      if (isLive(row)) throw new Error(t('A run that goes on cannot be deleted. Stop it first.'));
      if (row.source === 'kernel') {
        throw new Error(t("This run is stored on the kernel's machine; delete it there."));
      }
      if (await isSure(row)) await this.store.remove(row.run_id);
    });
  }

  /** The menu of a run, beside a point of the page.
   *
   * @param onClose called when it closes, before what was chosen is done
   */
  openMenu(row: RunRow | undefined, x: number, y: number, onClose: () => void): void {
    this.menu?.dispose();
    const menu = new Menu({ commands: this.app.commands as never });
    const args = { run_id: row?.run_id ?? '' };
    const add = (name: string): void => {
      menu.addItem({ command: `nbagent:runs-${name}`, args });
    };
    ['open', 'jump', 'stop', 'resume'].forEach(add);
    menu.addItem({ type: 'separator' });
    FORMATS.forEach(format => add(`export-${format}`));
    menu.addItem({ type: 'separator' });
    add('delete');
    menu.addItem({ type: 'separator' });
    add('refresh');
    menu.aboutToClose.connect(onClose);
    menu.open(x, y);
    this.menu = menu;
  }

  private addCommands(): void {
    this.add('open', t('Open trace'), row => this.store.open(row.run_id));
    this.add('jump', t('Go to cell'), row => this.attempt(() => this.jump(row)), canVisit);
    this.add('stop', t('Stop'), row => this.stop(row), isLive);
    this.add('resume', t('Resume'), row => this.resume(row), canResume);
    const labels: Readonly<Record<Format, string>> = {
      notebook: t('Export as notebook'),
      html: t('Export as HTML'),
      jsonl: t('Export as JSONL')
    };
    for (const format of FORMATS) {
      this.add(`export-${format}`, labels[format], row => this.export(row, format));
    }
    this.add(
      'delete',
      t('Delete…'),
      row => this.remove(row),
      row => !isLive(row)
    );
    this.app.commands.addCommand('nbagent:runs-refresh', {
      label: t('Refresh'),
      execute: () => this.attempt(() => this.store.refresh())
    });
  }

  /** A command about the run whose name is in its arguments. */
  private add(
    name: string,
    label: string,
    act: (row: RunRow) => void,
    can: (row: RunRow) => boolean = () => true
  ): void {
    const rowOf = (args: Args): RunRow | undefined => this.store.row(String(args['run_id']));
    this.app.commands.addCommand(`nbagent:runs-${name}`, {
      label,
      isEnabled: args => {
        const row = rowOf(args);
        return row !== undefined && can(row);
      },
      execute: args => {
        const row = rowOf(args);
        if (row && can(row)) act(row);
      }
    });
  }
}

function canVisit(row: RunRow): boolean {
  return row.notebook !== '' && row.outside !== true;
}

function canResume(row: RunRow): boolean {
  return !isLive(row) && row.state !== 'answer' && canVisit(row);
}

async function isSure(row: RunRow): Promise<boolean> {
  const lost = t(
    '“{title}” with its {steps}, from {notebook}, leaves the record on disk: its trace, its code, and what it would need to be resumed. What is saved in the notebook stays. This cannot be undone.',
    { title: row.title, steps: counted(row.n_steps, 'step'), notebook: nameOf(row.notebook) }
  );
  const answer = await showDialog({
    title: t('Delete this run?'),
    body: lost,
    buttons: [
      Dialog.cancelButton({ label: t('Cancel') }),
      Dialog.warnButton({ label: t('Delete') })
    ],
    defaultButton: 0
  });
  return answer.button.accept;
}
