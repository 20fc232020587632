// A run read back from where it was stored: the packed trace JSON, or a long run's view base.

import { RunView } from './fold';
import { lineFrom } from './lines';
import { Meter } from './meter';
import { Step } from './steps';
import type {
  ChartJson,
  ChartSegment,
  Figure,
  Metrics,
  PackedChart,
  PackedMetrics,
  Picture,
  RangeSnapshot,
  SentPart,
  Snapshot,
  TraceJson,
  ViewBase
} from './types';

const DATA_URL = /^data:(image\/(?:png|jpeg|gif|webp|svg\+xml))[^,]*?(;base64)?,(.*)$/s;

/** A run as the view draws it: what happened, and in figures. */
export interface Scene {
  view: RunView;
  meter: Meter;
}

/** Read a stored trace. Text that is missing there was left out to keep the notebook small. */
export function sceneOf(trace: TraceJson): Scene {
  const scene = { view: new RunView(), meter: new Meter() };
  const base: ViewBase = {
    kind: 'view_base',
    view: trace.snapshot ?? {},
    metrics: trace.metrics ?? {},
    chart: trace.chart ?? {}
  };
  restore(scene, base);
  scene.view.runId = trace.run_id;
  scene.view.reason = trace.running ? '' : endOf(base.view);
  for (const [key, url] of Object.entries(trace.pictures ?? {})) {
    const picture = pictureOf(key, url);
    if (picture) {
      scene.view.pictures.set(key, picture);
    }
  }
  return scene;
}

/** Begin a scene from a snapshot that stands for events that are no longer there. */
export function restore(scene: Scene, base: ViewBase): void {
  const { view, meter } = scene;
  const stored = base.view;
  meter.restore({ metrics: unpackedMetrics(base.metrics), chart: unpackedChart(base.chart) });
  view.base = stored;
  view.t = Math.max(view.t, base.chart.t_end ?? 0);
  (base.called ?? '').split(' ').forEach(key => view.called.add(key));
  view.lines = (stored.lines ?? []).map(lineFrom);
  view.compacted = stored.compacted ?? [];
  view.steps = (stored.steps ?? []).map(step => Step.restore(step));
  view.ranges = (stored.ranges ?? []).map(rangeFrom);
  view.sent = (stored.sent_parts ?? []).map(sentFrom);
  view.sentBytes = view.sent.reduce((sum, part) => sum + part.n_bytes, 0);
  (stored.files ?? []).forEach(name => view.files.add(name));
  const names = (stored.changes ?? '').replace(/ and \d+ more$/, '').split(' ');
  names.filter(n => n.startsWith('+')).forEach(n => view.added.add(n.slice(1)));
  names.filter(n => n.startsWith('~')).forEach(n => view.changed.add(n.slice(1)));
  view.answer = stored.answer ?? '';
  view.text = stored.text ?? '';
  view.question = stored.question ?? null;
  view.phase = stored.state ?? 'starting';
  view.faults = stored.faults ?? [];
}

function endOf(stored: Snapshot): string {
  const state = stored.state ?? '';
  return ['answer', 'stopped', 'limit', 'error'].includes(state) ? state : '';
}

function rangeFrom(stored: Partial<RangeSnapshot>): RangeSnapshot {
  const zero = { first: 0, last: 0, n_steps: 0, n_calls: 0, n_failed: 0, n_repaired: 0 };
  return { ...zero, gists: [], ...stored };
}

function sentFrom(stored: Partial<SentPart>): SentPart {
  return { kind: '', name: '', n: 1, n_bytes: 0, ...stored };
}

/** Figures from rows of text under the names in `columns`; `-` is "not measured". */
function unpackedMetrics(packed: PackedMetrics): Metrics {
  const columns = (packed.columns ?? '').split(' ');
  const steps = (packed.steps ?? []).map(row => {
    const values = row.split(' ').map((text): Figure => (text === '-' ? null : Number(text)));
    const named = columns.map((name, i): [string, Figure] => [name, values[i] ?? null]);
    return { step: 0, ...Object.fromEntries(named) };
  });
  return { run: packed.run ?? {}, steps };
}

/** The chart's geometry from its rows: `step phase t0 t1`, `phase t,v …`, `t0 t1`. */
function unpackedChart(packed: PackedChart): ChartJson {
  const numbers = (parts: string[]): number[] => parts.map(Number);
  return {
    t_end: packed.t_end ?? 0,
    top: packed.top ?? 0,
    p50: packed.p50 ?? null,
    paced: packed.paced ?? false,
    segments: (packed.segments ?? []).map((row): ChartSegment => {
      const [step = '', phase = '', t0 = '', t1 = ''] = row.split(' ');
      return [Number(step), phase, Number(t0), Number(t1)];
    }),
    speed: (packed.speed ?? []).map(row => {
      const [phase = '', ...points] = row.split(' ');
      return [phase, points.map(p => numbers(p.split(',')) as [number, number])];
    }),
    stalls: (packed.stalls ?? []).map(row => numbers(row.split(' ')) as [number, number])
  };
}

function pictureOf(key: string, url: string): Picture | null {
  const found = DATA_URL.exec(url);
  const [, mime = '', encoding, data = ''] = found ?? [];
  if (!found) {
    return null;
  }
  const isSvg = mime === 'image/svg+xml';
  if (isSvg) {
    return { key, mime, data: encoding ? atob(data) : decodeURIComponent(data) };
  }
  return encoding && /^[A-Za-z0-9+/=\s]*$/.test(data) ? { key, mime, data } : null;
}
