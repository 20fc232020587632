// Draws a run's trace in a notebook of JupyterLab or Notebook 7. While the run goes on it follows
// the kernel, in this page and in any page that is opened later; when the run is over it puts the
// finished trace into the notebook, so that saving keeps it.

import { Widget } from '@lumino/widgets';
import type { CellChanges } from './cells/token';
import type { CodeCell, Mounted } from './view';
import type { TraceJson } from './view/types';
import type { MimeModel, NotebookPanel, Renderer } from './shell/notebook';
import { insertCode } from './shell/new_cells';
import { SessionLink } from './shell/session';
import { goneNote, untrustedNote } from './shell/note';
import { picturesIn } from './shell/pictures';
import { isOurs } from './shell/share';
import { spoken } from './words';

export const TRACE_MIME = 'application/vnd.nbagent.trace+json';
/** The newest form of our JSON that the view knows; `SCHEMA_VERSION` in Python. */
const SCHEMA = 1;
const ENDED = ['answer', 'stopped', 'limit', 'error'];
/** How long the kernel's own update of the output is waited for before the page fetches it. */
const UPDATE_MS = 1_500;

const nothing = (): void => undefined;

type View = typeof import('./view');

/** The view is a chunk of its own, so that a page without a trace does not load it. */
const loadView = (): Promise<View> =>
  spoken().then(() => import(/* webpackChunkName: "view" */ './view'));

export class TraceRenderer extends Widget {
  private model: MimeModel | null = null;
  private link: SessionLink | null = null;
  private view: Mounted | null = null;
  /** Draws what the view does not know. */
  private other: Renderer | null = null;
  /** Which run is drawn, and whether it is trusted. */
  private drawn = '';
  private note: HTMLElement | null = null;
  private adopting = 0;
  private hasDrawnEnd = false;
  private endOffer: () => void = nothing;

  /** @param changes what agents have changed in the notebook; null where nothing tells that */
  constructor(
    private readonly panel: NotebookPanel,
    private readonly changes: () => Promise<CellChanges | null>
  ) {
    super();
    this.addClass('nbagent-trace');
  }

  /** Draw an output, or what an update has made of it. */
  async renderModel(model: MimeModel): Promise<void> {
    this.model = model;
    const trace = traceOf(model);
    if (!isKnown(trace)) return this.fallBack(model);
    const { mount } = await loadView();
    if (this.isDisposed || this.model !== model) return;
    const drawn = `${trace.run_id} ${model.trusted}`;
    if (this.view && this.drawn === drawn) this.view.update(trace);
    else this.begin(trace, mount, model.trusted);
    this.drawn = drawn;
    if (!isRunning(trace)) this.say(null);
  }

  /** Draw a later version's HTML as JupyterLab does: sanitised, unless it is trusted. */
  private async fallBack(model: MimeModel): Promise<void> {
    this.end();
    const mime = 'text/html' in model.data ? 'text/html' : 'text/plain';
    this.other = this.panel.content.rendermime.createRenderer(mime);
    this.node.append(this.other.node);
    await this.other.renderModel(model);
  }

  override dispose(): void {
    this.end();
    super.dispose();
  }

  /** Draw a run. What is not trusted is drawn as it was saved, with no way to the kernel. */
  private begin(trace: TraceJson, mount: View['mount'], isTrusted: boolean): void {
    this.end();
    const host = document.createElement('div');
    this.node.append(host);
    if (!isTrusted) {
      this.view = mount(host, trace, null);
      if (isRunning(trace)) this.node.prepend(untrustedNote());
      return;
    }
    const link = new SessionLink(this.panel.sessionContext, trace.run_id, isThere => {
      this.look(isThere);
    });
    this.link = link;
    const reverting = document.createElement('span');
    this.view = mount(host, trace, link, {
      loadStep: () => import(/* webpackChunkName: "step" */ './step'),
      newCells: cells => this.addCells(cells),
      tools: [reverting]
    });
    void this.changes().then(changes => {
      if (changes && this.link === link) this.endOffer = changes.offerRevert(link.runId, reverting);
    });
    link.onMessage(() => {
      this.heard();
    });
    link.start();
  }

  private end(): void {
    clearTimeout(this.adopting);
    this.adopting = 0;
    this.endOffer();
    this.endOffer = nothing;
    this.view?.dispose();
    this.link?.dispose();
    this.other?.dispose();
    this.view = this.link = this.other = null;
    this.hasDrawnEnd = false;
    this.node.replaceChildren();
  }

  /** There is a kernel, or there is none: ask it for the run, if the output says that it goes on. */
  private look(isThere: boolean): void {
    if (!this.model || !isRunning(traceOf(this.model))) return;
    if (!isThere) this.say(this.link?.runId ?? null);
    else this.link?.send('ready').catch(() => this.say(this.link?.runId ?? null));
  }

  private heard(): void {
    this.say(null);
    if (!this.link?.alive || this.link.running || !this.model) return;
    this.tellDrawn();
    if (!this.adopting && isRunning(traceOf(this.model))) this.adoptLater();
  }

  private adoptLater(): void {
    this.adopting = window.setTimeout(() => void this.adopt(), UPDATE_MS);
  }

  /** Let the kernel know that the end was seen, so that it gives the run to no later page. */
  private tellDrawn(): void {
    if (this.hasDrawnEnd) return;
    this.hasDrawnEnd = true;
    this.link?.send('drawn').catch(() => undefined); // a kernel that is gone gives nothing anyway
  }

  /** Put the finished trace into the notebook: the kernel's own update never reaches a page that
   * was opened after the run began. If another page does, that is waited for. */
  private async adopt(): Promise<void> {
    const { link, model } = this;
    if (!link || !model || !isRunning(traceOf(model))) return;
    try {
      const bundle = (await link.send('bundle')) as Record<string, unknown>;
      const ours = await isOurs(this.panel.content.model, link.runId);
      if (this.isDisposed || !isRunning(traceOf(model))) return;
      if (ours) model.setData({ data: bundle });
      else this.adoptLater();
    } catch {
      this.adopting = 0; // the kernel went away meanwhile; the view says so
    }
  }

  /** Put code into cells below this one; last, where the trace stands outside the notebook. */
  private addCells(cells: readonly CodeCell[]): void {
    const { model, widgets } = this.panel.content;
    const at = widgets.findIndex(({ node }) => node.contains(this.node));
    if (model) insertCode(model, at < 0 ? widgets.length : at + 1, cells);
  }

  /** Say that the kernel is gone, or (null) take that back. */
  private say(runId: string | null): void {
    this.note?.remove();
    this.note = runId === null ? null : goneNote(runId);
    if (this.note) this.node.prepend(this.note);
  }
}

function traceOf(model: MimeModel): TraceJson {
  const trace = model.data[TRACE_MIME] as TraceJson;
  return { ...trace, pictures: { ...picturesIn(model.data['text/html']), ...trace.pictures } };
}

/** Whether the view can draw it; a file may say anything. */
function isKnown(trace: TraceJson): boolean {
  return trace.schema === undefined || trace.schema <= SCHEMA;
}

function isRunning(trace: TraceJson): boolean {
  return trace.running ?? !ENDED.includes(trace.snapshot?.state ?? '');
}
