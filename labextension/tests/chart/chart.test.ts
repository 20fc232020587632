// The chart's parts on the runs of the shared fixtures, and on runs that are long.

// @vitest-environment jsdom
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gapHeight } from '../../src/chart/canvas';
import { columnMaxima, decimate } from '../../src/chart/decimate';
import { GapLog, MAX_GAPS } from '../../src/chart/gaps';
import { Patterns } from '../../src/chart/phases';
import { plotNodes } from '../../src/chart/plot';
import { MAX_ROWS, rowsOf, totals } from '../../src/chart/rows';
import { frameOf, liveEnd, niceTop, tickStep, tickWords } from '../../src/chart/scale';
import { tableOf } from '../../src/chart/table';
import type { ChartScene } from '../../src/chart/types';
import { rowAt, ROW_HEIGHT, waterfallNodes } from '../../src/chart/waterfall';
import { headline, reading, stallWords } from '../../src/chart/words';
import type { ChartJson, Event, Metrics } from '../../src/view/types';

interface Fixture {
  readonly chart: ChartJson;
  readonly metrics: Metrics;
  readonly events: Event[];
}

function fixture(name: string): Fixture {
  const path = join(import.meta.dirname, '../../../tests/fixtures', `${name}.json`);
  return JSON.parse(readFileSync(path, 'utf8')) as Fixture;
}

const NAMES = ['run_repaired', 'run_hostile', 'run_long', 'run_scripted'];

function sceneOf(name: string, live = false): ChartScene {
  const { chart, metrics, events } = fixture(name);
  const log = new GapLog();
  for (const event of events) log.apply(event);
  return { chart, metrics, live, gaps: log.gaps() };
}

/** A run of many steps, each of 4 s. */
function longScene(n: number): ChartScene {
  const base = fixture('run_scripted');
  const segments = Array.from({ length: n }, (_, i) => [
    [i + 1, 'waiting', 4 * i, 4 * i + 1] as const,
    [i + 1, 'reasoning', 4 * i + 1, 4 * i + 3] as const,
    [i + 1, 'tool', 4 * i + 3, 4 * i + 4] as const
  ]).flat() as unknown as ChartJson['segments'];
  const chart = { ...base.chart, t_end: 4 * n, segments };
  return { chart, metrics: base.metrics, live: false };
}

describe('decimation', () => {
  const n = 100_000;
  const x = (i: number): number => (i / n) * 600;
  const y = (i: number): number => (i === 77_777 ? 1000 : Math.sin(i));

  it('keeps at most two points a pixel, in order, with the extremes', () => {
    const line = decimate(n, x, y);
    expect(line.length / 2).toBeLessThanOrEqual(2 * 600);
    const xs = line.filter((_, i) => i % 2 === 0);
    expect(xs.every((value, i) => i === 0 || value >= (xs[i - 1] ?? 0))).toBe(true);
    expect(line.filter((_, i) => i % 2 === 1)).toContain(1000);
  });

  it('is not what taking every n-th point does, which loses the extreme', () => {
    const every = Math.ceil(n / 1200);
    const naive = Array.from({ length: n }, (_, i) => i).filter(i => i % every === 0);
    expect(naive.map(y)).not.toContain(1000);
  });

  it('leaves a short line as it is', () => {
    expect([
      ...decimate(
        3,
        i => 100 * i,
        i => i
      )
    ]).toEqual([0, 0, 100, 1, 200, 2]);
    expect(decimate(0, x, y)).toHaveLength(0);
  });

  it('keeps the longest gap of each column', () => {
    const values = [1, 5, 2, 9];
    expect([
      ...columnMaxima(
        4,
        i => i / 2,
        i => values[i] ?? 0
      )
    ]).toEqual([
      [0, 5],
      [1, 9]
    ]);
  });
});

