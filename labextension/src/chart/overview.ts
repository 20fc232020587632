// A long run at a glance: time by phase, failures, and how full the context was. It is also the
// scroll bar of the list: its frame stands where the list is.

import { count, seconds } from '../view/phrases';
import { columnsOf, contextOf, fullHeight, type Column } from './buckets';
import { html, short, svg } from './dom';
import { box } from './plot';
import { cssColour, PHASE_NAMES, type Patterns } from './phases';
import { RangeSlider } from './slider';
import type { ChartActions, ChartScene, StepRange } from './types';
import { listed, t } from '../words';

const COLUMNS = { top: 6, bottom: 58 };
const ERRORS = { top: 62, height: 8 };
const CONTEXT = { top: 76, bottom: 100 };
const HEIGHT = 116;
const WIDE = 640;
/** From the bottom of a column: what the tools did, what the model did, what was waited for. */
const ORDER = ['tool', 'answer', 'arguments', 'reasoning', 'waiting', 'retry', 'you'];
/** A fall of the context by this share is a compaction, and is drawn upright. */
const DROP = 0.8;

interface Place {
  left: number;
  right: number;
  first: number;
  last: number;
}

export class Overview {
  readonly element: HTMLElement;
  private readonly picture = svg('svg', { role: 'img' });
  private readonly frame = svg('rect', { class: 'nba-frame', y: 2, height: 102, rx: 2 });
  private readonly said = html('span', { class: 'nba-chart-said' });
  private readonly slider: RangeSlider;
  private place: Place = { left: 0, right: 1, first: 1, last: 1 };
  private scene: ChartScene | null = null;

  constructor(
    private readonly patterns: Patterns,
    actions: ChartActions
  ) {
    this.slider = new RangeSlider(i => actions.onRange?.(i));
    this.slider.onHover = x => this.hover(x);
    const track = html('div', { class: 'nba-plot' }, [this.picture, this.slider.element]);
    const foot = html('div', { class: 'nba-chart-head' }, [this.said, ...this.slider.buttons]);
    this.element = html('div', {}, [track, foot]);
  }

  draw(scene: ChartScene, width: number, words: string): void {
    this.scene = scene;
    const { steps } = scene.metrics;
    const wide = width >= WIDE;
    const [first, last] = [steps[0]?.step ?? 1, steps.at(-1)?.step ?? 1];
    this.place = { left: wide ? 92 : 8, right: width - (wide ? 44 : 8), first, last };
    this.picture.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
    this.picture.setAttribute('height', String(HEIGHT));
    this.picture.setAttribute(
      'aria-label',
      t('Time by phase, failures and context. {words}', { words })
    );
    const columns = columnsOf(steps, scene.long?.failed ?? new Set());
    this.picture.replaceChildren(
      ...this.columns(columns),
      ...this.errors(columns),
      ...this.context(wide),
      ...this.axis(wide),
      this.frame
    );
    this.slider.lay(this.place.left, this.place.right - this.place.left, HEIGHT - 14);
    this.show();
  }

  /** Move the frame to what the list shows now. */
  private show(): void {
    const ranges = this.scene?.long?.ranges ?? [];
    const shown = this.scene?.long?.shown ?? -1;
    const range = ranges[shown];
    this.frame.toggleAttribute('hidden', !range);
    if (range) {
      const [x0, x1] = [this.x(range.first), this.x(range.last + 1)];
      this.frame.setAttribute('x', short(x0));
      this.frame.setAttribute('width', short(Math.max(x1 - x0, 6)));
    }
    this.hover(null);
    this.slider.set(ranges.length, shown, i => this.words(ranges[i]), this.edges(ranges));
  }

  private hover(x: number | null): void {
    const ranges = this.scene?.long?.ranges ?? [];
    const range = x === null ? undefined : ranges[this.slider.at(x)];
    this.said.textContent = range
      ? this.words(range)
      : t('The frame is what is open below. Drag it, click, or use the arrow keys.');
  }

  /** A range in words: `steps 401 to 600, 5 failed, 12 min, context 34,000`. */
  private words(range: StepRange | undefined): string {
    if (!range) return '';
    const rows = (this.scene?.metrics.steps ?? []).filter(
      row => row.step >= range.first && row.step <= range.last
    );
    const failed = rows.filter(row => this.scene?.long?.failed.has(row.step)).length;
    const wall = rows.reduce((sum, row) => sum + Number(row['wall_s'] ?? 0), 0);
    const last = rows.at(-1);
    const context = last ? contextOf(last) : null;
    return listed(
      t('steps {first} to {last}', {
        first: range.first.toLocaleString('en-US'),
        last: range.last.toLocaleString('en-US')
      }),
      failed && t('{n} failed', { n: failed }),
      seconds(wall),
      context !== null && t('context {n} tokens', { n: count(context) })
    );
  }

