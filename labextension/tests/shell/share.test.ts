// Which page puts a trace into a notebook that several share: one of them, whoever hears whom when.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { NotebookModel } from '../../src/shell/notebook';
import { isOurs } from '../../src/shell/share';

const UNDER_WAY_MS = 300;

/** Pages whose state becomes the same: what was said last holds, once it has come everywhere. */
function pages(n: number): NotebookModel[] {
  const states = Array.from({ length: n }, () => new Map<string, [number, string]>());
  let now = 0;
  return states.map(own => ({
    cells: { length: 0, get: () => expect.fail('no cell is asked for') },
    collaborative: n > 1,
    sharedModel: {
      insertCells: () => expect.fail('no cell is made'),
      transact: () => expect.fail('nothing is changed'),
      getState: key => own.get(key)?.[1],
      setState: (key, value) => {
        const said: [number, string] = [(now += 1), value];
        const hear = (state: typeof own): void => {
          if ((state.get(key)?.[0] ?? 0) < said[0]) state.set(key, said);
        };
        hear(own);
        for (const other of states) setTimeout(hear, UNDER_WAY_MS, other);
      }
    }
  }));
}

describe('pages that share a notebook', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('agree on one, also when none has heard of the others yet', async () => {
    const all = pages(4);
    const answers = Promise.all(all.map(page => isOurs(page, 'r1')));
    expect(all.every(page => page.sharedModel.getState('nbagent:r1') !== undefined)).toBe(true);
    await vi.runAllTimersAsync();
    expect((await answers).filter(Boolean)).toHaveLength(1);
  });

  it('agree anew for each run, and again when nothing came of it', async () => {
    const [first, second] = pages(2);
    for (const run of ['r1', 'r2', 'r1']) {
      const answers = Promise.all([first, second].map(page => isOurs(page ?? null, run)));
      await vi.runAllTimersAsync();
      expect((await answers).filter(Boolean)).toHaveLength(1);
    }
  });

  it('are not asked where there is one page alone', async () => {
    const [alone] = pages(1);
    await expect(isOurs(alone ?? null, 'r1')).resolves.toBe(true);
    expect(alone?.sharedModel.getState('nbagent:r1')).toBeUndefined();
  });
});