describe('the axes', () => {
  it('end at round numbers above the fastest speed', () => {
    for (const speed of [0, 1, 44, 97, 312, 1499]) {
      expect(niceTop(speed)).toBeGreaterThanOrEqual(speed);
      expect(niceTop(speed)).toBeLessThanOrEqual(Math.max(10, 1.7 * speed));
    }
  });

  it('give a live run room that grows in steps', () => {
    const ends = [1, 2, 13, 13.1, 13.2, 100].map(liveEnd);
    expect(ends.every((end, i) => end > ([1, 2, 13, 13.1, 13.2, 100][i] ?? 0))).toBe(true);
    expect(liveEnd(13)).toBe(liveEnd(13.1));
  });

  it('have few ticks in words', () => {
    for (const t of [0.5, 3, 61, 4_000, 90_000, 1e7]) {
      expect(t / tickStep(t, 6)).toBeLessThanOrEqual(6);
    }
    const words = [0.5, 90, 300, 5400, 9000].map(tickWords);
    expect(words).toEqual(['0.5 s', '90 s', '5 min', '90 min', '2 h 30']);
  });

  it('map times and speeds into the frame, and nothing outside it', () => {
    const frame = frameOf(786, 10, 100, true);
    expect(frame.x(0)).toBe(frame.left);
    expect(frame.x(10)).toBe(frame.right);
    expect(frame.x(99)).toBe(frame.right);
    expect(frame.y(1e9)).toBe(frame.y(frame.top));
    expect(gapHeight(0)).toBe(0);
    expect(gapHeight(99)).toBe(gapHeight(10));
  });
});

describe('the plot', () => {
  it.each(NAMES)('of %s holds every phase once, few nodes, and its words as text', name => {
    const scene = sceneOf(name, true);
    const frame = frameOf(786, scene.chart.t_end, scene.chart.top, true);
    const nodes = plotNodes(scene, frame, new Patterns());
    const phases = new Set(scene.chart.segments.map(([, phase]) => phase));
    expect(nodes.filter(n => n.tagName === 'path' && !n.getAttribute('class'))).toHaveLength(
      phases.size
    );
    expect(nodes.length).toBeLessThan(500);
    expect(nodes.filter(n => n.getAttribute('class') === 'nba-edge')).toHaveLength(1);
  });

  it('shows no live edge of a run that is over, and no median where there is none', () => {
    const scene = {
      ...sceneOf('run_scripted'),
      chart: { ...sceneOf('run_scripted').chart, p50: null }
    };
    const classes = plotNodes(scene, frameOf(786, 2, 2, false), new Patterns()).map(n =>
      n.getAttribute('class')
    );
    expect(classes).not.toContain('nba-edge');
    expect(classes).not.toContain('nba-ax2');
  });
});

describe('the rows', () => {
  it.each(NAMES)('of %s are its steps, and their phases sum to the chart', name => {
    const scene = sceneOf(name);
    const rows = rowsOf(scene);
    const steps = new Set(scene.chart.segments.map(([step]) => step));
    expect(rows.map(row => row.first)).toEqual([...steps]);
    const inRows = rows.reduce(
      (sum, row) => sum + [...totals(row.spans).values()].reduce((a, b) => a + b, 0),
      0
    );
    const inChart = scene.chart.segments.reduce((sum, [, , t0, t1]) => sum + t1 - t0, 0);
    expect(inRows).toBeCloseTo(inChart, 9);
  });

  it('are joined beyond 200, and none is lost', () => {
    const rows = rowsOf(longScene(4_000));
    expect(rows).toHaveLength(MAX_ROWS);
    expect(rows[0]?.first).toBe(1);
    expect(rows.at(-1)?.last).toBe(4_000);
    expect(rows.every((row, i) => i === 0 || row.first === (rows[i - 1]?.last ?? 0) + 1)).toBe(
      true
    );
    const frame = frameOf(786, 16_000, 10, false);
    expect(waterfallNodes(rows, frame, new Patterns(), 3).length).toBeLessThan(500);
    expect(rowsOf(longScene(200))).toHaveLength(200);
  });

  it('come from the figures where the geometry is in buckets of time', () => {
    const scene = sceneOf('run_repaired');
    const segments = scene.chart.segments.map(
      ([, ...rest]) => [0, ...rest] as (typeof scene.chart.segments)[0]
    );
    const rows = rowsOf({ ...scene, chart: { ...scene.chart, segments } });
    expect(rows.map(row => row.first)).toEqual(scene.metrics.steps.map(s => s.step));
    expect(rows.every(row => row.spans.length > 0)).toBe(true);
  });

  it('are found by their height', () => {
    expect(rowAt(0, 5)).toBe(0);
    expect(rowAt(4 + 2.5 * ROW_HEIGHT, 5)).toBe(2);
    expect(rowAt(1e6, 5)).toBe(4);
  });

  it('are a real table, with a caption and headed rows', () => {
    const scene = sceneOf('run_repaired');
    const table = tableOf(rowsOf(scene), 'the headline', scene);
    expect(table.caption?.textContent).toBe('the headline');
    expect(table.tBodies[0]?.rows).toHaveLength(3);
    expect(table.querySelectorAll('th[scope=row]')).toHaveLength(3);
    const width = table.tHead?.rows[0]?.cells.length;
    expect([...(table.tBodies[0]?.rows ?? [])].every(row => row.cells.length === width)).toBe(true);
  });
});

