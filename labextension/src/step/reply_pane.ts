// What the model returned: reasoning, content, calls, and what they cost.

import { button, disclose, h, icon } from '../view/dom';
import { clean, count, fixed, seconds } from '../view/phrases';
import { callCode, editedMark, notYet } from './fold_code';
import type { Pane } from './tabs';
import type { MoveFacts, ReplyFacts } from './types';
import { textOf } from './words';
import { counted, t } from '../words';

/** Reasoning shows so many lines, then opens. */
const SHOWN_LINES = 6;

interface CallShape {
  id?: string;
  function?: { name?: string; arguments?: string };
}

export class ReplyPane implements Pane {
  readonly node = h('div', { class: 'fill' });
  private drawn: ReplyFacts | null = null;
  private step = 0;

  update(facts: MoveFacts): void {
    if (facts.reply === this.drawn && facts.step === this.step && this.drawn) return;
    this.drawn = facts.reply;
    this.step = facts.step;
    const old = notYet('reply', facts.step, facts.reply?.step);
    const parts = facts.reply ? replyNodes(facts.reply) : [];
    this.node.replaceChildren(...(old ? [old] : []), ...parts);
  }
}

function replyNodes(reply: ReplyFacts): HTMLElement[] {
  const { message } = reply;
  const reasoning = message['reasoning_content'] ?? message['reasoning'];
  const content = textOf(message.content ?? '');
  const calls = Array.isArray(message['tool_calls']) ? (message['tool_calls'] as CallShape[]) : [];
  const thought =
    typeof reasoning === 'string' && reasoning ? [reasoningNode(reasoning, reply)] : [];
  return [
    factsLine(reply),
    ...thought,
    ...(reply.was ? [wasNode(reply.was)] : []),
    h('div', { class: 'sub' }, h('b', {}, 'content'), content ? '' : ` ${t('empty')}`),
    ...(content ? [h('pre', { class: 'text in', dir: 'auto' }, clean(content))] : []),
    ...calls.flatMap(callNodes)
  ];
}

function factsLine(reply: ReplyFacts): HTMLElement {
  const out = reply.usage?.['completion_tokens'];
  const missing = h('span', { class: 'chip err' }, t('reasoning missing'));
  const kept = h('span', {}, `${t('reasoning kept')} `, icon('check', 'c-ok'));
  return h(
    'div',
    { class: 'fact' },
    h('span', {}, 'finish_reason ', h('b', {}, clean(reply.finish_reason) || '—')),
    out !== undefined && h('span', {}, `${t('out')} `, h('b', {}, count(out))),
    reply.ttft_s !== null && h('span', {}, 'TTFT ', h('b', {}, seconds(reply.ttft_s))),
    reply.tokens_per_s !== null &&
      h('span', {}, h('b', {}, fixed(reply.tokens_per_s, 0)), ` ${t('tok/s')}`),
    reply.reasoning === 'kept' && kept,
    reply.reasoning === 'missing' && missing,
    reply.edited && editedMark()
  );
}

function reasoningNode(text: string, reply: ReplyFacts): HTMLElement {
  const tokens = reply.usage?.['reasoning_tokens'];
  const body = h('p', { dir: 'auto' }, clean(text));
  const isLong = text.length > SHOWN_LINES * 80 || text.split('\n').length > SHOWN_LINES;
  body.classList.toggle('cut', isLong);
  const toggle: HTMLButtonElement = button(
    { class: 'lab', 'aria-expanded': String(!isLong) },
    () => {
      const isCut = body.classList.toggle('cut');
      toggle.setAttribute('aria-expanded', String(!isCut));
    },
    icon('chev', 'chev'),
    h('b', { class: 'c-reason' }, t('Reasoning')),
    tokens !== undefined && h('span', {}, counted(tokens, 'token')),
    isLong && h('span', {}, t('first {n} lines', { n: SHOWN_LINES }))
  );
  return h('div', { class: 'in' }, h('div', { class: 'rz' }, toggle, body));
}

/** The reply before it was edited. */
function wasNode(was: string): HTMLElement {
  const text = h('pre', { class: 'text', hidden: true }, h('s', {}, clean(was)));
  const toggle: HTMLButtonElement = button(
    { class: 'more', 'aria-expanded': 'false' },
    () => disclose(toggle, text, text.hidden),
    t('As the model wrote it')
  );
  return h('div', { class: 'in' }, toggle, text);
}

function callNodes(call: CallShape, i: number): HTMLElement[] {
  const name = clean(call.function?.name ?? '');
  const text = call.function?.arguments ?? '';
  const given = argumentsOf(text);
  const code = typeof given?.['code'] === 'string' ? given['code'] : '';
  const label = h(
    'div',
    { class: 'sub' },
    `tool_calls[${i}] `,
    h('code', {}, name),
    ' ',
    h('span', { class: 'xs' }, clean(call.id ?? ''))
  );
  const nMore = given && code ? Object.keys(given).length - 1 : 0;
  const body = given ? callCode(given, code) : h('pre', { class: 'text in' }, clean(text));
  return [
    label,
    body,
    ...(nMore ? [h('div', { class: 'sub' }, counted(nMore, 'more argument'))] : [])
  ];
}

function argumentsOf(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
