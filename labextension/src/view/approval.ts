// A question to the person about one call: what it does and why it is asked, exactly what would
// run or leave, and the answers. It takes no focus and has no time limit.

import { codeLines } from './highlight';
import type { Desk } from './desk';
import { button, composes, h, icon, put, setText } from './dom';
import { textNode } from './blocks';
import type { Call } from './call';
import type { RunView } from './fold';
import type { StepList } from './step_list';
import type { Question } from './types';
import { t, told, toldParts } from '../words';

/** What the person answers. */
export interface Decision {
  decision: 'run' | 'edit' | 'deny' | 'done';
  arguments?: Record<string, unknown>;
  why?: string;
  always?: boolean;
}

export class Approval {
  readonly node = h('div', { class: 'ask', role: 'group', tabindex: -1, hidden: true });
  private readonly actions = h('div', { class: 'act' });
  private readonly said = h('p', { class: 's c-error', hidden: true });
  private key = '';

  constructor(
    private readonly call: Call,
    private readonly desk: Desk
  ) {
    this.node.addEventListener('keydown', event => this.pressed(event));
  }

  update(): void {
    const { question } = this.call;
    this.node.hidden = question === null;
    const key = question ? `${question.key} ${this.desk.live}` : '';
    if (key !== this.key) {
      this.key = key;
      if (question) this.build(question);
    }
  }

  private build(question: Question): void {
    put(this.node, { 'aria-label': titleOf(question) });
    const head = h(
      'div',
      { class: 'ch' },
      icon('diamond', 'c-warn'),
      h('b', { class: 'grow' }, titleOf(question)),
      question.about !== 'result' && h('span', { class: 'fn m' }, this.call.name),
      h('span', { class: 'm s nw' }, t('no time limit'))
    );
    this.node.replaceChildren(head, ...reasonRows(question), this.exactly(question));
    if (this.desk.live) this.node.append(this.actions, this.said);
    this.offer(question);
  }

  /** What would run or leave, with the lines in question marked. */
  private exactly(question: Question): HTMLElement {
    const { call } = this;
    if (question.about === 'result') return h('div', { class: 'out' }, textNode(question.content));
    const hot = new Set(question.reasons.map(reason => reason.line));
    const lines = call.isPython ? codeLines(call.code) : call.code.split('\n').map(line => [line]);
    const nodes = lines.map((line, i) => {
      const isHot = hot.has(i + 1);
      const said = isHot && h('span', { class: 'vh' }, t('in question: '));
      const number = h('span', { class: 'sg', 'aria-hidden': 'true' }, String(i + 1));
      return h('span', { class: isHot ? 'ln hot' : 'ln' }, number, said, ...line, '\n');
    });
    return h(
      'div',
      { class: 'code' },
      h('pre', { tabindex: 0, 'aria-label': t('What would run') }, ...nodes)
    );
  }

  private offer(question: Question): void {
    const buttons: HTMLElement[] = this.choices(question).map(([words, key, act, look]) =>
      choice(words, key, act, look)
    );
    if (buttons.length > 3) buttons.splice(3, 0, h('span', { class: 'grow' }));
    this.actions.replaceChildren(...buttons);
  }

  /** The answers that there are: words, key, what they do, and their looks. */
  private choices(question: Question): [string, string, () => void, string?][] {
    const say = (decision: Decision['decision'], always?: true) => (): void =>
      this.answer({ decision, ...(always && { always }) });
    if (question.about === 'outcome') {
      return [
        [t('Run again'), 'R', say('run')],
        [t('It was done'), 'D', say('done')],
        [t('Skip'), 'S', say('deny')]
      ];
    }
    const isCall = question.about === 'call';
    const doing = joined(question.reasons.map(reason => reason.doing));
    const always = t('Always allow {doing} in this conversation', { doing });
    return [
      [isCall ? t('Approve') : t('Send'), 'A', say('run'), 'pri'],
      [t('Edit'), 'E', () => this.edit(question)],
      [isCall ? t('Deny') : t('Keep it here'), 'D', () => this.deny(question)],
      ...(doing
        ? ([[always, 'Y', say('run', true), 'ghost wrap']] as [
            string,
            string,
            () => void,
            string
          ][])
        : [])
    ];
  }

  /** Type why not: the agent gets it as the call's result. */
  private deny(question: Question): void {
    const why = h('input', {
      type: 'text',
      class: 'grow',
      'aria-label': t('Reason, for the agent'),
      placeholder: t('Why not, or what to do instead. The agent gets this as the result'),
      dir: 'auto'
    });
    const send = (): void => this.answer({ decision: 'deny', why: why.value });
    this.form(question, why, send, question.about === 'call' ? t('Deny') : t('Keep it here'));
  }