describe('the words', () => {
  it('say what was measured and mark what was estimated', () => {
    expect(headline(fixture('run_repaired').metrics)).toBe(
      'TTFT 0.6 s · TTFA 0.0 s · 12 tok/s · 230 out (30 % reasoning) · 75 % cached · tools 1.0 s · $0.0031'
    );
    expect(headline(fixture('run_hostile').metrics)).toContain('est.');
    expect(headline(fixture('run_scripted').metrics)).toContain('(timer)');
    expect(headline({ run: {}, steps: [] })).toBe('Nothing was measured yet');
  });

  it('name stalls, and what stands at a time', () => {
    const scene = sceneOf('run_repaired');
    expect(stallWords(scene.chart)).toBe('1 stall, 2.5 s');
    expect(reading(scene, 1)).toContain('step 1 · reasoning');
    const [t0, t1] = scene.chart.stalls[0] ?? [0, 0];
    expect(reading(scene, (t0 + t1) / 2)).toContain('stall 2.5 s');
    expect(reading(scene, 3.8)).not.toContain('tok/s');
  });
});

describe('the gap log', () => {
  const delta = (t: number): Event => ({
    kind: 'delta',
    seq: 0,
    t,
    step: 1,
    phase: 'answer',
    text: 'x'
  });

  it('counts gaps within a reply, never across a wait', () => {
    const log = new GapLog();
    log.apply({ kind: 'step_started', seq: 0, t: 0, step: 1 });
    [1, 1.5, 1.6].map(delta).forEach(event => log.apply(event));
    log.apply({ kind: 'step_started', seq: 0, t: 2, step: 2 });
    log.apply(delta(9));
    expect(Array.from(log.gaps().t)).toEqual([1.5, 1.6]);
    expect(Array.from(log.gaps().gapS)[0]).toBeCloseTo(0.5, 9);
  });

  it('takes the reply’s own samples for what streamed', () => {
    const log = new GapLog();
    [1, 2, 3].map(delta).forEach(event => log.apply(event));
    const samples = [
      [1, 1, 'answer'],
      [4, 1, 'answer']
    ] as [number, number, 'answer'][];
    log.apply({ kind: 'reply_received', seq: 0, t: 4, step: 1, message: {}, samples });
    expect(Array.from(log.gaps().t)).toEqual([4]);
  });

  it('stays bounded and keeps the longest gap', () => {
    const log = new GapLog();
    for (let i = 0; i < 3 * MAX_GAPS; i++) log.apply(delta(i < MAX_GAPS ? i : i + 50));
    log.apply({ kind: 'step_started', seq: 0, t: 1e6, step: 2 });
    log.apply({ kind: 'step_started', seq: 0, t: 1e6, step: 3 });
    expect(log.gaps().t.length).toBeLessThanOrEqual(MAX_GAPS);
    expect(Math.max(...Array.from(log.gaps().gapS))).toBe(51);
  });
});
