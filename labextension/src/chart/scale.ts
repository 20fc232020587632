// Where things stand: the plot's frame, its two axes, and their ticks.

/** Heights of the layers, from the top, in pixels. */
export const SPEED = { top: 4, bottom: 68 };
export const RIBBON = { top: 73, height: 9 };
export const GAPS = { top: 86, height: 12 };
const LABELS_HEIGHT = 33;

/** The plot inside the chart, in CSS pixels. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  /** Whether there is room for what stands in the gutters. */
  readonly wide: boolean;
  readonly withGaps: boolean;
  /** Where the step labels begin. */
  readonly labelsTop: number;
  /** The time at the right edge, seconds. */
  readonly tEnd: number;
  /** The speed at the top edge, tokens a second. */
  readonly top: number;
  x(t: number): number;
  y(speed: number): number;
}

const WIDE = 640;

/** Lay the plot out in `width` pixels. */
export function frameOf(width: number, tEnd: number, fastest: number, withGaps: boolean): Frame {
  const wide = width >= WIDE;
  const left = wide ? 128 : 44;
  const right = width - (wide ? 64 : 8);
  const labelsTop = withGaps ? GAPS.top + GAPS.height + 1 : RIBBON.top + RIBBON.height + 1;
  const end = Math.max(tEnd, 1e-3);
  const top = niceTop(fastest);
  const perS = Math.max(right - left, 1) / end;
  const perSpeed = (SPEED.bottom - SPEED.top) / top;
  return {
    width,
    height: labelsTop + LABELS_HEIGHT,
    left,
    right,
    wide,
    withGaps,
    labelsTop,
    tEnd: end,
    top,
    x: t => left + Math.min(Math.max(t, 0), end) * perS,
    y: speed => SPEED.bottom - Math.min(Math.max(speed, 0), top) * perSpeed
  };
}

const NICE = [1, 1.2, 1.6, 2, 2.5, 3, 4, 5, 6, 8, 10];

/** A round number a little above the fastest speed. */
export function niceTop(fastest: number): number {
  const wanted = Math.max(fastest * 1.05, 10);
  const unit = 10 ** Math.floor(Math.log10(wanted));
  return (NICE.find(n => n * unit >= wanted) ?? 10) * unit;
}

/** The end of a live run's axis: it grows in steps, so that nothing creeps. */
export function liveEnd(t: number): number {
  const step = tickStep(t * 1.1, 12);
  return Math.max(step * Math.ceil((t * 1.02) / step), 5);
}

const STEPS_S = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 36_000
];

/** Seconds between ticks, so that there are at most `n`. */
export function tickStep(tEnd: number, n: number): number {
  const found = STEPS_S.find(step => tEnd / step <= n);
  return found ?? 36_000 * Math.ceil(tEnd / 36_000 / n);
}

/** A tick's label: `5 s`, `2 min`, `1 h 30`. */
export function tickWords(t: number): string {
  if (t < 120) return `${Math.round(t * 10) / 10} s`;
  const minutes = t / 60;
  if (minutes < 120) return `${Math.round(minutes * 10) / 10} min`;
  const hours = Math.floor(minutes / 60);
  const rest = Math.round(minutes % 60);
  return rest ? `${hours} h ${String(rest).padStart(2, '0')}` : `${hours} h`;
}
