import { describe, expect, it } from 'vitest';
import { grouped, isOpenAtFirst, itemsOf, matching } from '../../src/runs/groups';
import { heightOfAll, indexAt, inSight, laidOut } from '../../src/runs/layout';
import { merged } from '../../src/runs/merge';
import { listed, row } from './rows';

const NOON = new Date(2026, 10, 26, 12, 0, 0);
const NOW_S = NOON.getTime() / 1000;
const DAY_S = 86_400;

describe('merging', () => {
  const live = { run: listed('a', { state: 'running', wall: 2 }), kernelId: 'K', path: 'p.ipynb' };

  it('lets the live kernel win, and the session name the notebook', () => {
    const [one] = merged([listed('a', { state: 'interrupted' })], [live], new Set());
    expect(one).toMatchObject({ state: 'running', source: 'both', kernelId: 'K' });
    expect(one?.notebook).toBe('p.ipynb');
  });

  it('says what is stored elsewhere only once the server has denied it', () => {
    expect(merged([], [live], new Set())[0]?.elsewhere).toBe(false);
    expect(merged([], [live], new Set(['a']))[0]?.elsewhere).toBe(true);
    expect(merged([listed('a')], [live], new Set(['a']))[0]?.elsewhere).toBe(false);
  });

  it('puts the newest first, in one order for the same time', () => {
    const stored = ['b', 'c', 'd'].map(name => listed(name, { wall: name === 'd' ? 9 : 5 }));
    const names = merged(stored, [], new Set()).map(({ run_id }) => run_id);
    expect(names).toEqual(['d', 'c', 'b']);
    const back = merged([...stored].reverse(), [], new Set()).map(({ run_id }) => run_id);
    expect(back).toEqual(names);
  });

  it('does not take a path of another machine for one of the server', () => {
    const far = { ...live, path: '' };
    expect(merged([], [far], new Set())[0]?.outside).toBe(true);
  });
});

describe('groups', () => {
  const rows = [
    row('w', { state: 'waiting', wall: NOW_S - 10 * DAY_S }),
    row('r', { state: 'retrying', wall: NOW_S }),
    row('i', { state: 'interrupted', wall: NOW_S - 2 * DAY_S }),
    row('j', { state: 'interrupted', wall: NOW_S - 20 * DAY_S }),
    row('t', { wall: NOW_S - 60 }),
    row('y', { wall: NOW_S - DAY_S }),
    row('e', { wall: NOW_S - 2 * DAY_S })
  ];

  it('are by what is urgent, then by day', () => {
    const found = grouped(rows, NOON).map(({ name, rows: of }) => [
      name,
      ...of.map(each => each.run_id)
    ]);
    expect(found).toEqual([
      ['needs', 'w'],
      ['interrupted', 'i'],
      ['running', 'r'],
      ['today', 't'],
      ['yesterday', 'y'],
      ['earlier', 'j', 'e']
    ]);
  });

  it('begin at midnight where the page is', () => {
    const midnight = new Date(2026, 10, 26).getTime() / 1000;
    const around = [row('a', { wall: midnight }), row('b', { wall: midnight - 1 })];
    expect(grouped(around, NOON).map(({ name }) => name)).toEqual(['today', 'yesterday']);
  });

  it('become lines: a head, its runs if it is open, what is left of the current one', () => {
    const keys = itemsOf(grouped(rows, NOON), isOpenAtFirst, 'i', true).map(({ key }) => key);
    expect(keys).toEqual([
      ...['head:needs', 'run:w', 'head:interrupted', 'run:i', 'note:i', 'head:running', 'run:r'],
      ...['head:today', 'run:t', 'head:yesterday', 'head:earlier', 'more']
    ]);
  });

  it('are searched by every word, in title, notebook, model and names', () => {
    expect(matching(rows, 'PLOT penguins').length).toBe(rows.length);
    expect(matching(rows, 'plot colony')).toEqual([]);
    expect(matching(rows, '  ')).toEqual(rows);
  });
});

describe('the window', () => {
  const items = Array.from({ length: 1_000 }, (_, i) => ({ key: `${i}`, tall: i % 10 === 0 }));
  const slots = laidOut(items, ({ tall }) => (tall ? 72 : 48));

  it('has every line that is in sight and few more', () => {
    for (const top of [0, 1, 47, 72, 5_000, 49_000, heightOfAll(slots)]) {
      const [from, to] = inSight(slots, top, 600, 240);
      for (const [i, { top: at, height }] of slots.entries()) {
        const seen = at < top + 600 && at + height > top;
        if (seen) expect(i >= from && i < to).toBe(true);
      }
      expect(to - from).toBeLessThan(30);
    }
  });

  it('finds the line at a height as a walk through all does', () => {
    for (let y = 0; y < heightOfAll(slots); y += 97) {
      expect(indexAt(slots, y)).toBe(slots.findIndex(({ top, height }) => top + height > y));
    }
    expect(indexAt(slots, 1e9)).toBe(slots.length);
    expect(inSight([], 0, 600, 240)).toEqual([0, 0]);
  });
});
