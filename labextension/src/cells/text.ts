// A source changed where it differs: the cursors and the words of others stay where they are.

import { opcodes } from '../view/diff';
import { sha256 } from '../view/sha256';
import type { SharedCell } from './shared';

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

/** Leave out what both begin and end with; never half a character. */
function trimmed(at: number, old: string, text: string): Splice {
  const most = Math.min(old.length, text.length);
  let head = 0;
  while (head < most && old[head] === text[head]) head++;
  if (isHalf(old, head)) head--;
  let tail = 0;
  while (tail < most - head && old.at(-1 - tail) === text.at(-1 - tail)) tail++;
  if (isHalf(old, old.length - tail)) tail--;
  return {
    start: at + head,
    end: at + old.length - tail,
    text: text.slice(head, text.length - tail)
  };
}

/** Whether a place is inside a character of two code units. */
function isHalf(text: string, place: number): boolean {
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(place - 1, place + 1));
}
