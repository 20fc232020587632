// The run in figures: a pure function of the events' stamps. Mirrors nbagent/meter/meter.py.

import { known, MEDIANS, REFUSALS, segmentsFrom, total, TOTALS } from './figures';
import { rounded } from './phrases';
import { costUsd, countReasoning, type Price, StepMeter } from './step_meter';
import { bucketed, halved, median, Stream, sum, thinned } from './streams';
import type {
  ChartJson,
  ChartSegment,
  Event,
  EventOf,
  Figure,
  Metrics,
  Sample,
  StepFigures,
  Usage
} from './types';

const TOKENS_PER_CHAR = 0.25;
const MAX_SAMPLES = 4_000;
const POINTS_PER_REPLY = 48;
const POINTS_IN_LONG_RUNS = 12;
const LONG_RUN_STEPS = 100;
export interface Estimate {
  waitingS: number | null;
  completionTokens: number;
  tokensPerS: number | null;
}

/** What was measured of events that are no longer there. */
interface Figures {
  metrics: Metrics;
  chart: ChartJson;
}

/** Folds a run's events into figures; `apply` each event once, in order. */
export class Meter {
  scripted = false;
  price: Price = null;
  windowTokens = 0;
  t = 0;
  private readonly stepsByNumber = new Map<number, StepMeter>();
  private readonly settled = new Map<number, StepFigures>();
  private base: Figures | null = null;
  private last: StepMeter | null = null;
  // What was computed since the last event: a view asks several times for the same.
  private measured: Metrics | null = null;
  private drawn: ChartJson | null = null;
  private pieces: Sample[] = [];
  private unknown = 0;
  private underWay = false;
  private readonly summaries: Record<string, Figure>[] = [];
  private tokensPerChar = TOKENS_PER_CHAR;
  private open: [phase: string, step: number, t0: number] | null = null;
  private readonly tools = new Map<string, number>();

  /** Begin from the figures of events that are no longer there. */
  restore(base: Figures): void {
    this.base = base;
    this.measured = this.drawn = null;
    this.t = Math.max(this.t, base.chart.t_end);
    this.scripted ||= base.chart.paced;
    this.windowTokens ||= Number(base.metrics.run['window_tokens'] ?? 0);
  }

  /** Take one event into account. */
  apply(event: Event): void {
    this.t = Math.max(this.t, event.t);
    this.measured = this.drawn = null;
    switch (event.kind) {
      case 'run_started':
        this.scripted = event.scripted ?? false;
        this.price = event.price ?? null;
        this.windowTokens = event.window_tokens ?? 0;
        break;
      case 'step_started':
        this.stepStarted(event);
        this.underWay = true;
        break;
      case 'delta':
        this.delta(event);
        break;
      case 'reply_received':
        this.underWay = false;
        this.replyReceived(event);
        break;
      case 'retry_scheduled':
        if (event.attempt > 0) this.failed(event.reason, event.discarded);
        this.retryScheduled(event);
        break;
      case 'approval_asked':
      case 'paused':
        if ('about' in event && event.about !== 'call') {
          this.toolEnded(event.step, event.index, event.t);
        }
        this.close(event.t);
        this.open = ['you', event.step, event.t];
        break;
      case 'tool_started':
        this.close(event.t);
        this.tools.set(`${event.step}.${event.index}`, event.t);
        break;
      case 'tool_finished':
        this.close(event.t);
        this.toolEnded(event.step, event.index, event.t);
        this.step(event.step).toolCalls++;
        break;
      case 'compacted':
        this.close(event.t);
        if (event.usage)
          this.summaries.push({ ...event.usage, cost_usd: this.costOf(event.usage) });
        break;
      case 'approval_given':
      case 'compacting':
      case 'resumed':
      case 'run_finished':
        if (event.kind === 'run_finished') this.ended(event);
        this.close(event.t);
    }
  }

  private rows(): StepFigures[] {
    const own = [...this.stepsByNumber.values()].map(step => this.rowOf(step));
    const before = this.base?.metrics.steps ?? [];
    return [...before.filter(row => !this.stepsByNumber.has(row.step)), ...own];
  }

  /** A step's figures; those of a step that is over are kept, as they do not change. */
  private rowOf(step: StepMeter): StepFigures {
    if (this.isLast(step.step)) {
      return step.figures();
    }
    const row = this.settled.get(step.step) ?? step.figures();
    this.settled.set(step.step, row);
    return row;
  }

  /** The figures of one step; undefined where it has none. */
  figures(number: number): StepFigures | undefined {
    const own = this.stepsByNumber.get(number);
    return own ? this.rowOf(own) : this.base?.metrics.steps.find(row => row.step === number);
  }

  /** All figures of run and steps; null is "not measured". */
  metrics(): Metrics {
    return (this.measured ??= this.measure());
  }

