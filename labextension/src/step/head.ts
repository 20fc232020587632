// The first lines: where the run stands in words, run to end, stop; and what is looked back at.

import { button, h, icon, put, ring, setText } from '../view/dom';
import { clean } from '../view/phrases';
import { sign } from './icons';
import type { StepModel } from './model';
import type { Kin, Moves } from './types';
import { handName } from './words';
import { counted, t, told } from '../words';

export interface HeadActions {
  end(): void;
  pause(): void;
  stop(): void;
  close(): void;
  over(runId: string, n: number): void;
}

function endWords(reason: Moves['finished']): string {
  return {
    '': '',
    answer: t('Finished'),
    stopped: t('Stopped by you'),
    limit: t('Limit reached'),
    error: t('Failed')
  }[reason];
}
function goingWords(until: Moves['until']): string {
  return {
    end: t('Running to the end'),
    move: t('Running to the next move'),
    tool: t('Running to the next tool'),
    error: t('Running to the next error'),
    answer: t('Running to the answer')
  }[until];
}

export class Head {
  private readonly lead = h('span', { class: 'lead' });
  private readonly words = h('span', { class: 'el grow now' });
  private readonly who = h('span', { class: 'm nw who1' });
  private readonly end: HTMLButtonElement;
  private readonly pause: HTMLButtonElement;
  private readonly stop: HTMLButtonElement;
  private readonly banner = h('div', { class: 'bn', hidden: true });
  private readonly bannerWords = h('span', { class: 'grow' });
  private readonly back: HTMLButtonElement;
  private readonly family = h('div', { class: 'bn kin', hidden: true });
  private readonly question = h('div', { class: 'bn ask', role: 'group', hidden: true });
  private readonly fault = h('div', { class: 'bn bad', role: 'alert', hidden: true });
  readonly bar: HTMLElement;
  /** What there is to say below the moves line, which must not move. */
  readonly notes: HTMLElement[];

  constructor(
    private readonly model: StepModel,
    private readonly act: HeadActions,
    private readonly whoOf: () => string
  ) {
    this.end = button(
      { class: 'b ghost', 'aria-keyshortcuts': 'R' },
      () => act.end(),
      sign('end'),
      t('Run to end')
    );
    this.pause = button({ class: 'b ghost' }, () => act.pause(), icon('pause'), t('Pause'));
    this.stop = button({ class: 'b' }, () => this.press(), icon('stop', 'c-error'), t('Stop'));
    const close = button(
      { class: 'b ghost', 'aria-label': t('Close step view'), title: t('Close step view') },
      () => act.close(),
      icon('cross')
    );
    this.back = button(
      {},
      () => void model.toNow(),
      h('span', {}),
      h('kbd', { 'aria-hidden': 'true' }, 'End')
    );
    this.banner.append(icon('clock'), this.bannerWords, this.back);
    const title = h('span', { class: 'who nw' }, t('Step view'));
    const line = [this.lead, title, h('span', { class: 'sep' }), this.words, this.who];
    this.bar = h('div', { class: 'hd' }, ...line, this.end, this.pause, close, this.stop);
    this.notes = [this.fault, this.question, this.family, this.banner];
  }

  /** Stop the run, as the button does. */
  press(): void {
    if (this.stop.hidden || this.stop.getAttribute('aria-disabled') === 'true') return;
    put(this.stop, { 'aria-disabled': 'true' });
    this.act.stop();
  }

  update(): void {
    const { model } = this;
    const [mark, words] = this.state();
    this.lead.replaceChildren(mark);
    this.words.replaceChildren(...words);
    setText(this.who, this.whoOf());
    const runsOn = model.isMoving && model.moves?.until !== 'move';
    this.end.hidden = model.isFinished || runsOn;
    this.pause.hidden = !runsOn;
    this.stop.hidden = model.moves === null || model.isFinished;
    if (!model.isMoving && !model.moves?.open) put(this.stop, { 'aria-disabled': null });
    this.fault.hidden = !model.fault;
    setText(this.fault, clean(told(model.fault)));
    this.drawQuestion();
    this.drawBanner();
    this.drawFamily();
  }

