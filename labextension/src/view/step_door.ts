// The way from a trace to the step view: a module of its own, which is loaded when it is opened.
// While the run rests at a move it opens by itself, unless the person has closed it.

import type { NewCells } from './as_cell';
import { whoOf } from './phrases';
import type { Desk } from './desk';
import { button, icon, put } from './dom';
import { hasFocus } from './held';
import { type Catalogue, language, t, told } from '../words';

/** What the step view may use of the trace that it stands in. */
export interface StepSpace {
  readonly runId: string;
  readonly send: (action: string, fields?: object) => Promise<unknown>;
  readonly who: () => string;
  readonly say: (text: string) => void;
  readonly copy: (text: string, what: string) => void;
  /** Puts code into a new cell of the notebook; null where the host has no way to. */
  readonly newCell: ((source: string) => void) | null;
  readonly close: () => void;
  /** The page's language. */
  readonly words: Catalogue;
  readonly leave: () => void;
}
/** A step view that is open. */
export interface StepPane {
  readonly node: HTMLElement;
  /** The run has moved, or may have. */
  news(): void;
  focus(): void;
  dispose(): void;
}
export interface StepModule {
  open(space: StepSpace): StepPane;
}
/** What a host offers besides the trace. */
export interface Extras {
  readonly loadStep?: () => Promise<StepModule>;
  readonly newCells?: NewCells;
  /** The host's own, among those of a finished run. */
  readonly tools?: readonly HTMLElement[];
}

const MOVES = ['paused', 'edited', 'step_started', 'reply_received', 'run_finished'];

export class StepDoor {
  readonly step: HTMLButtonElement;
  readonly pause: HTMLButtonElement;
  readonly toggle: HTMLButtonElement;
  /** What Pause has to say of itself. */
  words = '';
  pane: StepPane | null = null;
  private isLoading = false;
  private isClosed = false;
  private isPausing = false;

  constructor(
    private readonly desk: Desk,
    private readonly extras: Extras,
    private readonly space: Omit<StepSpace, 'newCell' | 'close' | 'runId' | 'who' | 'words'>,
    private readonly run: HTMLElement,
    private readonly redraw: () => void
  ) {
    this.step = button({}, () => this.go(), icon('step'), t('Step'));
    this.pause = button({}, () => this.askPause(), icon('pause'), t('Pause'));
    this.toggle = button({ 'aria-expanded': 'false' }, () => void this.open(true), t('Step view'));
  }

  /** What the header offers: step and step view while it rests, else pause. */
  get controls(): HTMLElement[] {
    const { desk } = this;
    if (!desk.live || !this.extras.loadStep) return [];
    return desk.scene.view.place ? [this.step, this.toggle] : [this.pause];
  }
  /** What a finished run offers, as long as its kernel answers. */
  get through(): HTMLElement[] {
    const { desk } = this;
    return desk.alive && !desk.scene.view.running && this.extras.loadStep ? [this.toggle] : [];
  }

  update(): void {
    const { desk } = this;
    const { view } = desk.scene;
    const words = view.running ? t('Step view') : t('Step through');
    if (this.toggle.textContent !== words) this.toggle.textContent = words;
    const wasAsked = hasFocus(this.pause); // the button goes away with what it asked for
    if (view.place || !desk.live) this.unpause();
    if (!desk.alive && this.pane) this.close();
    if (desk.live && view.place && !this.pane && !this.isClosed) void this.open(wasAsked);
  }

  heard({ events }: { events: readonly { kind: string }[] }): void {
    const moved = events.some(({ kind }) => MOVES.includes(kind) || kind.startsWith('tool_'));
    if (moved) this.pane?.news();
  }

  dispose(): void {
    this.pane?.dispose();
  }

  /** @param takesFocus whether the person asked for it: then the focus goes along */
  private async open(takesFocus: boolean): Promise<void> {
    const { extras, desk } = this;
    if (this.isLoading || this.pane || !extras.loadStep) return;
    this.isLoading = true;
    try {
      const step = await extras.loadStep();
      const { newCells } = extras;
      const { scripted, model } = desk.scene.view;
      this.pane = step.open({
        ...this.space,
        runId: desk.scene.view.runId,
        who: () => whoOf(scripted, model),
        newCell: newCells ? source => newCells([{ source }]) : null,
        close: () => this.close(),
        words: language()
      });
      put(this.toggle, { 'aria-expanded': 'true' });
      const wasInside = hasFocus(this.run);
      this.redraw();
      if (takesFocus || (wasInside && !hasFocus(this.run))) this.pane.focus();
    } catch (error) {
      this.isClosed = true; // it would fail again at each drawing
      this.space.say(t('The step view could not be opened: {why}', { why: String(error) }));
    } finally {
      this.isLoading = false;
    }
  }

  private close(): void {
    const hadFocus = this.pane !== null && hasFocus(this.pane.node);
    this.pane?.dispose();
    this.pane = null;
    this.isClosed = true;
    put(this.toggle, { 'aria-expanded': 'false' });
    this.redraw();
    if (hadFocus) this.toggle.focus({ preventScroll: true });
  }

  private go(): void {
    const { key } = this.desk.scene.view.rest;
    this.space.send('go', { key, until: 'move' }).catch((error: unknown) => this.fail(error));
  }

  private askPause(): void {
    this.isPausing = true;
    this.isClosed = false;
    put(this.pause, { 'aria-disabled': 'true' });
    this.words = t('Pausing at the next move');
    this.redraw();
    this.space.send('pace', { until: 'move' }).catch((error: unknown) => this.fail(error));
  }

  private unpause(): void {
    if (!this.isPausing) return;
    this.isPausing = false;
    this.words = '';
    put(this.pause, { 'aria-disabled': null });
  }

  private fail(error: unknown): void {
    this.unpause();
    this.space.say(told(error instanceof Error ? error.message : String(error)));
    this.redraw();
  }
}
