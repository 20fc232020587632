// @vitest-environment jsdom
import { beforeAll, describe, expect, it } from 'vitest';

import { columnsOf, contextOf, speedsOf } from '../../src/chart/buckets';
import { Feed } from '../../src/view/feed';
import { filtered } from '../../src/view/filters';
import { lineFrom } from '../../src/view/lines';
import { outline, unfolded, wayTo } from '../../src/view/outline';
import { RunView } from '../../src/view/fold';
import type { Event, StepFigures, ViewBase } from '../../src/view/types';
import { difference, fixture, folded, read } from './fixtures';
import { browserLike, opened, type Page, texts } from './page';
import { packed, snapshotOf } from './snapshot';

beforeAll(browserLike);

const MANY = fixture('run_many').events;
const LATE = read('late_many') as (Event | ViewBase)[];

function late(events: (Event | ViewBase)[]): Feed {
  const feed = new Feed({ run_id: 'r1' });
  const t = MANY.at(-1)?.t ?? 0;
  feed.receive({ nbagent: 1, type: 'snapshot', run_id: 'r1', seq: 1, t, running: false, events });
  return feed;
}

describe('a view that comes late to a long run', () => {
  const whole = folded(MANY);
  const { scene } = late(LATE);

  it('has the lines, counts and figures of one that saw everything', () => {
    const [known, wanted] = [snapshotOf(scene.view), snapshotOf(whole.view)];
    expect(known.lines).toEqual(wanted.lines);
    expect(known.steps).toEqual(wanted.steps);
    expect([known.counts, known.compacted]).toEqual([wanted.counts, wanted.compacted]);
    expect([known.sent, scene.view.nCalls]).toEqual([wanted.sent, whole.view.nCalls]);
    const rough = (rows: StepFigures[]): unknown =>
      rows.map(row => Object.values(row).map(value => Number(Number(value).toPrecision(4))));
    expect(rough(scene.meter.metrics().steps)).toEqual(rough(whole.meter.metrics().steps));
    for (const key of ['wall_s', 'n_steps', 'tool_calls', 'prompt_tokens', 'context_tokens']) {
      const found = scene.meter.metrics().run[key];
      expect(difference(found, whole.meter.metrics().run[key]), key).toBe('');
    }
  });

  it('lacks them without what stands for the older events', () => {
    const { scene: bare } = late(LATE.filter(event => event.kind !== 'view_base'));
    expect(bare.view.nSteps).toBe(50);
    expect(bare.view.counts()).not.toBe(whole.view.counts());
  });

  it('knows a call again that was made before it came', () => {
    const numbers = filtered(scene.view, scene.meter.metrics().steps);
    expect([...(numbers.get('Repeated') ?? [])]).toEqual([62, 77]);
    expect([...(numbers.get('Yours') ?? [])]).toEqual([22, 72]);
    expect(numbers.get('Failed')).toEqual(new Set([8, 11, 39, 69]));
  });
});

describe('lines', () => {
  it('are read back as they were packed', () => {
    const line = lineFrom('7\t2\t1\t1\ter\trun_python ×2\tKeyError\tLook again');
    expect(line).toMatchObject({ number: 7, nCalls: 2, nFailed: 1, marks: 'er' });
    expect(lineFrom(packed(line))).toEqual(line);
  });
});

describe('the outline', () => {
  it.each([61, 100, 250, 700, 1_912, 6_000])('has 5 to 14 ranges of %i steps', n => {
    const view = new RunView();
    const line = lineFrom('1\t1\t0\t0\t\trun_python\tdone\tLook');
    view.lines = Array.from({ length: n }, (_, i) => ({ ...line, number: i + 1 }));
    view.ranges = [
      { first: 1, last: n, n_steps: n, n_calls: n, n_failed: 0, n_repaired: 0, gists: [] }
    ];
    const top = outline(view, false, () => false);
    expect(top.length).toBeGreaterThanOrEqual(5);
    expect(top.length).toBeLessThanOrEqual(14);
    expect(unfolded(top, () => true).filter(row => row.kind === 'line')).toHaveLength(n);
    const way = wayTo(top, `s${n}`) ?? [];
    expect(unfolded(top, key => way.includes(key)).length).toBeLessThanOrEqual(14 + 32 + 50);
  });
});

