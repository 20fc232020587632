// How the step view says things: places, moves, and the sentences of the kernel.

import { h } from '../view/dom';
import { clean, plural } from '../view/phrases';
import type { Move, MoveFacts, ToolFacts } from './types';

/** A move in two or three words, as a screen reader says it: `request`, `before tool`, `error`. */
export function placeWords(move: Move): string {
  switch (move.place) {
    case 'request':
      return 'request';
    case 'reply':
      return move.mark === 'answer' ? 'reply, the answer' : 'reply';
    case 'call':
      return 'before tool';
    case 'result':
      return move.mark === '' || move.mark === 'calls' ? 'result' : move.mark;
    case '':
      return move.mark || 'end';
  }
}

/** The sign of a move in the moves line. */
export function signOf(move: Move): string {
  if (move.mark === 'error') return '✕';
  if (move.mark === 'denied' || move.mark === 'stopped') return '◇';
  return { request: '↑', reply: '↓', call: '›_', result: '✓', '': '·' }[move.place];
}

export function moveName(move: Move): string {
  const edited = move.edited ? ', edited by you' : '';
  return `Move ${move.n}, step ${move.step}, ${placeWords(move)}${edited}`;
}

/** What is in hand at a move, as a form names it. */
export function handName(facts: MoveFacts): string {
  switch (facts.place) {
    case 'request':
      return `request ${facts.step}`;
    case 'reply':
      return `reply ${facts.step}`;
    case 'call':
      return `arguments of ${clean(facts.tool?.name ?? 'the call')}`;
    case 'result':
      return `result of ${clean(facts.tool?.name ?? 'the call')}`;
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
  return n ? plural(n, 'call') : 'answer';
}
