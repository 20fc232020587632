// The throughput chart: how fast tokens came, in which phase, and where time went. Points are on a
// canvas, words and patterns in SVG above it, and all of it is also a table.

import { drawGaps, drawSpeed, paletteOf, prepared } from './canvas';
import { Cursor } from './cursor';
import { html, svg } from './dom';
import { headOf, type Head } from './head';
import { Pacer } from './pacer';
import { Patterns } from './phases';
import { Overview } from './overview';
import { hairNodes, plotNodes } from './plot';
import { rowsOf, type Row } from './rows';
import { frameOf, liveEnd, type Frame } from './scale';
import { CHART_CSS } from './style';
import { tableOf } from './table';
import type { ChartActions, ChartScene, ChartView } from './types';
import { rowAt, ROW_HEIGHT, waterfallHeight, waterfallNodes } from './waterfall';
import { headline, reading, rowWords, stallWords } from './words';
import { t } from '../words';

export { GapLog } from './gaps';
export { headline } from './words';
export { LONG_RUN, speedsOf, sumPhases } from './buckets';
export type { ChartActions, ChartScene, ChartView, Gaps, LongRun } from './types';

export type Mode = 'speed' | 'steps' | 'table';

/** Put a chart into an element. */
export function mountChart(
  host: HTMLElement,
  scene: ChartScene,
  actions: ChartActions = {}
): ChartView {
  return new Chart(host, scene, actions);
}

class Chart implements ChartView {
  private mode: Mode = 'speed';
  private frame: Frame = frameOf(0, 1, 0, false);
  private rows: Row[] = [];
  private chosen: number | null = null;
  private readonly patterns = new Patterns();
  private readonly root = html('div', { class: 'nba-chart' });
  private readonly canvas = html('canvas', { 'aria-hidden': 'true' });
  private readonly picture = svg('svg', { role: 'img' });
  private readonly hair = svg('g', { 'aria-hidden': 'true' });
  private readonly rowsPicture = svg('svg', { role: 'img' });
  private readonly table = html('div', { class: 'nba-chart-scroll', tabindex: '0' });
  private readonly foot = html('p', { class: 'nba-chart-headline' });
  private readonly head: Head;
  private readonly timeCursor: Cursor;
  private readonly rowCursor: Cursor;
  private readonly overview: Overview;
  private readonly plot: HTMLElement;
  private readonly waterfall: HTMLElement;
  private readonly pacer: Pacer;
  private readonly size: ResizeObserver;
  private readonly theme: MutationObserver;

  constructor(
    host: HTMLElement,
    private scene: ChartScene,
    private readonly actions: ChartActions
  ) {
    this.overview = new Overview(this.patterns, actions);
    this.head = headOf(this.patterns, mode => this.choose(mode));
    this.timeCursor = new Cursor(t('Time in the run'), this.timeTrack());
    this.rowCursor = new Cursor(t('Steps'), this.rowTrack());
    this.plot = html('div', { class: 'nba-plot' }, [
      this.canvas,
      this.picture,
      this.timeCursor.element
    ]);
    this.waterfall = html('div', { class: 'nba-rows' }, [this.rowsPicture, this.rowCursor.element]);
    const style = html('style', {}, [CHART_CSS]);
    const parts = [
      this.head.element,
      this.overview.element,
      this.plot,
      this.waterfall,
      this.table,
      this.foot
    ];
    this.root.append(style, ...parts);
    host.append(this.root);
    this.pacer = new Pacer(this.root, () => this.draw());
    this.size = new ResizeObserver(() => this.pacer.now());
    this.size.observe(this.root);
    this.theme = new MutationObserver(() => this.pacer.request());
    this.theme.observe(document.body, { attributes: true });
    this.choose('speed');
  }

  update(scene: ChartScene): void {
    this.scene = scene;
    this.pacer.request();
  }

  dispose(): void {
    this.pacer.dispose();
    this.size.disconnect();
    this.theme.disconnect();
    this.root.remove();
  }

  private choose(mode: Mode): void {
    this.mode = mode;
    this.chosen = null;
    this.head.press(mode);
    this.waterfall.hidden = mode !== 'steps';
    this.table.hidden = mode !== 'table';
    this.pacer.now();
  }

  private draw(): void {
    const { chart, live } = this.scene;
    const words = headline(this.scene.metrics);
    const isLong = this.scene.long !== undefined;
    this.overview.element.hidden = !isLong || this.mode !== 'speed';
    this.plot.hidden = isLong || this.mode === 'table';
    this.head.name(isLong ? t('Overview') : t('Speed'));
    this.foot.textContent = words;
    this.foot.hidden = live || this.mode === 'table';
    this.head.say(stallWords(chart));
    if (this.mode !== 'speed') this.rows = rowsOf(this.scene);
    if (this.mode === 'table') {
      this.table.replaceChildren(tableOf(this.rows, words, this.scene));
      return;
    }
    const width = this.root.clientWidth;
    if (width === 0) return; // not in the page, or folded: the size observer calls again
    const end = live ? liveEnd(chart.t_end) : chart.t_end;
    const withGaps = (this.scene.gaps?.t.length ?? 0) > 0;
    if (isLong && this.mode === 'speed') {
      this.overview.draw(this.scene, width, words);
      return;
    }
    this.frame = frameOf(width, end, Math.max(chart.top, chart.p50 ?? 0), withGaps);
    if (!isLong) this.drawPlot(words);
    if (this.mode === 'steps') this.drawRows();
  }

