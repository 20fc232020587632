// What a kernel asks of a notebook is done whole or not at all, and is one step of undo.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { goneOf, markOf } from '../../src/cells/marks';
import type { Op } from '../../src/cells/protocol';
import { hashOf, splices } from '../../src/cells/text';
import { done, edit, ids, notebook, sources } from './notebooks';

const insert = (after: string | null, source: string): Op => ({
  op: 'insert',
  after,
  type: 'code',
  source
});

function markAt(of: ReturnType<typeof notebook>, i: number): ReturnType<typeof markOf> {
  const cell = of.cells[i];
  return cell ? markOf(cell) : null;
}

describe('a request', () => {
  it('inserts, edits and deletes by ids, and says what came of each', () => {
    const book = notebook('a = 1', 'b = 2', 'c = 3');
    const [first, change] = [insert('c0', 'new'), edit(book, 'c1', 'b = 20')];
    const remove: Op = { op: 'delete', id: 'c2', expected: hashOf('c = 3') };
    const result = done(book, [first, change, remove, insert(null, 'top'), insert('end', 'last')]);
    expect(sources(book)).toEqual(['top', 'a = 1', 'new', 'b = 20', 'last']);
    const made = ids(book)[2];
    expect(result).toMatchObject({
      ok: true,
      results: [
        { ok: true, id: made, before: null, index: 1 },
        { ok: true, id: 'c1', hash: hashOf('b = 20'), before: 'b = 2', index: 2 },
        { ok: true, id: 'c2', before: 'c = 3', index: 3 },
        { index: 0 },
        { index: 4 }
      ]
    });
    expect(markAt(book, 3)).toMatchObject({ kind: 'edited', before: 'b = 2', run: 'r1' });
    expect(goneOf(book)).toMatchObject([{ after: 'c1', cell: { id: 'c2', source: 'c = 3' } }]);
  });

  it.each([
    ['changed', edit(notebook('x'), 'c0', 'y'), { source: 'a = 1', hash: hashOf('a = 1') }],
    ['no_such_cell', insert('nowhere', 'x'), { id: 'nowhere' }],
    ['bad_op', { op: 'move' } as unknown as Op, {}]
  ])('that is refused (%s) changes nothing', (reason, bad, more) => {
    const book = notebook('a = 1', 'b = 2');
    const before = JSON.stringify(book.toJSON());
    const result = done(book, [insert('c0', 'new'), edit(book, 'c1', 'other'), bad]);
    expect(result).toMatchObject({ ok: false, reason, at: 2, ...more });
    expect(JSON.stringify(book.toJSON())).toBe(before);
  });

  it('puts outputs into a cell without running it, streams in one piece', () => {
    const book = notebook('print(1)');
    const expected = hashOf('print(1)');
    const outputs = [{ output_type: 'stream', name: 'stdout', text: ['1\n', '2\n'] }];
    done(book, [{ op: 'outputs', id: 'c0', expected, outputs }]);
    expect(book.toJSON().cells[0]).toMatchObject({
      outputs: [{ text: '1\n2\n' }],
      execution_count: null
    });
  });

  it('reads every cell as it is, with bounded text outputs', () => {
    const book = notebook('plot()');
    const data = { 'image/png': 'AAAA', 'text/plain': 'x'.repeat(9_000) };
    const outputs = [{ output_type: 'display_data', metadata: {}, data }];
    done(book, [{ op: 'outputs', id: 'c0', expected: hashOf('plot()'), outputs }]);
    const result = done(book, [{ op: 'read' }]);
    expect(result).toMatchObject({
      ok: true,
      results: [
        {
          path: 'a.ipynb',
          cells: [
            { id: 'c0', type: 'code', source: 'plot()', outputs: [{ data: { 'image/png': '' } }] }
          ]
        }
      ]
    });
    expect(JSON.stringify(result).length).toBeLessThan(9_000);
  });
});

describe('undo', () => {
  it('in a cell takes an edit back in one step, mark and all, and leaves what was typed', () => {
    const book = notebook('a = 1\nb = 2');
    const [cell] = book.cells;
    cell?.updateSource(0, 0, '# mine\n');
    done(book, [edit(book, 'c0', '# mine\na = 10\nb = 20')]);
    cell?.undo();
    expect(cell?.getSource()).toBe('# mine\na = 1\nb = 2');
    expect(markAt(book, 0)).toBeNull();
    cell?.undo();
    expect(cell?.getSource()).toBe('a = 1\nb = 2');
  });

  it('in the notebook takes a whole request back in one step', () => {
    const book = notebook('a', 'b');
    done(book, [insert('c0', 'x'), edit(book, 'c1', 'bb')]);
    done(book, [{ op: 'delete', id: 'c0', expected: hashOf('a') }]);
    book.undo();
    expect(sources(book)).toEqual(['a', 'x', 'bb']);
    expect(goneOf(book)).toEqual([]); // it is there again: no bar
    book.undo();
    expect(sources(book)).toEqual(['a', 'b']);
  });
});

describe('a source', () => {
  it('is named as the kernel names it', () => {
    const source = 'größe = "🐧"\n';
    const digest = createHash('sha256').update(source, 'utf8').digest('hex');
    expect(hashOf(source)).toBe(digest.slice(0, 16));
  });

  it('is changed where it differs, and never inside a character', () => {
    expect(splices('a\nb\nc\n', 'a\nB\nc\nd')).toEqual([
      { start: 6, end: 6, text: 'd' },
      { start: 2, end: 3, text: 'B' }
    ]);
    expect(splices('🐧', '🐨')).toEqual([{ start: 0, end: 2, text: '🐨' }]);
    expect(splices('x🐧y', 'x🐧🐧y')[0]?.text).toMatch(/^(🐧)$/u);
    expect(splices('same', 'same')).toEqual([]);
    expect(splices('a = old_name', 'a = new_name')).toEqual([
      { start: 4, end: 12, text: 'new_name' }
    ]);
    expect(splices('größe', 'größer')).toEqual([{ start: 0, end: 5, text: 'größer' }]);
  });
});
