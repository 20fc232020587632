// The trace of one run, put together: it listens, draws at most once a frame, and answers keys.

import { Announcer } from './announce';
import { type Decision, focusQuestion } from './approval';
import { AnswerTop } from './answer_top';
import { AllCells, type NewCells } from './as_cell';
import { Archive } from './archive';
import { requestText, type SentRequest, toClipboard, withRequest } from './copy';
import { ChartPane } from './chart_pane';
import type { Desk, RequestForm } from './desk';
import { button, h, icon, put, setText } from './dom';
import { ErrorButtons } from './errors';
import { Feed } from './feed';
import { FindBar } from './find';
import { Header } from './header';
import { hasFocus } from './held';
import { type KeyActions, keysHelp, listen, obey } from './keyboard';
import { LongRunView } from './long';
import { patterns } from './patterns';
import { SentLine } from './sent_line';
import { StatusLine } from './status_line';
import { reconcile, StepList } from './step_list';
import { type Extras, StepDoor, type StepPane } from './step_door';
import { SteerLine } from './steer';
import { STYLES } from './styles';
import { followTheme } from './theme';
import type { Step } from './steps';
import type { Scene } from './stored';
import type { KernelMessage, Link, TraceJson } from './types';
import { t, told } from '../words';

const TICK_MS = 100;
const CALM_TICK_MS = 1_000;

export class TraceView implements Desk {
  private readonly feed: Feed;
  private readonly root = h('div', { class: 'nba' });
  private readonly run = h('section', { class: 'run', 'aria-label': t('Kimi run') });
  private readonly trace = h('div');
  private readonly note = h('div', { class: 'note1', dir: 'auto', hidden: true });
  private readonly toolRow = h('div', { class: 'bar-tools' });
  private readonly help = keysHelp();
  private readonly announcer = new Announcer();
  private readonly header: Header;
  private readonly top: AnswerTop;
  private readonly list: StepList;
  private readonly find: FindBar;
  private readonly status: StatusLine;
  private readonly errors: ErrorButtons;
  private readonly long: LongRunView;
  readonly archive: Archive;
  readonly newCells: NewCells | null;
  private readonly cells = new AllCells(this);
  private readonly tools: readonly HTMLElement[];
  private readonly all: HTMLButtonElement;
  private readonly foot: SentLine;
  private readonly steer: SteerLine;
  private readonly chart: ChartPane;
  private readonly door: StepDoor;
  private frame = 0;
  private timer: ReturnType<typeof setInterval> | undefined;
  private asked = false;
  private readonly ends: (() => void)[] = [];

  constructor(
    private readonly host: HTMLElement,
    trace: TraceJson,
    private readonly link: Link | null,
    extras: Extras = {}
  ) {
    this.feed = new Feed(trace);
    this.newCells = extras.newCells ?? null;
    this.tools = extras.tools ?? [];
    this.door = this.doorTo(extras);
    this.header = new Header(
      this,
      this.door,
      () => this.ask('stop'),
      () => this.foldTrace(),
      () => this.goToQuestion()
    );
    this.top = new AnswerTop(this);
    this.list = new StepList(this, () => this.chart.draw());
    this.long = new LongRunView(
      () => this.scene,
      this.list,
      () => this.draw()
    );
    const { long, feed } = this;
    this.chart = new ChartPane(
      this,
      () => ({ gaps: feed.gaps.gaps(), long: long.facts() }),
      index => long.openRange(index)
    );
    this.archive = new Archive(
      () => this.scene,
      (first, last) => this.ask('steps', { first, last }),
      () => this.request()
    );
    this.find = new FindBar(this, this.list, () => this.focusRow(0));
    this.status = new StatusLine(this);
    this.errors = new ErrorButtons(
      () => this.scene.view,
      () => this.focusedKey(),
      key => this.long.reveal(key)
    );
    this.all = button(
      { class: 'b ghost', title: t('Expand all'), 'aria-label': t('Expand all') },
      () => this.toggleAll(),
      icon('unfold')
    );
    this.foot = new SentLine(this);
    this.steer = new SteerLine(this, text => this.ask('say', { text }));
    this.build();
    this.connect();
    this.draw();
  }