  private measure(): Metrics {
    const rows = this.rows();
    const all = [...rows, ...this.summaries];
    const column = (key: string): Figure[] => all.map(row => row[key] ?? null);
    const prompt = total(column('prompt_tokens'));
    const cached = total(column('cached_tokens'));
    const last = rows[rows.length - 1];
    const run: Record<string, Figure> = {
      n_steps: rows.length,
      wall_s: this.t,
      prompt_tokens: prompt,
      cached_tokens: cached,
      cached_share: prompt && cached !== null ? cached / prompt : null,
      context_tokens: total([last?.['prompt_tokens'], last?.['completion_tokens']]),
      window_tokens: this.windowTokens || null,
      paced: this.scripted,
      estimated: rows.some(row => row['estimated']),
      unknown_attempts: this.unknown
    };
    MEDIANS.forEach(key => (run[key] = median(known(column(key)))));
    TOTALS.forEach(key => (run[key] = total(column(key))));
    if (this.base && this.stepsByNumber.size === 0) {
      Object.assign(run, this.base.metrics.run);
    }
    return { run, steps: rows };
  }

  /** Geometry of the chart on one time axis, in seconds and tokens a second. */
  chart(): ChartJson {
    return (this.drawn ??= this.geometry());
  }

  private geometry(): ChartJson {
    const steps = [...this.stepsByNumber.values()];
    const before = this.base?.chart;
    const segments = [...(before?.segments ?? []), ...steps.flatMap(step => step.segments)];
    const lines = [...(before?.speed ?? []), ...steps.flatMap(step => step.speed)];
    const step = steps[steps.length - 1];
    if (this.open) {
      const [phase, number, t0] = this.open;
      segments.push([number, phase, t0, Math.max(this.t, t0)]);
    } else if (step && this.pieces.length) {
      const stream = new Stream(this.pieces, sum(this.pieces.map(([, n]) => n)));
      segments.push([step.step, 'waiting', step.requestedT, stream.tFirst ?? step.requestedT]);
      segments.push(...stream.phases().map(([p, a, b]): ChartSegment => [step.step, p, a, b]));
      lines.push(...stream.speed());
    }
    const speeds = this.rows().map(row => row['tokens_per_s']);
    return {
      t_end: this.t,
      segments: bucketed(segments, this.t),
      speed: thinned(lines),
      stalls: [...(before?.stalls ?? []), ...steps.flatMap(s => s.stalls)],
      p50: steps.length || !before ? median(known(speeds)) : before.p50,
      top: lines.reduce((top, [, points]) => points.reduce((m, [, v]) => Math.max(m, v), top), 0),
      paced: this.scripted
    };
  }

  /** The spans of one step, the ones that go on included. */
  segmentsOf(number: number, now: number): ChartSegment[] {
    const step = this.stepsByNumber.get(number);
    if (!step) {
      const known = (this.base?.chart.segments ?? []).filter(segment => segment[0] === number);
      return known.length ? known : segmentsFrom(this.figures(number));
    }
    const spans = [...step.segments];
    if (this.open?.[1] === number) {
      spans.push([number, this.open[0], this.open[2], Math.max(now, this.open[2])]);
    } else if (this.pieces.length && this.isLast(number)) {
      const stream = new Stream(this.pieces, 0);
      spans.push([number, 'waiting', step.requestedT, stream.tFirst ?? now]);
      spans.push(...stream.phases().map(([p, a, b]): ChartSegment => [number, p, a, b]));
    } else if (this.isLast(number) && step.modelS === null) {
      spans.push([number, 'waiting', step.requestedT, Math.max(now, step.requestedT)]);
    }
    for (const [key, t0] of this.tools) {
      if (key.startsWith(`${number}.`)) {
        spans.push([number, 'tool', t0, Math.max(now, t0)]);
      }
    }
    return spans;
  }

  /** When a step began, in seconds since the run began; null if unknown. */
  began(number: number): number | null {
    return this.stepsByNumber.get(number)?.t0 ?? null;
  }

  /** The stamps of the reply that streams, for the strip of gaps. */
  get streaming(): readonly Sample[] {
    return this.pieces;
  }

  private isLast(number: number): boolean {
    return this.last?.step === number;
  }

  /** What a status line shows at time `t` while a reply streams; counts are estimates. */
  estimate(t: number): Estimate {
    const step = this.last;
    const first = this.pieces[0];
    const waits = step && !first && step.modelS === null && !this.open;
    const recent = sum(this.pieces.filter(([at]) => at > t - 1).map(([, n]) => n));
    const span = first ? Math.min(1, t - first[0]) : 0;
    return {
      waitingS: waits ? Math.max(0, t - step.requestedT) : null,
      completionTokens: rounded(sum(this.pieces.map(([, n]) => n))),
      tokensPerS: recent && span > 0.2 ? recent / span : null
    };
  }

  /** How many tokens of the running reply are of one phase; an estimate. */
  estimateOf(phase: string): number {
    return rounded(sum(this.pieces.filter(([, , p]) => p === phase).map(([, n]) => n)));
  }

