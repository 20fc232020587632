// An agent and two persons change one notebook at the same time, on two pages that hear of each
// other late and in any order: no edit is lost, none lands in another cell, ids stay unique, and
// what is refused changes nothing. Each word that somebody writes is a token of its own.

import { isDeepStrictEqual } from 'node:util';
import { YNotebook } from '@jupyter/ydoc';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import * as answers from '../../src/cells/answers';
import { apply } from '../../src/cells/apply';
import { guard } from '../../src/cells/guard';
import { goneOf, isTouched, markOf } from '../../src/cells/marks';
import type { Op, Request, Result } from '../../src/cells/protocol';
import { hashOf } from '../../src/cells/text';
import { newId, notebook, request } from './notebooks';

/** SEEDS=3000 tells more of them, in two minutes. */
const RUNS = Number(process.env['SEEDS'] ?? 200);
const CONTROLS = 200;
const MOVES = 40;
const LIMIT_MS = 480_000;
/** After so many seeds vitest may hear that we are still there. */
const BREATH = 20;
const TOKEN = /[ug]\d+/g;

type Apply = (book: YNotebook, request: Request) => Result;
const ours: Apply = (book, asked) => apply(book, asked, '', newId);

/** The positive control: the cell is found, its text is not compared. */
const unchecked: Apply = (book, asked) => {
  for (const op of asked.ops) {
    const at = 'id' in op ? book.cells.findIndex(cell => cell.id === op.id) : -1;
    if (op.op === 'insert' || op.op === 'read') return ours(book, asked);
    if (op.op === 'edit') book.cells[at]?.setSource(op.source);
    if (op.op === 'delete' && at >= 0) book.deleteCell(at);
  }
  return { ok: true };
};

/** Random numbers that a seed repeats (mulberry32). */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

function wordsOf(text: string): Set<string> {
  return new Set(text.match(TOKEN));
}

class Page {
  readonly inbox: Uint8Array[] = [];
  private readonly later: (() => void)[] = [];

  constructor(readonly book: YNotebook) {
    guard(book, act => this.later.push(act));
  }

  hear(roll: (below: number) => number): void {
    const [update] = this.inbox.splice(roll(this.inbox.length), 1);
    if (update) Y.applyUpdate(this.book.ydoc, update, 'another page');
    this.later.splice(0).forEach(act => act());
  }
}

/** Two pages of one notebook. Which of two words that are written in one place comes first is told
 * by the pages' numbers. */
function pages(isFirst: boolean): [Page, Page] {
  const first = notebook('first\ncell\n', 'second\ncell\n', 'third\ncell\n');
  const second = new YNotebook({ disableDocumentWideUndoRedo: true });
  Y.applyUpdate(second.ydoc, Y.encodeStateAsUpdate(first.ydoc), 'another page');
  const made: [Page, Page] = [new Page(first), new Page(second)];
  made.forEach(({ book }, i) => {
    book.ydoc.clientID = (i === 0) === isFirst ? 1 : 2;
    book.ydoc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'another page') made[1 - i]?.inbox.push(update);
    });
  });
  return made;
}

class Story {
  readonly pages: [Page, Page];
  /** Where each word was written, as long as nobody has taken it away knowingly. */
  private readonly words = new Map<string, string>();
  private readonly seen = new Map<string, string>();
  private readonly dropped = new Set<string>();
  private readonly ids: Set<string>;
  private n = 0;
  refused = 0;
  applied = 0;
  faults: string[] = [];

  constructor(
    private readonly roll: (below: number) => number,
    private readonly carryOut: Apply
  ) {
    this.pages = pages(roll(2) === 0);
    this.ids = new Set(this.agents.cells.map(({ id }) => id));
  }

  private get agents(): YNotebook {
    return this.pages[0].book;
  }

  move(): void {
    const page = this.pages[this.roll(2)] ?? this.pages[0];
    const moves = [
      () => this.type(page.book),
      () => this.type(page.book),
      () => this.add(page.book),
      () => this.drop(page.book),
      () => this.answer(page.book),
      () => this.read(),
      () => this.read(),
      () => this.edit(),
      () => this.edit(),
      () => this.insert(),
      () => this.remove(),
      () => page.hear(this.roll),
      () => page.hear(this.roll),
      () => page.hear(this.roll)
    ];
    moves[this.roll(moves.length)]?.();
  }

  private token(kind: 'u' | 'g', cell: string): string {
    const token = `${kind}${this.n++}`;
    this.words.set(token, cell);
    return `${token};`;
  }

  private any<T>(of: readonly T[]): T | undefined {
    return of[this.roll(of.length)];
  }

  /** Words that somebody who sees them takes away. */
  private forget(text: string): void {
    for (const token of wordsOf(text)) this.words.delete(token);
  }

  /** Words that somebody takes away or brings back by a change of what they see. */
  private change(from: string, to: string, cell: string): void {
    const [before, after] = [wordsOf(from), wordsOf(to)];
    for (const token of before) if (!after.has(token)) this.words.delete(token);
    for (const token of after) if (!before.has(token)) this.words.set(token, cell);
  }

  private type(book: YNotebook): void {
    const cell = this.any(book.cells);
    if (!cell) return;
    const gaps = [...cell.getSource().matchAll(/(?<=[;\n ]|^)/g)].map(({ index }) => index);
    const at = this.any(gaps) ?? 0;
    cell.updateSource(at, at, this.token('u', cell.id));
  }

