// A source changed where it differs: the cursors and the words of others stay where they are.

import { opcodes } from '../view/diff';
import { sha256 } from '../view/sha256';
import type { SharedCell } from './shared';

const IN_WORD = /^[\p{L}\p{M}\p{N}_]{2}$/u;
const IN_CHARACTER = /^[\ud800-\udbff][\udc00-\udfff]$/;

/** A replacement of `text.slice(start, end)`. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** How the kernel names a source: the first 16 hex digits of its SHA-256. */
export function hashOf(source: string): string {
  return sha256(source).slice(0, 16);
}

/** The replacements that turn one text into another, from the last to the first. */
export function splices(before: string, after: string): Splice[] {
  const [a, b] = [linesOf(before), linesOf(after)];
  const found: Splice[] = [];
  let at = 0;
  for (const [tag, i, j, k, m] of opcodes(a, b)) {
    const old = a.slice(i, j).join('');
    if (tag !== 'equal') found.unshift(trimmed(at, old, b.slice(k, m).join('')));
    at += old.length;
  }
  return found;
}

/** Give a cell another source. */
export function rewrite(cell: SharedCell, source: string): void {
  for (const { start, end, text } of splices(cell.getSource(), source)) {
    cell.updateSource(start, end, text);
  }
}

function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** Leave out what both begin and end with; never part of a word, as nobody would know it any more
 * if another page took away the rest meanwhile. */
function trimmed(at: number, old: string, text: string): Splice {
  const most = Math.min(old.length, text.length);
  let head = 0;
  while (head < most && old[head] === text[head]) head++;
  while (isInside(old, head) || isInside(text, head)) head--;
  const [a, b] = [old.slice(head), text.slice(head)];
  let tail = 0;
  while (tail < most - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  while (isInside(a, a.length - tail) || isInside(b, b.length - tail)) tail--;
  return { start: at + head, end: at + old.length - tail, text: b.slice(0, b.length - tail) };
}

/** Whether a place is inside a word, or a character of two code units. */
function isInside(text: string, place: number): boolean {
  const around = text.slice(Math.max(0, place - 1), place + 1);
  return IN_WORD.test(around) || IN_CHARACTER.test(around);
}
