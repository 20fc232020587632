// The chart's place in a trace: it comes with the first figures, and is drawn at most so often.

import { type ChartScene, type ChartView, mountChart } from '../chart';
import { chartScene } from './chart_scene';
import type { Desk } from './desk';
import { h } from './dom';

const APART_MS = 100;

export class ChartPane {
  readonly node = h('div', { class: 'mt' });
  private chart: ChartView | null = null;
  private drawnAt = 0;

  constructor(
    private readonly desk: Desk,
    private readonly more: () => Pick<ChartScene, 'gaps' | 'long'>,
    private readonly onRange: (index: number) => void
  ) {}

  draw(): void {
    const { desk } = this;
    const now = performance.now();
    if (desk.live && this.chart && now - this.drawnAt < APART_MS) {
      return; // the next tick draws it
    }
    this.drawnAt = now;
    this.node.hidden = !this.chart && !desk.scene.meter.metrics().steps.length;
    if (this.node.hidden) {
      return;
    }
    const scene = chartScene(desk, this.more());
    if (this.chart) {
      this.chart.update(scene);
    } else if (typeof ResizeObserver !== 'undefined') {
      const { onRange } = this;
      this.chart = mountChart(this.node, scene, { onStep: step => desk.goTo(step), onRange });
    }
  }

  dispose(): void {
    this.chart?.dispose();
  }
}