describe('columns', () => {
  const rows = Array.from({ length: 1_000 }, (_, i): StepFigures => {
    const tokens = { prompt_tokens: i, completion_tokens: 1, reasoning_tokens: 0, tokens_per_s: i };
    return { step: i + 1, ttft_s: 1, model_s: 3, tool_s: 4, tool_calls: 1, ...tokens };
  });

  it('hold every step once, with the mean of its phases', () => {
    const columns = columnsOf(rows, new Set([3, 4, 1_000]));
    expect(columns.length).toBeLessThanOrEqual(180);
    expect([columns[0]?.first, columns.at(-1)?.last]).toEqual([1, 1_000]);
    expect(columns.reduce((sum, { failed }) => sum + failed, 0)).toBe(3);
    expect(Object.fromEntries(columns[5]?.phases ?? [])).toEqual({
      waiting: 1,
      arguments: 2,
      tool: 4
    });
  });

  it('keep the middle of the speeds, and the context after a step', () => {
    expect(speedsOf(rows, 10)).toEqual([50, 150, 250, 350, 450, 550, 650, 750, 850, 950]);
    expect(contextOf({ step: 1, prompt_tokens: 5, completion_tokens: 2 })).toBe(7);
    expect(contextOf({ step: 1 })).toBeNull();
  });
});

describe('the list of a long run', () => {
  const rowNumbers = ({ root }: Page): string[] => texts(root, '.item .no');

  it('is narrowed by filters that carry their counts', async () => {
    const page = await opened(MANY);
    const labels = texts(page.root, '[aria-label="Show steps"] button');
    expect(labels).toEqual(['All 81', 'Failed 4', 'Slow 1', 'Repeated 2', 'Yours 2']);
    const press = async (name: string): Promise<void> => {
      const found = page.root.querySelector<HTMLElement>(`[data-filter=${name}]`);
      found?.click();
      await page.drawn();
    };
    await press('Failed');
    expect(rowNumbers(page)).toEqual(['8', '11', '39', '69']);
    expect(page.root.querySelector('[data-filter=Failed]')?.ariaPressed).not.toBe('false');
    await press('All');
    expect(rowNumbers(page)).toContain('1–10');
    page.dispose();
  });

  it('has a row where the context was compacted', async () => {
    const page = await opened(MANY);
    page.root.querySelectorAll<HTMLElement>('.group .st')[1]?.click();
    await page.drawn();
    const said = texts(page.root, '.between')[0];
    expect(said).toContain('Compacted: 1,440 to 1,000 tokens; 61 older messages became a 300 B');
    const told = page.root.querySelector('.between details pre')?.textContent ?? '';
    const event = MANY.find(each => each.kind === 'compacted');
    expect(told).toBe(event?.summary);
    expect(told).not.toBe('');
    page.dispose();
  });

  it('asks the kernel for an old step once it is opened, and says what to do without one', async () => {
    const page = await opened(LATE as Event[]);
    page.kernel.answer = { events: MANY.filter(event => 'step' in event && event.step < 14) };
    const open = async (key: string): Promise<string> => {
      page.root.querySelector<HTMLElement>(`[data-key=${key}] .st`)?.click();
      await page.drawn();
      await page.drawn();
      return page.root.querySelector(`[data-key=${key}] .body`)?.textContent ?? '';
    };
    await open('g1');
    expect(await open('s4')).toContain('clean(3)');
    expect(page.kernel.sent).toEqual(['steps']);
    expect(await open('s5'), 'it came with the other').toContain('clean(4)');
    expect(page.kernel.sent).toEqual(['steps']);
    page.kernel.answer = null;
    await open('g11');
    expect(await open('s16')).toContain('%kimi show r1');
    page.dispose();
  });
});
