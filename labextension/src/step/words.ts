// How the step view says things: places, moves, and the sentences of the kernel.

import { h } from '../view/dom';
import { clean } from '../view/phrases';
import type { Move, MoveFacts, ToolFacts } from './types';
import { counted, t } from '../words';

/** A move in two or three words, as a screen reader says it: `request`, `before tool`, `error`. */
export function placeWords(move: Move): string {
  switch (move.place) {
    case 'request':
      return t('request');
    case 'reply':
      return move.mark === 'answer' ? t('reply, the answer') : t('reply');
    case 'call':
      return t('before tool');
    case 'result':
      return markWords(move.mark) || t('result');
    case '':
      return markWords(move.mark) || t('end');
  }
}

function markWords(mark: Move['mark']): string {
  return {
    '': '',
    calls: '',
    error: t('error'),
    denied: t('denied'),
    stopped: t('stopped'),
    answer: t('answer')
  }[mark];
}

/** The sign of a move in the moves line. */
export function signOf(move: Move): string {
  if (move.mark === 'error') return '✕';
  if (move.mark === 'denied' || move.mark === 'stopped') return '◇';
  return { request: '↑', reply: '↓', call: '›_', result: '✓', '': '·' }[move.place];
}

export function moveName(move: Move): string {
  const values = { n: move.n, step: move.step, place: placeWords(move) };
  const words = t('Move {n}, step {step}, {place}', values);
  return move.edited ? words + t(', ') + t('edited by you') : words;
}

/** What is in hand at a move, as a form names it. */
export function handName(facts: MoveFacts): string {
  const [n, name] = [facts.step, clean(facts.tool?.name ?? t('the call'))];
  switch (facts.place) {
    case 'request':
      return t('request {n}', { n });
    case 'reply':
      return t('reply {n}', { n });
    case 'call':
      return t('arguments of {name}', { name });
    case 'result':
      return t('result of {name}', { name });
    case '':
      return '';
  }
}

/** Words in which `backticks` mark code. */
export function sentence(text: string): (Node | string)[] {
  return clean(text)
    .split('`')
    .map((part, i) => (i % 2 ? h('code', {}, part) : part));
}

/** The text of what the model gets of a tool. */
export function textOf(content: ToolFacts['content']): string {
  if (typeof content === 'string') return content;
  return content.flatMap(part => (part.type === 'text' ? (part.text ?? '') : [])).join('\n');
}

/** How many pictures are in what the model gets. */
export function nPictures(content: ToolFacts['content']): number {
  return typeof content === 'string' ? 0 : content.filter(part => part.type !== 'text').length;
}

export function callsWords(n: number): string {
  return n ? counted(n, 'call') : t('answer');
}