  /** Change what runs, or what leaves; the agent is told that you did. */
  private edit(question: Question): void {
    const text = question.about === 'result' ? question.content : this.call.code;
    const isJson = question.about === 'call' && !this.call.isPython;
    const area = h('textarea', {
      class: 'grow mono',
      rows: Math.min(Math.max(text.split('\n').length, 3), 16),
      spellcheck: 'false',
      'aria-label': isJson ? t('Arguments, as JSON') : t('What runs instead'),
      dir: 'auto'
    });
    area.value = isJson ? JSON.stringify(question.arguments, null, 1) : text;
    const send = (): void => {
      const changed = isJson ? parsed(area.value) : this.changed(question, area.value);
      if (changed) this.answer({ decision: 'edit', arguments: changed });
      else this.say(t('This is no JSON object. Nothing was sent.'));
    };
    this.form(question, area, send, question.about === 'call' ? t('Run this') : t('Send this'));
  }

  private changed(question: Question, text: string): Record<string, unknown> {
    return question.about === 'result' ? { content: text } : { ...question.arguments, code: text };
  }

  private form(
    question: Question,
    field: HTMLInputElement | HTMLTextAreaElement,
    send: () => void,
    word: string
  ): void {
    const back = (): void => {
      this.offer(question);
      this.node.focus({ preventScroll: true });
    };
    field.addEventListener('keydown', event => {
      const { key } = event as KeyboardEvent;
      if (composes(event as KeyboardEvent)) return;
      if (key === 'Escape') back();
      else if (
        key === 'Enter' &&
        (field instanceof HTMLInputElement || (event as KeyboardEvent).ctrlKey)
      )
        send();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    const key = field instanceof HTMLInputElement ? '↵' : 'Ctrl ↵';
    this.actions.replaceChildren(
      field,
      choice(word, key, send, 'pri'),
      choice(t('Back'), 'Esc', back)
    );
    field.focus({ preventScroll: true });
  }

  private answer(decision: Decision): void {
    const { question } = this.call;
    if (!question) return;
    const buttons = [...this.actions.querySelectorAll('button')];
    buttons.forEach(node => put(node, { disabled: true }));
    this.desk.decide(question.key, decision).catch((error: unknown) => {
      buttons.forEach(node => put(node, { disabled: false }));
      this.say(told(error instanceof Error ? error.message : String(error)));
    });
  }

  private say(words: string): void {
    this.said.hidden = false;
    setText(this.said, words);
    this.desk.say(words);
  }

  /** Letters answer while the focus is in the card and nothing is typed. */
  private pressed(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !composes(event);
    if (!isPlain || target.closest('input,textarea')) return;
    const { question } = this.call;
    const key = event.key.toUpperCase();
    const act = question && this.choices(question).find(choice => choice[1] === key)?.[2];
    if (!act || !this.desk.live || this.actions.querySelector('button[disabled],input,textarea')) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    act();
  }
}

/** Bring what waits for the person into sight, and the focus to it, but to none of its buttons.
 *
 * @param ofRun what the run as a whole asks
 */
export function focusQuestion(view: RunView, list: StepList, ofRun: HTMLElement): boolean {
  const step = view.steps.find(each => each.calls.some(call => call.question));
  const row = step && list.reveal(`s${step.number}`, true, false);
  const inRow = row?.querySelector<HTMLElement>('.ask:not([hidden])');
  const card = inRow ?? (ofRun.hidden ? null : ofRun);
  card?.focus({ preventScroll: true });
  card?.scrollIntoView({ block: 'nearest' });
  return card !== null;
}

/** A button that says its key. */
function choice(words: string, key: string, act: () => void, look = ''): HTMLButtonElement {
  return button({ class: `b big ${look}` }, act, words, h('kbd', {}, key));
}

function titleOf(question: Question): string {
  if (question.about === 'result') return t('Send this result to the model?');
  if (question.about === 'outcome') return t('The kernel ended while this ran. Run it again?');
  const verbs = joined(question.reasons.map(reason => reason.verb));
  return verbs ? t('Run this? It {verbs}.', { verbs }) : t('Run this?');
}

/** What the kernel names, each once: `deletes files and starts processes`. */
function joined(names: readonly string[]): string {
  return [...new Set(names)].filter(Boolean).map(told).join(t(' and '));
}

function reasonRows(question: Question): HTMLElement[] {
  const cells = question.reasons.flatMap(({ line, verb, what, detail }) => [
    h('span', { class: 'm mono s' }, line ? t('line {n}', { n: line }) : ''),
    h('b', {}, told(verb)),
    h(
      'span',
      { dir: 'auto' },
      what && h('code', {}, what),
      ' ',
      h('span', { class: 'm' }, toldParts(detail))
    )
  ]);
  return cells.length ? [h('div', { class: 'risk' }, ...cells)] : [];
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
