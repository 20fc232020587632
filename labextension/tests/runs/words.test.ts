import { describe, expect, it } from 'vitest';
import { mostUrgent, Unseen } from '../../src/runs/urgent';
import { brief, costOf, secondLine, spentSince } from '../../src/runs/words';
import { row } from './rows';

const NOW = new Date(2026, 10, 26, 12);
const TODAY_S = NOW.getTime() / 1000 - 60;
const live = { state: 'running', wall: TODAY_S, n_steps: 3 } as const;

describe('the second line of a row', () => {
  it.each([
    [row('a'), 'penguins.ipynb, 4 steps, 21 s, $0.0090'],
    [row('a', { n_steps: 1, scripted: true }), 'penguins.ipynb, 1 step, 21 s, scripted'],
    [
      row('a', { ...live, elapsed_s: 4_440, cost_usd: 1.92 }),
      'penguins.ipynb, step 3, 1 h 14, $1.92'
    ],
    [
      row('a', { ...live, words: 'Waiting for the kernel', elapsed_s: 41 }),
      'penguins.ipynb, waiting for the kernel, 0:41'
    ],
    [row('a', { state: 'error', words: 'quota used up' }), 'penguins.ipynb, failed: quota used up'],
    [row('a', { state: 'stopped', n_steps: 3 }), 'penguins.ipynb, stopped at step 3'],
    [row('a', { state: 'interrupted', n_steps: 212 }), 'penguins.ipynb, kernel gone at step 212'],
    [
      row('a', { elsewhere: true, cost_usd: null }),
      "penguins.ipynb, stored on the kernel's machine, 4 steps, 21 s"
    ],
    [row('a', { notebook: '' }), 'no notebook, 4 steps, 21 s, $0.0090']
  ])('says what is to be known', (of, text) => {
    expect(secondLine(of)).toEqual({ urgent: '', rest: text });
  });

  it('begins with what is asked', () => {
    const asks = row('a', { state: 'waiting', needs: { title: 'overwrite a file?', key: 'k' } });
    expect(secondLine(asks)).toEqual({ urgent: 'overwrite a file?', rest: 'penguins.ipynb' });
    const rests = row('a', { state: 'paused', words: 'Paused before request 4' });
    expect(secondLine(rests).urgent).toBe('Paused before request 4');
  });

  it('writes thin numbers and what a cost may leave out', () => {
    expect([4.21, 10, 59.4, 59.6, 125].map(brief)).toEqual([
      '4.2 s',
      '10 s',
      '59 s',
      '60 s',
      '2 min 05'
    ]);
    expect(costOf(row('a', { cost_is_least: true }))).toBe('≥ $0.0090');
    expect(costOf(row('a', { cost_usd: null }))).toBe('');
  });
});

describe('the footer', () => {
  it('sums what was begun today', () => {
    const rows = [
      row('a', { wall: TODAY_S, cost_usd: 1.5, completion_tokens: 600_000 }),
      row('b', { wall: TODAY_S, cost_usd: 0.64, completion_tokens: 12_000 }),
      row('c', { wall: TODAY_S - 86_400, cost_usd: 9 })
    ];
    expect(spentSince(rows, TODAY_S - 10)).toEqual({ cost: '$2.14', usd: 2.14, tokens: '612 k' });
    const unknown = row('d', { wall: TODAY_S, cost_usd: null });
    expect(spentSince([...rows, unknown], TODAY_S - 10).cost).toBe('≥ $2.14');
    const scripted = row('s', { wall: TODAY_S, scripted: true, cost_usd: null });
    expect(spentSince([scripted], TODAY_S - 10).cost).toBe('');
  });
});

describe('the status item', () => {
  const said = (...rows: Parameters<typeof row>[1][]): string => {
    const urgent = mostUrgent(
      rows.map((facts, i) => row(`r${i}`, facts)),
      null,
      NOW
    );
    return urgent ? [urgent.sign, urgent.strong, ...urgent.parts].join('|') : '';
  };

  it('says the most urgent thing only', () => {
    const asks = { ...live, state: 'waiting' as const };
    expect(said()).toBe('');
    expect(said({ wall: TODAY_S })).toBe('');
    expect(said({ ...live, tokens_per_s: 94.4 })).toBe('running||Kimi|step 3, 94 tok/s');
    expect(said({ ...live, context_share: 0.31 })).toBe('running||Kimi|step 3, context 31 %');
    expect(said(live, live)).toBe('running||Kimi|2 running|$0.018');
    expect(said(live, asks, live)).toBe('needs|1 needs you|2 running|$0.027');
    expect(said(asks, asks)).toBe('needs|2 need you|penguins.ipynb|$0.018');
    const waits = { state: 'retrying' as const, words: 'Rate limited, next try in 14 s' };
    expect(said(live, { ...live, ...waits })).toBe('retrying||Rate limited, next try in 14 s');
  });

  it('says of a script that it is one, and no speed', () => {
    const urgent = mostUrgent([row('a', { ...live, scripted: true, tokens_per_s: 60 })], null, NOW);
    expect(urgent).toMatchObject({ scripted: true, parts: ['step 3'], runId: 'a' });
  });

  it('tells of an answer until the person has looked', () => {
    let isSeen = false;
    const unseen = new Unseen(() => isSeen);
    unseen.take([row('a')]);
    expect(unseen.row, 'the control: it was over before anybody followed it').toBeNull();
    unseen.take([row('a', live)]);
    unseen.take([row('a')]);
    expect(mostUrgent([row('a')], unseen.row, NOW)?.strong).toBe('Answer ready');
    isSeen = true;
    unseen.look();
    expect(mostUrgent([row('a')], unseen.row, NOW)).toBeNull();
  });
});