  private step(number: number): StepMeter {
    let step = this.stepsByNumber.get(number);
    if (!step) {
      step = this.last = new StepMeter(number, this.t);
      this.stepsByNumber.set(number, step);
    }
    return step;
  }

  private close(t: number): void {
    if (!this.open) {
      return;
    }
    const [phase, number, t0] = this.open;
    this.open = null;
    const step = this.step(number);
    step.add(phase, t0, t);
    step[phase === 'you' ? 'youS' : 'waitS'] += Math.max(0, t - t0);
  }

  private stepStarted(event: EventOf<'step_started'>): void {
    this.close(event.t);
    const step = this.step(event.step);
    step.requestedT = event.t;
    step.attempts = Math.max(event.attempt ?? 1, 1);
    step.modelS = null;
    this.pieces = [];
  }

  private delta(event: EventOf<'delta'>): void {
    if (!event.text && !event.name) {
      return;
    }
    this.endOfHold(event.t);
    const step = this.step(event.step);
    step.t1 = Math.max(step.t1, event.t);
    const weight = Math.max(event.text.length, 1) * this.tokensPerChar;
    this.pieces.push([event.t, weight, event.phase]);
    if (this.pieces.length > MAX_SAMPLES) {
      this.pieces = halved(this.pieces);
    }
  }

  /** A request held back to keep the pace has gone out: its TTFT counts from there. */
  private endOfHold(t: number): void {
    if (this.open?.[0] === 'retry') {
      const step = this.step(this.open[1]);
      step.requestedT = Math.min(step.requestedT, t);
      this.close(step.requestedT);
    }
  }

  private replyReceived(event: EventOf<'reply_received'>): void {
    this.endOfHold(event.t);
    const step = this.step(event.step);
    const raw = event.samples?.length ? event.samples : this.pieces;
    const samples = [...raw].sort((a, b) => a[0] - b[0]);
    const guess = sum(samples.map(([, n]) => n));
    const usage = event.usage ?? null;
    const stream = new Stream(samples, usage ? usage.completion_tokens : guess);
    step.usage = usage;
    step.estimated = usage === null;
    step.completionTokens = rounded(stream.nTokens);
    step.modelS = event.t - step.requestedT;
    this.learn(usage ? stream.nTokens : 0);
    countReasoning(step, stream);
    this.time(step, stream);
    step.costUsd = this.costOf(usage);
    step.t1 = Math.max(step.t1, event.t);
    this.pieces = [];
  }

  /** A request has failed; it may have cost tokens all the same. */
  private failed(kind = '', discarded = ''): void {
    const isFree = REFUSALS.test(kind) && !discarded && !this.pieces.length;
    this.unknown += Number(this.underWay && !isFree);
    this.underWay = false;
  }

  private ended(event: EventOf<'run_finished'>): void {
    if (this.open?.[0] !== 'retry') this.failed(event.error_kind, event.discarded);
  }

  private costOf(usage: Usage | null): number | null {
    return this.scripted ? null : costUsd(usage, this.price);
  }

  /** Let the next estimate use what this reply's usage says about tokens per character. */
  private learn(nTokens: number): void {
    const nChars = sum(this.pieces.map(([, n]) => n)) / this.tokensPerChar;
    if (nTokens && nChars) {
      this.tokensPerChar = Math.min(Math.max(nTokens / nChars, 0.05), 4);
    }
  }

  private time(step: StepMeter, stream: Stream): void {
    if (stream.tFirst === null) {
      step.add('waiting', step.requestedT, this.t);
      return;
    }
    const answer = stream.first('answer');
    step.ttftS = Math.max(0, stream.tFirst - step.requestedT);
    step.ttfaS = answer === null ? null : Math.max(0, answer - step.requestedT);
    step.tokensPerS = stream.tokensPerS();
    step.stalls = stream.stalls();
    step.buffered = stream.buffered();
    step.add('waiting', step.requestedT, stream.tFirst);
    stream.phases().forEach(([phase, t0, t1]) => step.add(phase, t0, t1));
    const nSteps = this.stepsByNumber.size + (this.base?.metrics.steps.length ?? 0);
    const isLong = nSteps > LONG_RUN_STEPS;
    step.speed = stream.speed(isLong ? POINTS_IN_LONG_RUNS : POINTS_PER_REPLY);
  }

  private retryScheduled(event: EventOf<'retry_scheduled'>): void {
    const step = this.step(event.step);
    const began = event.attempt > 0 ? step.requestedT : event.t;
    this.close(event.t);
    this.open = ['retry', event.step, began];
    this.pieces = [];
    if (event.attempt === 0) {
      step.requestedT = Math.max(event.until_t, event.t);
    }
  }

  /** A call's time ends; that of a result which waits for the person has ended before. */
  private toolEnded(number: number, index: number, t: number): void {
    const step = this.step(number);
    const key = `${number}.${index}`;
    const t0 = this.tools.get(key) ?? t;
    this.tools.delete(key);
    step.toolS += Math.max(0, t - t0);
    step.add('tool', t0, t);
  }
}
