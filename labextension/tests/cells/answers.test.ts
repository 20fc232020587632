// What a person answers: accept, reject, put back, and the way back from each.

import { describe, expect, it } from 'vitest';
import * as answers from '../../src/cells/answers';
import { goneOf, isTouched, type Mark, markOf } from '../../src/cells/marks';
import type { Op } from '../../src/cells/protocol';
import { hashOf } from '../../src/cells/text';
import { done, edit, ids, notebook, sources } from './notebooks';

type Book = ReturnType<typeof notebook>;

const mark = (book: Book, i: number): Mark | null => {
  const cell = book.cells[i];
  return cell ? markOf(cell) : null;
};
const remove = (book: Book, id: string): Op => {
  const source = book.cells.find(cell => cell.id === id)?.getSource() ?? '';
  return { op: 'delete', id, expected: hashOf(source) };
};

/** A notebook of which one run has changed all. */
function changed(): Book {
  const book = notebook('a', 'b', 'c', 'd');
  const insert: Op = { op: 'insert', after: 'c0', type: 'code', source: 'new', id: 'n' };
  done(book, [edit(book, 'c0', 'A'), insert, remove(book, 'c1'), remove(book, 'c2')]);
  expect(sources(book)).toEqual(['A', 'new', 'd']);
  return book;
}

describe('accepting', () => {
  it('takes the mark away, and can be taken back', () => {
    const book = changed();
    const undo = answers.accept(book, 'c0');
    expect([sources(book)[0], mark(book, 0)]).toEqual(['A', null]);
    undo();
    expect(mark(book, 0)).toMatchObject({ kind: 'edited', before: 'a' });
  });
});

describe('rejecting', () => {
  it('puts back what was there, and can be taken back', () => {
    const book = changed();
    const undo = answers.reject(book, 'c0');
    expect([sources(book)[0], mark(book, 0)]).toEqual(['a', null]);
    undo();
    expect([sources(book)[0], mark(book, 0)?.kind]).toEqual(['A', 'edited']);
  });

  it('removes a cell that was added, and can be taken back', () => {
    const book = changed();
    const undo = answers.reject(book, 'n');
    expect(sources(book)).toEqual(['A', 'd']);
    undo();
    expect(ids(book)).toEqual(['c0', 'n', 'c3']);
    expect(mark(book, 1)?.kind).toBe('inserted');
  });

  it('tells whether a person has written since, and never takes their text back silently', () => {
    const book = changed();
    book.cells[0]?.updateSource(0, 0, 'mine ');
    const now = mark(book, 0);
    expect(now && isTouched(now, sources(book)[0] ?? '')).toBe(true);
    const undo = answers.reject(book, 'c0');
    book.cells[0]?.updateSource(0, 0, 'more ');
    undo(); // too late: what is there now is the person's
    expect(sources(book)[0]).toBe('more a');
  });

  it('puts back an earlier run’s change with its mark', () => {
    const book = notebook('a');
    done(book, [edit(book, 'c0', 'b')], 'r1');
    done(book, [edit(book, 'c0', 'c')], 'r2');
    answers.reject(book, 'c0');
    expect([sources(book), mark(book, 0)?.run]).toEqual([['b'], 'r1']);
    answers.reject(book, 'c0');
    expect([sources(book), mark(book, 0)]).toEqual([['a'], null]);
  });

  it('of a cell changed twice by one run goes back to before the first time', () => {
    const book = notebook('a');
    done(book, [edit(book, 'c0', 'b')]);
    done(book, [edit(book, 'c0', 'c')]);
    answers.reject(book, 'c0');
    expect(sources(book)).toEqual(['a']);
  });

  it('goes back to what a person wrote between two changes', () => {
    const book = notebook('a');
    done(book, [edit(book, 'c0', 'b')]);
    book.cells[0]?.updateSource(1, 1, ' mine');
    done(book, [edit(book, 'c0', 'c')]);
    answers.reject(book, 'c0');
    expect(sources(book)).toEqual(['b mine']);
  });
});

describe('a deleted cell', () => {
  it('comes back where it was, whichever comes first', () => {
    for (const order of [
      [0, 1],
      [1, 0]
    ]) {
      const book = changed();
      const gone = goneOf(book);
      for (const i of order) {
        const each = gone[i];
        if (each) answers.restore(book, each);
      }
      expect(ids(book)).toEqual(['c0', 'n', 'c1', 'c2', 'c3']);
      expect(goneOf(book)).toEqual([]);
    }
  });

  it('can be left deleted, and both can be taken back', () => {
    const book = changed();
    const [gone] = goneOf(book);
    if (!gone) throw new Error('nothing was deleted');
    answers.keepDeleted(book, gone)();
    expect(goneOf(book)).toHaveLength(2);
    answers.restore(book, gone)();
    expect(goneOf(book)).toHaveLength(2);
    expect(sources(book)).toEqual(['A', 'new', 'd']);
  });

  it('that the same run had made does not come back with the rest', () => {
    const book = changed();
    done(book, [remove(book, 'n')]);
    answers.revertAll(book, 'r1');
    expect(ids(book)).toEqual(['c0', 'c1', 'c2', 'c3']);
    expect(answers.changesOf(book)).toEqual([]);
  });
});

describe('all that a run changed', () => {
  it('is taken back at once, but for what a person changed since', () => {
    const book = changed();
    book.cells[1]?.updateSource(0, 0, 'mine ');
    const [result, undo] = answers.revertAll(book, 'r1');
    expect(result).toEqual({
      ok: true,
      reverted: ['c0', 'c1', 'c2'],
      kept: [{ id: 'n', why: 'changed since by a person' }]
    });
    expect(sources(book)).toEqual(['a', 'mine new', 'b', 'c', 'd']);
    undo();
    expect(sources(book)).toEqual(['A', 'mine new', 'd']);
    expect(answers.changesOf(book)).toMatchObject([{ run: 'r1', gone: [{}, {}] }]);
  });

  it('is taken back by the kernel’s request in the same way', () => {
    const book = changed();
    const result = done(book, [{ op: 'revert', run: 'r1' }]);
    expect(result).toMatchObject({ results: [{ reverted: ['c0', 'n', 'c1', 'c2'], kept: [] }] });
    expect(sources(book)).toEqual(['a', 'b', 'c', 'd']);
    expect(answers.changesOf(book)).toEqual([]);
  });

  it('is accepted at once, and that can be taken back', () => {
    const book = changed();
    const [all] = answers.changesOf(book);
    if (!all) throw new Error('nothing was changed');
    const undo = answers.acceptAll(book, all);
    expect(answers.changesOf(book)).toEqual([]);
    undo();
    expect(answers.changesOf(book)[0]?.cells).toHaveLength(2);
  });
});