  get scene(): Scene {
    return this.feed.scene;
  }
  get live(): boolean {
    return this.scene.view.running && this.feed.told && this.alive;
  }
  get alive(): boolean {
    return this.link?.alive ?? false;
  }
  isCurrent(step: Step): boolean {
    return this.live && this.scene.view.lastStep === step;
  }
  now(): number {
    return this.feed.now();
  }
  /** A stored trace took the place of the one that is shown. */
  update(trace: TraceJson): void {
    this.feed.reload(trace);
    this.request();
  }
  dispose(): void {
    cancelAnimationFrame(this.frame);
    clearInterval(this.timer);
    this.ends.forEach(end => end());
    this.announcer.dispose();
    this.list.dispose();
    this.chart.dispose();
    this.door.dispose();
    this.root.remove();
  }

  say(words: string): void {
    this.announcer.say(words);
  }
  copy(text: string, what: string, done?: () => void): void {
    toClipboard(text, this.root).then(
      () => {
        this.announcer.say(t('{what} copied', { what }));
        done?.();
      },
      () => this.announcer.alert(t('The browser did not allow copying'))
    );
  }

  decide(key: string, decision: Decision): Promise<unknown> {
    return this.ask('decide', { key, ...decision });
  }
  copyRequest(step: number, form: RequestForm | 'cell', copied?: () => void): void {
    const use = (sent: SentRequest): void => {
      const text = requestText(sent, form === 'cell' ? 'python' : form);
      if (form === 'cell' && this.newCells) this.newCells([{ source: text }]);
      else this.copy(text, t('Request of step {n}', { n: step }), copied);
    };
    withRequest(this.ask('request', { step }), use, words => this.announcer.alert(words));
  }

  goTo(step: number): void {
    this.long.reveal(`s${step}`);
  }
  private build(): void {
    const shadow = this.host.shadowRoot ?? this.host.attachShadow({ mode: 'open' });
    this.host.setAttribute('data-lm-suppress-shortcuts', 'true');
    const style = h('style', {}, STYLES);
    const tool = (name: 'find' | 'keys', label: string, key: string, act: () => void) =>
      button(
        { class: 'b ghost', title: `${label} (${key})`, 'aria-label': label },
        act,
        icon(name)
      );
    const find = tool('find', t('Find in this trace'), '/', () => this.find.open());
    const keys = tool('keys', t('Keys'), '?', () => this.showHelp());
    this.header.tools.append(...this.errors.nodes, find, this.all, keys);
    this.root.append(style, patterns(), this.announcer.node, this.run);
    shadow.replaceChildren(this.root);
    this.ends.push(followTheme(this.root, this.host));
    const act: KeyActions = {
      move: by => this.focusRow(by),
      fold: isOpen => this.foldFocused(isOpen),
      error: (by, wraps) => this.errors.go(by, wraps),
      question: () => this.goToQuestion(),
      stop: () => this.header.press(),
      saw: () => this.list.viewOf(this.focusedKey() ?? '')?.toggleSaw(),
      find: () => this.find.open(),
      end: () => this.list.toEnd(),
      help: () => this.showHelp(),
      say: () => this.steer.focus(),
      back: () => this.closePanels(),
      leave: () => this.leave()
    };
    listen(this.root, act);
    obey(this.host, act);
  }

  private doorTo(extras: Extras): StepDoor {
    const space = {
      send: (action: string, fields?: object) => this.ask(action, fields),
      say: (text: string) => this.announcer.say(text),
      copy: (text: string, what: string) => this.copy(text, what),
      leave: () => this.leave()
    };
    return new StepDoor(this, extras, space, this.run, () => this.draw());
  }

  private connect(): void {
    if (!this.link) return;
    this.ends.push(this.link.onMessage(message => this.receive(message)));
    const onVisible = (): void => this.request();
    document.addEventListener('visibilitychange', onVisible);
    this.ends.push(() => document.removeEventListener('visibilitychange', onVisible));
  }

  private receive(message: KernelMessage): void {
    if (message.type === 'snapshot') {
      this.archive.retry();
    }
    if (message.type !== 'reply') this.door.heard(message);
    if (this.feed.receive(message)) {
      this.asked = false;
    } else if (!this.asked) {
      this.asked = true;
      this.ask('ready').catch(() => (this.asked = false));
    }
    this.request();
  }

  private ask(action: string, fields: object = {}): Promise<unknown> {
    return this.link
      ? this.link.send(action, fields)
      : Promise.reject(new Error(t('There is no kernel to ask.')));
  }