  private add(book: YNotebook): void {
    const id = newId();
    this.ids.add(id);
    const source = this.token('u', id);
    book.insertCell(this.roll(book.cells.length + 1), { cell_type: 'code', id, source });
  }

  /** A person deletes a cell: what is in it goes with it, on every page. */
  private drop(book: YNotebook): void {
    const at = this.roll(book.cells.length);
    const cell = book.cells[at];
    if (!cell || this.roll(3)) return;
    this.forget(cell.getSource());
    this.dropped.add(cell.id);
    book.deleteCell(at);
  }

  private answer(book: YNotebook): void {
    const cell = this.any(book.cells.filter(each => markOf(each)));
    const mark = cell && markOf(cell);
    if (!mark) return;
    if (this.roll(2)) answers.accept(book, cell.id);
    else if (mark.before !== null && !isTouched(mark, cell.getSource())) {
      this.change(cell.getSource(), mark.before, cell.id);
      answers.reject(book, cell.id);
    }
  }

  private read(): void {
    const cell = this.any(this.agents.cells);
    if (cell) this.seen.set(cell.id, cell.getSource());
  }

  private ask(op: Op): boolean {
    const before = JSON.stringify(this.agents.toJSON());
    const result = this.carryOut(this.agents, request([op], `r${this.roll(2)}`));
    if (result.ok) {
      this.applied++;
      return true;
    }
    this.refused++;
    if (JSON.stringify(this.agents.toJSON()) !== before) this.faults.push('a refusal changed it');
    if (result.source !== undefined && 'id' in op && op.id) this.seen.set(op.id, result.source);
    return false;
  }

  private edit(): void {
    const [id, old] = this.any([...this.seen]) ?? [];
    if (id === undefined || old === undefined) return;
    const token = this.token('g', id);
    const isNew = this.roll(3) === 0;
    const source = isNew ? `all new ${token}\n` : `${old}${token}`;
    if (!this.ask({ op: 'edit', id, expected: hashOf(old), source })) {
      this.forget(token);
      return;
    }
    if (isNew) this.forget(old);
    this.seen.set(id, source);
  }

  private insert(): void {
    const [after] = this.any([...this.seen]) ?? [null];
    const id = newId();
    const source = this.token('g', id);
    this.ids.add(id);
    if (this.ask({ op: 'insert', after, type: 'code', source, id })) this.seen.set(id, source);
    else this.forget(source);
  }

  private remove(): void {
    const [id, old] = this.any([...this.seen]) ?? [];
    if (id === undefined || old === undefined || this.roll(3)) return;
    if (this.ask({ op: 'delete', id, expected: hashOf(old) })) {
      this.forget(old);
      this.seen.delete(id);
    }
  }

  /** Everybody has heard everything. */
  end(): void {
    while (this.pages.some(({ inbox }) => inbox.length)) {
      for (const page of this.pages) page.hear(this.roll);
    }
    const [first, second] = this.pages.map(({ book }) => book);
    if (!first || !second) return;
    if (!isDeepStrictEqual(first.toJSON(), second.toJSON())) {
      this.faults.push('the pages differ');
    }
    const ids = first.cells.map(({ id }) => id);
    if (new Set(ids).size !== ids.length) this.faults.push(`an id is there twice: ${String(ids)}`);
    for (const [token, id] of this.words) {
      if (!this.dropped.has(id)) this.check(first, token, id);
    }
    for (const { cell } of goneOf(first)) {
      if (ids.includes(cell.id)) this.faults.push(`${cell.id} is there and deleted`);
    }
  }

  private check(book: YNotebook, token: string, id: string): void {
    const places = book.cells.filter(cell => wordsOf(cell.getSource()).has(token));
    const [place, ...more] = places;
    if (!place || more.length)
      this.faults.push(`${token} of ${id} is there ${places.length} times`);
    else if (place.id !== id && this.ids.has(place.id)) {
      this.faults.push(`${token} of ${id} is in ${place.id}`);
    }
  }
}

function told(seed: number, carryOut: Apply): Story {
  const story = new Story(dice(seed), carryOut);
  for (let i = 0; i < MOVES; i++) story.move();
  story.end();
  return story;
}

describe('an agent and two persons', () => {
  it(
    `lose nothing in ${RUNS} interleavings`,
    async () => {
      let [applied, refused] = [0, 0];
      for (let seed = 1; seed <= RUNS; seed++) {
        if (seed % BREATH === 0) await new Promise(resolve => setTimeout(resolve));
        const story = told(seed, ours);
        expect(story.faults, `seed ${seed}`).toEqual([]);
        applied += story.applied;
        refused += story.refused;
      }
      expect(applied).toBeGreaterThan(RUNS);
      expect(refused).toBeGreaterThan(RUNS / 2);
    },
    LIMIT_MS
  );

  it(
    'lose edits where nobody compares what the agent has seen',
    () => {
      const faults = Array.from(
        { length: CONTROLS },
        (_, i) => told(i + 1, unchecked).faults.length
      );
      expect(faults.filter(n => n > 0).length).toBeGreaterThan(CONTROLS / 4);
    },
    LIMIT_MS
  );
});
