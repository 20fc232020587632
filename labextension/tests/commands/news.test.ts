import { describe, expect, it } from 'vitest';
import { Watch } from '../../src/commands/news';
import { asking, row } from './rows';

const names = (watch: Watch, ...rows: Parameters<Watch['look']>[0]): string[] =>
  watch.look(rows).map(({ name }) => name);

describe('news of runs', () => {
  it('tells a question once, and the next one of the same run', () => {
    const watch = new Watch(0);
    expect(names(watch, row())).toEqual([]);
    expect(names(watch, asking('1'))).toEqual(['run-1 1']);
    expect(names(watch, asking('1'))).toEqual([]);
    expect(names(watch, row())).toEqual([]);
    expect(names(watch, asking('2'))).toEqual(['run-1 2']);
  });

  it('tells an end once, but not of a run that a person stopped', () => {
    const watch = new Watch(0);
    watch.look([row(), row({ run_id: 'run-2' }), row({ run_id: 'run-3' })]);
    const ends = [
      row({ state: 'answer' }),
      row({ run_id: 'run-2', state: 'stopped' }),
      row({ run_id: 'run-3', state: 'interrupted' })
    ];
    expect(names(watch, ...ends)).toEqual(['run-1 ended', 'run-3 ended']);
    expect(names(watch, ...ends)).toEqual([]);
  });

  it('takes what was there before, or is listed later, for history', () => {
    const watch = new Watch(500);
    expect(names(watch, asking('1'), row({ run_id: 'run-2', state: 'answer' }))).toEqual([]);
    const old = row({ run_id: 'old', state: 'answer', wall: 400 });
    const quick = row({ run_id: 'quick', state: 'answer', wall: 600 });
    expect(names(watch, asking('1'), old, quick)).toEqual(['quick ended']);
  });

  it('knows a run that left the list and came back', () => {
    const watch = new Watch(0);
    watch.look([row()]);
    watch.look([]);
    expect(names(watch, row({ state: 'answer' }))).toEqual(['run-1 ended']);
  });
});