  /** Draw once in the next frame, however much comes before it. */
  private request(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  private draw(): void {
    const { view } = this.scene;
    const wasInside = hasFocus(this.run);
    this.door.update();
    this.layout();
    this.top.update();
    this.header.update();
    this.steer.update();
    this.long.update();
    this.status.update();
    this.note.hidden = !view.note;
    setText(this.note, told(view.note));
    this.foot.update();
    this.errors.update(!view.running);
    this.chart.draw();
    if (wasInside && !hasFocus(this.run)) (this.pane ?? this.header).focus();
    if (this.feed.told) this.announcer.follow(view);
    this.tickWhile(this.live);
  }

  /** The step view, if it is open; a question is answered in the trace, which takes its place. */
  private get pane(): StepPane | null {
    return this.live && this.scene.view.phase === 'asking' ? null : this.door.pane;
  }

  /** The order of the parts: while it runs the state stands first, afterwards the answer does. */
  private layout(): void {
    const { view } = this.scene;
    this.run.classList.toggle('over', !view.running);
    put(this.run, { 'aria-label': view.running ? t('Kimi run') : t('Kimi run, finished') });
    const panels = [this.find.node, this.help];
    const pane = this.pane?.node;
    if (view.running) {
      const { node, badge, question } = this.header;
      const head = pane ? [badge] : [node, badge];
      const list = pane ? [] : [...panels, this.long.filters.node];
      reconcile(this.run, [...head, this.note, question, ...list, this.trace]);
      const parts = pane
        ? [pane, this.steer.node]
        : [this.list.node, this.steer.node, this.chart.node];
      reconcile(this.trace, [...parts, this.status.node, this.foot.node]);
      return;
    }
    const grow = this.toolRow.querySelector('.grow') ?? h('span', { class: 'grow' });
    const { filters } = this.long;
    const tools = [
      filters.node,
      grow,
      ...this.cells.nodes,
      ...this.tools,
      ...this.door.through,
      this.header.tools
    ];
    reconcile(this.toolRow, tools);
    reconcile(this.run, [this.header.badge, this.top.node, this.header.node, this.trace]);
    const parts = pane ? [pane] : [this.chart.node, this.toolRow, ...panels, this.list.node];
    reconcile(this.trace, [this.note, ...parts, this.foot.node]);
  }

  private goToQuestion(): boolean {
    return focusQuestion(this.scene.view, this.list, this.header.question);
  }

  private foldTrace(): boolean {
    this.trace.hidden = !this.trace.hidden;
    return !this.trace.hidden;
  }

  private tickWhile(isLive: boolean): void {
    if (isLive && !this.timer) {
      const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
      this.timer = setInterval(() => this.tick(), calm ? CALM_TICK_MS : TICK_MS);
    } else if (!isLive && this.timer) {
      clearInterval(this.timer);
      this.timer = undefined;
    }
  }

  private tick(): void {
    if (document.hidden || this.frame) return; // drawing keeps the focus, and counts on too
    if (!this.live) {
      this.request();
      return;
    }
    this.header.update();
    this.list.tick();
    this.status.update();
    this.chart.draw();
  }

  private toggleAll(): void {
    const open = this.all.getAttribute('aria-pressed') !== 'true';
    const words = open ? t('Collapse all') : t('Expand all');
    put(this.all, { 'aria-pressed': String(open), 'aria-label': words, title: words });
    this.all.replaceChildren(icon(open ? 'fold' : 'unfold'));
    this.list.setAll(open);
  }

  private get focused(): Element | null {
    return (this.root.getRootNode() as ShadowRoot).activeElement;
  }

  private focusedKey(): string | undefined {
    return this.focused?.closest<HTMLElement>('.item')?.dataset['key'];
  }

  private focusRow(by: number): void {
    const keys = this.list.keys();
    const at = keys.indexOf(this.focusedKey() ?? '');
    const next =
      at < 0 ? (by < 0 ? keys.length - 1 : 0) : Math.min(Math.max(at + by, 0), keys.length - 1);
    this.list.reveal(keys[next] ?? '', false);
  }

  private foldFocused(isOpen: boolean): void {
    const key = this.focusedKey();
    if (key) {
      this.list.toggle(key, isOpen);
      this.list.reveal(key, false);
    }
  }

  private showHelp(): void {
    this.help.hidden = !this.help.hidden;
  }

  private closePanels(): boolean {
    const isOpen = !this.find.node.hidden || !this.help.hidden;
    if (!this.find.node.hidden) {
      this.find.close();
    }
    this.help.hidden = true;
    return isOpen;
  }

  /** Give the focus back to the cell around the view. */
  private leave(): void {
    (this.focused as HTMLElement | null)?.blur();
    this.host
      .closest<HTMLElement>('.jp-Cell,.jp-Notebook,[tabindex]')
      ?.focus({ preventScroll: true });
  }
}
