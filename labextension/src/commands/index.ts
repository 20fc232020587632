// What a person can do with runs from anywhere in the page: by palette, menu, key and toolbar.

import { Notification } from '@jupyterlab/apputils';
import type { Widget } from '@lumino/widgets';
import { needsYou, type RunRow, type RunsStore } from '../runs/store';
import { t } from '../words';
import { Asking } from './asking';
import { Away } from './away';
import { canFix, go, goToError, isCode, sourceOf } from './cells';
import { Composing } from './composing';
import { Defaults } from './defaults';
import { liveIn, panelOf, resumableIn } from './here';
import type { App, Args, Cell, Panel, Palette, SettingRegistry, Tracker } from './host';
import { commandWords, type Id, idOf } from './table';

const RUNS_PANEL = 'nbagent-runs';
/** How long a trace that was just scrolled to may take to be drawn. */
const DRAWN_MS = 5_000;
const LOOK_MS = 50;

export interface Parts {
  readonly tracker: Tracker;
  readonly store: RunsStore;
  readonly palette: Palette | null;
  readonly settings: SettingRegistry | null;
}

interface Command {
  readonly can: (args: Args) => boolean;
  readonly act: (args: Args) => unknown;
}

/** Add the commands, and begin to watch runs that nobody looks at. */
export function begin(app: App, parts: Parts): void {
  const defaults = new Defaults(parts.settings, parts.tracker);
  const here = new Commands(app, parts, new Asking(app, defaults));
  const composing = new Composing(document);
  const words = commandWords();
  for (const [id, { can, act }] of Object.entries(here.table) as [Id, Command][]) {
    app.commands.addCommand(idOf(id), {
      ...words[id],
      isEnabled: args => !composing.active && can(args),
      isVisible: args => id !== 'fix' || can(args),
      execute: act
    });
    parts.palette?.addItem({ command: idOf(id), category: t('Kimi') });
  }
  new Away(app, parts, defaults, row => here.decide(row)).begin();
}

class Commands {
  constructor(
    private readonly app: App,
    private readonly parts: Parts,
    private readonly asking: Asking
  ) {}

  readonly table: Readonly<Record<Id, Command>> = {
    run: {
      can: () => this.cell !== null,
      act: () => (this.panel ? this.asking.run(this.panel) : undefined)
    },
    fix: {
      can: () => canFix(this.cell),
      act: () => this.about((panel, cell) => this.asking.fix(panel, cell))
    },
    explain: {
      can: () => isCode(this.cell) && sourceOf(this.cell).trim() !== '',
      act: () => this.about((panel, cell) => this.asking.explain(panel, cell))
    },
    stop: {
      can: args => this.live(args) !== undefined,
      act: args => this.tell(this.live(args), 'stop')
    },
    step: {
      can: () => this.live() !== undefined,
      act: () => this.tell(this.paused ?? this.live(), 'go', { until: 'move' })
    },
    continue: {
      can: () => this.live() !== undefined,
      act: () => this.tell(this.paused ?? this.live(), 'go', { until: 'end' })
    },
    resume: {
      can: () => resumableIn(this.panel, this.parts.store) !== undefined,
      act: () => this.resume()
    },
    approve: {
      can: () => this.asked !== undefined,
      act: () => this.decide(this.asked)
    },
    'next-error': {
      can: () => this.panel !== null,
      act: args => this.panel && goToError(this.panel, args['by'] === -1 ? -1 : 1)
    },
    'toggle-panel': { can: () => this.runsPanel !== undefined, act: () => this.togglePanel() },
    settings: {
      can: () => this.app.commands.hasCommand('settingeditor:open'),
      act: () => this.app.commands.execute('settingeditor:open', { query: 'Kimi' })
    }
  };

  private get panel(): Panel | null {
    return this.parts.tracker.currentWidget;
  }
  private get cell(): Cell | null {
    return this.panel?.content.activeCell ?? null;
  }
  /** The run that a stop is about: of the notebook whose button it was, else of the current one. */
  private live(args: Args = {}): RunRow | undefined {
    const { store, tracker } = this.parts;
    const id = args['notebook'];
    const panel = typeof id === 'string' ? tracker.find(each => each.id === id) : this.panel;
    return liveIn(panel ?? null, store);
  }
  private get paused(): RunRow | undefined {
    return liveIn(this.panel, this.parts.store, row => row.state === 'paused');
  }
  /** The run that waits for the person: of this notebook, else the newest anywhere. */
  private get asked(): RunRow | undefined {
    const { store } = this.parts;
    return liveIn(this.panel, store, needsYou) ?? store.rows.find(needsYou);
  }
  private get runsPanel(): Widget | undefined {
    const { shell } = this.app;
    const areas = [...shell.widgets('left'), ...shell.widgets('right')];
    return areas.find(widget => widget.id === RUNS_PANEL);
  }

  /** Go to the question of a run, and put the focus on it; nothing is answered. */
  async decide(row: RunRow | undefined): Promise<void> {
    if (!row) return;
    const { store, tracker } = this.parts;
    if (!panelOf(row, tracker)) await store.jump(row.run_id);
    const panel = panelOf(row, tracker);
    const index = panel?.content.widgets.findIndex(({ model }) => model.id === row.cell_id) ?? -1;
    const cell = panel?.content.widgets[index];
    if (!panel || !cell) return;
    this.app.shell.activateById(panel.id);
    panel.content.activeCellIndex = index;
    await panel.content.scrollToItem?.(index);
    for (let waited = 0; waited < DRAWN_MS && !go(cell, 'question'); waited += LOOK_MS) {
      await new Promise(resolve => setTimeout(resolve, LOOK_MS));
    }
  }

  private about(act: (panel: Panel, cell: Cell) => Promise<void>): Promise<void> | undefined {
    return this.panel && this.cell ? act(this.panel, this.cell) : undefined;
  }

  private async resume(): Promise<void> {
    const run = resumableIn(this.panel, this.parts.store);
    if (run && this.panel) await this.asking.command(this.panel, `%kimi resume ${run.run_id}`);
  }

  private tell(row: RunRow | undefined, action: string, fields: object = {}): unknown {
    return row ? this.parts.store.command(row.run_id, action, fields).catch(say) : undefined;
  }

  private togglePanel(): void {
    const { runsPanel } = this;
    const { shell } = this.app;
    if (!runsPanel) return;
    if (!runsPanel.isVisible) shell.activateById(runsPanel.id);
    else if ([...shell.widgets('left')].includes(runsPanel)) shell.collapseLeft?.();
    else shell.collapseRight?.();
  }
}

function say(error: unknown): void {
  Notification.emit(error instanceof Error ? error.message : String(error), 'warning');
}