  private drawPlot(words: string): void {
    const { frame, scene } = this;
    const context = prepared(this.canvas, frame);
    if (context) {
      const palette = paletteOf(this.root);
      drawSpeed(context, scene.chart.speed, frame, palette);
      if (frame.withGaps && scene.gaps) drawGaps(context, scene.gaps, frame, palette);
    }
    sized(this.picture, frame.width, frame.height);
    this.picture.setAttribute('aria-label', t('Speed over time by phase. {words}', { words }));
    const nodes = plotNodes(scene, frame, this.patterns);
    this.picture.replaceChildren(...nodes, ...this.bigNumber(), this.hair);
    place(this.timeCursor.element, frame.left, 0, frame.right - frame.left, frame.height);
    this.timeCursor.refresh();
  }

  /** The speed now, or the median at the end, in the left gutter. */
  private bigNumber(): SVGElement[] {
    const { chart, live, nowTokensPerS } = this.scene;
    if (!this.frame.wide) return [];
    const speed = live ? (nowTokensPerS ?? null) : chart.p50;
    const number = speed === null ? '—' : String(Math.round(speed));
    const unit = live
      ? t('tok/s now (est.)')
      : chart.paced
        ? t('tok/s, timer')
        : t('tok/s, median');
    return [
      svg('text', { x: 0, y: 26, class: 'nba-big' }, [number]),
      svg('text', { x: 0, y: 42 }, [unit])
    ];
  }

  private drawRows(): void {
    const height = waterfallHeight(this.rows.length);
    sized(this.rowsPicture, this.frame.width, height);
    this.rowsPicture.setAttribute(
      'aria-label',
      t('{n} rows of steps over time', { n: this.rows.length })
    );
    const nodes = waterfallNodes(this.rows, this.frame, this.patterns, this.chosen);
    this.rowsPicture.replaceChildren(...nodes);
    place(this.rowCursor.element, 0, 0, this.frame.width, height);
    this.rowCursor.refresh();
  }

  private timeTrack(): ConstructorParameters<typeof Cursor>[1] {
    return {
      max: () => this.scene.chart.t_end,
      at: x => (x / Math.max(this.frame.right - this.frame.left, 1)) * this.frame.tEnd,
      steps: () => [this.frame.tEnd / 200, this.frame.tEnd / 20],
      show: t => this.pointAt(t),
      choose: t => {
        const segment = this.scene.chart.segments.find(([, , t0, t1]) => t >= t0 && t <= t1);
        if (segment && segment[0] > 0) this.actions.onStep?.(segment[0]);
      }
    };
  }

  private pointAt(t: number | null): string {
    const words = t === null ? '' : reading(this.scene, t);
    this.hair.replaceChildren(...(t === null ? [] : hairNodes(this.frame.x(t), words, this.frame)));
    return words;
  }

  private rowTrack(): ConstructorParameters<typeof Cursor>[1] {
    return {
      max: () => Math.max(this.rows.length - 1, 0),
      at: (_x, y) => rowAt(y, this.rows.length),
      steps: () => [1, 10],
      show: i => this.rowAt(i),
      choose: i => {
        const row = this.rows[Math.round(i)];
        if (row) this.actions.onStep?.(row.first);
      }
    };
  }

  private rowAt(value: number | null): string {
    const before = this.chosen;
    this.chosen = value === null ? null : Math.round(value);
    const row = this.rows[this.chosen ?? -1];
    if (before !== this.chosen) this.showChosen();
    return row ? rowWords(row) : '';
  }

  private showChosen(): void {
    const nodes = waterfallNodes(this.rows, this.frame, this.patterns, this.chosen);
    this.rowsPicture.replaceChildren(...nodes);
    if (this.chosen === null || !this.rowCursor.element.matches(':focus')) return;
    const top = this.chosen * ROW_HEIGHT;
    const { scrollTop, clientHeight } = this.waterfall;
    if (top < scrollTop) this.waterfall.scrollTop = top;
    else if (top + 2 * ROW_HEIGHT > scrollTop + clientHeight) {
      this.waterfall.scrollTop = top + 2 * ROW_HEIGHT - clientHeight;
    }
  }
}

function sized(picture: SVGElement, width: number, height: number): void {
  picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
  picture.setAttribute('height', String(height));
}

function place(element: HTMLElement, x: number, y: number, width: number, height: number): void {
  const { style } = element;
  style.left = `${x}px`;
  style.top = `${y}px`;
  style.width = `${Math.max(width, 0)}px`;
  style.height = `${height}px`;
}