  private edges(ranges: readonly StepRange[]): number[] {
    return ranges.map(range => this.x(range.last + 1) - this.place.left);
  }

  private x(step: number): number {
    const { left, right, first, last } = this.place;
    return left + ((step - first) * (right - left)) / Math.max(last + 1 - first, 1);
  }

  private columns(columns: readonly Column[]): SVGElement[] {
    const scale = (COLUMNS.bottom - COLUMNS.top) / fullHeight(columns);
    const paths = new Map<string, string>();
    for (const { first, last, phases } of columns) {
      let y = COLUMNS.bottom;
      for (const phase of ORDER) {
        const height = Math.min((phases.get(phase) ?? 0) * scale, y - COLUMNS.top);
        if (height < 0.1) continue;
        y -= height;
        const d = box(this.x(first), this.x(last + 1), y, height);
        paths.set(phase, (paths.get(phase) ?? '') + d);
      }
    }
    return PHASE_NAMES.filter(phase => paths.has(phase)).map(phase =>
      svg('path', { d: paths.get(phase) ?? '', ...this.fill(phase) })
    );
  }

  /** Columns are too narrow for patterns; where all colours are one there is nothing else. */
  private fill(phase: string): Record<string, string | number> {
    const isOneColour = matchMedia('(forced-colors: active)').matches;
    return isOneColour ? this.patterns.fill(phase) : { style: `fill:${cssColour(phase)}` };
  }

  private errors(columns: readonly Column[]): SVGElement[] {
    const ticks = columns
      .filter(column => column.failed)
      .map(({ first, last }) => (this.x(first) + this.x(last + 1)) / 2)
      .map(x => `M${short(x)} ${ERRORS.top}v${ERRORS.height}`);
    return ticks.length ? [svg('path', { d: ticks.join(''), class: 'nba-tick' })] : [];
  }

  /** How full the context was: a saw-tooth where it was compacted. */
  private context(wide: boolean): SVGElement[] {
    const { steps, run } = this.scene?.metrics ?? { steps: [], run: {} };
    const every = Math.ceil(steps.length / 2_000);
    const points = steps
      .filter((_, i) => i % every === 0)
      .map((row): [number, number | null] => [row.step, contextOf(row)])
      .filter((point): point is [number, number] => point[1] !== null);
    if (points.length < 2) return [];
    const window = Number(run['window_tokens'] ?? 0);
    const most = window || points.reduce((top, [, value]) => Math.max(top, value), 1);
    const y = (value: number): string =>
      short(CONTEXT.bottom - Math.min(value / most, 1) * (CONTEXT.bottom - CONTEXT.top));
    let d = '';
    points.forEach(([step, value], i) => {
      const before = points[i - 1]?.[1] ?? value;
      const x = short(this.x(step));
      const upright = value < before * DROP ? `L${x} ${y(before)}` : '';
      d += `${upright}${d ? 'L' : 'M'}${x} ${y(value)}`;
    });
    const line = svg('path', { d, class: 'nba-context' });
    if (!window) return [line];
    const at = y(0.8 * window);
    const { left, right } = this.place;
    const limit = svg('line', { x1: left, x2: right, y1: at, y2: at, class: 'nba-ax2' });
    const words = svg('text', { x: right + 6, y: Number(at) + 4 }, ['80 %']);
    return [line, limit, ...(wide ? [words] : [])];
  }

  private axis(wide: boolean): SVGElement[] {
    const { left, right, first, last } = this.place;
    const every = niceStep((last - first + 1) / Math.max(2, Math.floor((right - left) / 110)));
    const end = { 'text-anchor': 'end' };
    const nodes: SVGElement[] = [];
    for (let step = every; step < last; step += every) {
      if (step < first) continue;
      const x = this.x(step);
      const side = x > right - 16 ? end : { 'text-anchor': 'middle' };
      nodes.push(svg('text', { x, y: HEIGHT - 2, ...side }, [step.toLocaleString('en-US')]));
    }
    const names: [string, number][] = [
      [t('time by phase'), (COLUMNS.top + COLUMNS.bottom) / 2 + 4],
      [t('errors'), ERRORS.top + 8],
      [t('context'), (CONTEXT.top + CONTEXT.bottom) / 2 + 4],
      [t('step'), HEIGHT - 2]
    ];
    const gutter = names.map(([name, y]) => svg('text', { x: left - 8, y, ...end }, [name]));
    return [...nodes, ...(wide ? gutter : [])];
  }
}

/** A round number of steps that is not below `wanted`. */
function niceStep(wanted: number): number {
  const unit = 10 ** Math.floor(Math.log10(Math.max(wanted, 1)));
  return unit * ([1, 2, 5, 10].find(n => n * unit >= wanted) ?? 10);
}