  private state(): [Node, (Node | string)[]] {
    const { model } = this;
    const { moves, shown } = model;
    if (!moves || !shown) return [ring(), [t('Asking the kernel')]];
    if (model.question) return [icon('diamond', 'c-warn'), [h('b', {}, t('The fork asks you'))]];
    if (model.looksBack) {
      const [n, what] = [model.at, handName(shown)];
      const words = t('Playback of move {n}', { n });
      return [icon('clock'), [what ? words + t(', ') + what : words]];
    }
    if (moves.open) {
      const why = clean(told(moves.open.why));
      const first = /^(?:[\u3400-\u9fff]+|\S+)/.exec(why)?.[0] ?? '';
      return [icon('pause'), [h('b', {}, first), why.slice(first.length)]];
    }
    if (model.isFinished)
      return [
        icon('check', 'c-ok'),
        [
          h('b', {}, endWords(moves.finished)),
          t('. {moves}', { moves: counted(model.count, 'move') })
        ]
      ];
    return [ring(), [goingWords(moves.until)]];
  }

  private drawBanner(): void {
    const { model } = this;
    this.banner.hidden = !model.looksBack;
    if (!model.looksBack) {
      this.bannerWords.replaceChildren();
      return;
    }
    const where = h(
      'b',
      {},
      t('Looking back at move {n} of {count}.', { n: model.at, count: model.count })
    );
    const now = model.isFinished
      ? t('The run is finished. Nothing is sent and nothing runs.')
      : model.isMoving
        ? t('Looking sends nothing and runs nothing. The run goes on.')
        : t('Nothing is sent and nothing runs. The run waits at move {n}.', { n: model.now });
    this.bannerWords.replaceChildren(where, ` ${now}`);
    const [label] = this.back.children;
    if (label) setText(label, model.isFinished ? t('To the end') : t('Back to now'));
  }

  private drawQuestion(): void {
    const { question: box, model } = this;
    const asked = model.question;
    box.hidden = !asked;
    const key = asked?.key ?? '';
    if (box.dataset['key'] === key) return;
    box.dataset['key'] = key;
    box.replaceChildren();
    if (!asked) return;
    const [text, why] = [clean(told(asked.text)), clean(told(asked.why))];
    put(box, { 'aria-label': text });
    const decide = (decision: 'run' | 'deny') => (): void => void model.decide(key, decision);
    box.append(
      icon('diamond', 'c-warn'),
      h('span', { class: 'grow' }, h('b', {}, text), ` ${why}`),
      button({}, decide('run'), t('Yes')),
      button({}, decide('deny'), t('No')),
      asked.shown ? h('pre', { class: 'text', tabindex: 0 }, clean(asked.shown)) : ''
    );
  }

  /** Where this run comes from and what came of it, with a way to go between them. */
  private drawFamily(): void {
    const { moves, runId } = this.model;
    const from = moves?.forked_from ?? null;
    const forks = moves?.forks ?? [];
    this.family.hidden = !from && !forks.length;
    const words = this.family.hidden
      ? ''
      : from
        ? t('Fork {id} of {run} at move {n}', { id: runId, run: from.run_id, n: from.move })
        : forks.length === 1
          ? t('Forked at move {n}', { n: forks[0]?.move ?? 0 })
          : t('Forked {n} times', { n: forks.length });
    const go = (kin: Kin, n: number): HTMLElement =>
      button({}, () => this.act.over(kin.run_id, n), t('Go to {run}', { run: clean(kin.run_id) }));
    const ways = [
      ...(from ? [go(from, from.move)] : []),
      ...forks.slice(-4).map(kin => go(kin, 0))
    ];
    const key = [words, ...ways.map(way => way.textContent)].join();
    if (this.family.dataset['key'] === key) return;
    this.family.dataset['key'] = key;
    this.family.replaceChildren(sign('fork'), h('span', { class: 'grow' }, clean(words)), ...ways);
  }
}
