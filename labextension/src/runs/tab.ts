// A run's trace in the main area: the view of the cell, live from the kernel that has the run, or
// as it is on record.

import { Widget } from '@lumino/widgets';
import { goneNote } from '../shell/note';
import { h } from '../view/dom';
import { askFor } from '../view/goals';
import { oneLine } from '../view/phrases';
import type { Extras, Mounted, NewCells, TraceJson } from '../view';
import type { WatchedKernel } from './host';
import { runsIcon } from './icon';
import { LiveLink, StoredLink } from './links';
import type { ServerRuns } from './server';
import { isLive, type RunRow } from './store';
import { t } from '../words';

const TITLE_CHARS = 32;
/** How long a trace may take to be drawn. */
const DRAWN_MS = 5_000;
const LOOK_MS = 50;

type View = typeof import('../view');
const loadView = (): Promise<View> => import(/* webpackChunkName: "view" */ '../view');

export class RunTab extends Widget {
  private readonly place = h('div', {});
  private readonly note = h('div', { class: 'nbagent-run-note', role: 'status' });
  private view: Mounted | null = null;
  private link: LiveLink | null = null;

  constructor(
    private readonly row: RunRow,
    private readonly server: ServerRuns,
    private readonly kernel: WatchedKernel | undefined,
    private readonly newCells: NewCells | undefined
  ) {
    super();
    this.id = tabId(row.run_id);
    this.addClass('nbagent-run-tab');
    this.title.label = oneLine(row.title, TITLE_CHARS) || row.run_id;
    this.title.caption = `${row.title}\n${row.notebook}`;
    this.title.closable = true;
    this.title.icon = runsIcon;
    this.node.tabIndex = -1;
    this.node.style.cssText = 'overflow:auto;padding:12px 16px;background:var(--jp-layout-color1)';
    this.node.append(this.note, this.place);
    void this.draw();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.view?.dispose();
    this.link?.dispose();
    super.dispose();
  }

  /** Put the focus on what the run asks, as soon as that is drawn. */
  async decide(): Promise<void> {
    for (let waited = 0; waited < DRAWN_MS && !this.isDisposed; waited += LOOK_MS) {
      if (!this.place.dispatchEvent(askFor('question'))) return;
      await new Promise(resolve => setTimeout(resolve, LOOK_MS));
    }
  }

  protected override onActivateRequest(): void {
    this.node.focus();
  }

  private async draw(): Promise<void> {
    const { mount } = await loadView();
    if (this.isDisposed) return;
    if (this.kernel) this.drawLive(mount, this.kernel);
    else await this.drawStored(mount);
  }

  private drawLive(mount: View['mount'], kernel: WatchedKernel): void {
    const { run_id } = this.row;
    const link = new LiveLink(kernel, run_id, isThere => {
      if (isThere) link.begin().catch((error: unknown) => this.lost(error));
      else this.lost(new Error(t('The kernel is gone.')));
    });
    this.link = link;
    const trace: TraceJson = { run_id, running: isLive(this.row) };
    this.view = mount(this.place, trace, link, this.extras);
    link.start();
  }

  /** The kernel does not tell of the run any more: what is on record takes its place. */
  private lost(error: unknown): void {
    this.view?.dispose();
    this.link?.dispose();
    this.view = this.link = null;
    if (this.isDisposed) return;
    const why = error instanceof Error ? error.message : String(error);
    void loadView().then(({ mount }) => this.drawStored(mount, why));
  }

  private async drawStored(mount: View['mount'], why = ''): Promise<void> {
    const { run_id } = this.row;
    try {
      const trace = (await this.server.of(run_id, 'trace')) as TraceJson;
      if (this.isDisposed) return;
      this.view?.dispose();
      this.view = mount(this.place, trace, new StoredLink(this.server, run_id), this.extras);
      if (trace.running) this.note.replaceChildren(goneNote(run_id));
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      this.note.textContent = t('The trace of {run} cannot be shown: {why}', {
        run: run_id,
        why: why ? `${why} ${said}` : said
      });
    }
  }

  private get extras(): Extras {
    const loadStep: Extras['loadStep'] = () => import(/* webpackChunkName: "step" */ '../step');
    return this.newCells ? { loadStep, newCells: this.newCells } : { loadStep };
  }
}

/** The name under which a run's tab is in the shell. */
export function tabId(runId: string): string {
  return `nbagent-run-${runId}`;
}
