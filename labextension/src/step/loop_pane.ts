// The loop's own source: where it rests, what ran since the last move, and what was not taken.

import { codeLines } from '../view/highlight';
import { h, put, setText } from '../view/dom';
import { clean } from '../view/phrases';
import { sign } from './icons';
import type { StepModel } from './model';
import type { MoveFacts } from './types';
import { sentence } from './words';
import { counted, t, told } from '../words';

const WRAP_CHARS = 4;

export class LoopPane {
  private readonly name = h('code', { class: 'm el' });
  private readonly where = h('span', { class: 'm s nw' });
  private readonly loop = h('div', { class: 'loop', role: 'group', tabindex: 0 });
  private readonly say = h('p');
  private readonly since = h('p', { class: 'm s' });
  readonly nodes = [
    h(
      'div',
      { class: 'cap' },
      h('b', { class: 'nw' }, t('The loop')),
      this.name,
      h('span', { class: 'grow' }),
      this.where
    ),
    this.loop,
    h('div', { class: 'say' }, this.say, this.since)
  ];
  private drawn: MoveFacts | null = null;

  constructor(private readonly model: StepModel) {}

  update(): void {
    const { model } = this;
    const facts = model.shown;
    if (!model.moves || !facts || facts === this.drawn) return;
    this.drawn = facts;
    const { loop } = model.moves;
    setText(this.name, clean(loop.name));
    put(this.name, { title: clean(loop.file) });
    const { line: n } = facts;
    const source = loop.builtin
      ? t('line {n}, running source', { n })
      : t('line {n}, your source, running', { n });
    setText(this.where, n ? source : t('returned'));
    const label = n
      ? t('Loop source, line {n} is current', { n })
      : t('Loop source, it has returned');
    this.loop.setAttribute('aria-label', label);
    const noSource = t('# The source of this loop cannot be had.');
    const lines = codeLines(clean(loop.source || noSource).replace(/\n$/, ''));
    this.loop.replaceChildren(...lines.map((line, i) => lineNode(line, i + 1, facts)));
    this.reveal(facts.line);
    this.say.replaceChildren(...sentence(told(facts.say)));
    setText(this.since, sinceWords(facts));
  }

  private reveal(line: number): void {
    const row = this.loop.children[line - 1] as HTMLElement | undefined;
    if (!row) return;
    const top = row.offsetTop;
    const { scrollTop, clientHeight } = this.loop;
    const isSeen = top >= scrollTop && top + row.offsetHeight <= scrollTop + clientHeight;
    if (!isSeen) this.loop.scrollTop = top - clientHeight / 2;
  }
}

function lineNode(code: (Node | string)[], number: number, facts: MoveFacts): HTMLElement {
  const isNow = number === facts.line;
  const isSkipped = facts.skipped.includes(number);
  const text = code.map(part => (typeof part === 'string' ? part : part.textContent)).join('');
  const indent = text.length - text.trimStart().length;
  const test = facts.tests.find(each => each.line === number);
  const isFirst = isSkipped && !facts.skipped.includes(number - 1);
  const [said, mark] = isNow
    ? [t('rests here: '), sign('play')]
    : facts.ran.includes(number)
      ? [t('ran: '), h('i', { class: 'rn' })]
      : ['', null];
  const hang = indent + WRAP_CHARS; // a line that is too long goes on deeper than it began
  return h(
    'div',
    { class: `cl${isNow ? ' cur' : ''}${isSkipped ? ' dim' : ''}` },
    h('span', { class: 'ar', 'aria-hidden': 'true' }, mark),
    h('span', { class: 'lno', 'aria-hidden': 'true' }, String(number)),
    said && h('span', { class: 'vh' }, said),
    h(
      'span',
      { class: 'src', style: `padding-left:${hang}ch;text-indent:-${hang}ch` },
      h('code', {}, ' '.repeat(indent), h('span', {}, ...trimmed(code, indent))),
      test && h('span', { class: 'iv' }, clean(testWords(test.text))),
      isFirst && h('span', { class: 'iv' }, t('not taken'))
    )
  );
}

/** How a test came out, as the kernel tells it: `no: calls has 1 item`. */
function testWords(text: string): string {
  const [, answer, facts = ''] = /^(yes|no): (.*)$/.exec(text) ?? [];
  const what = facts.split(', ').map(factWords).join(t(', '));
  if (answer === 'yes') return t('yes: {what}', { what });
  return answer === 'no' ? t('no: {what}', { what }) : told(text);
}

function factWords(fact: string): string {
  const [, name, n] = /^(\S+) has (\d+) items?$/.exec(fact) ?? [];
  return name ? t('{name} has {items}', { name, items: counted(Number(n), 'item') }) : told(fact);
}

/** A line's parts without its indent, so that only words are struck through. */
function trimmed(code: (Node | string)[], indent: number): (Node | string)[] {
  const [first, ...rest] = code;
  return typeof first === 'string' ? [first.slice(indent), ...rest] : code;
}

function sinceWords({ history }: MoveFacts): string {
  const fresh = history.messages.flatMap((card, i) => (card.is_new && !card.joins ? i + 1 : []));
  const [first, last] = [fresh.at(0), fresh.at(-1)];
  if (first === undefined || last === undefined || !history.since) return '';
  const values = { first, last, since: history.since };
  return first === last
    ? t('message {first} since request {since}', values)
    : t('messages {first} to {last} since request {since}', values);
}
