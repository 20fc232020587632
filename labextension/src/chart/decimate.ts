// At most two points a pixel: the lowest and the highest of each column, in their order.

/** A line to be drawn, as pairs in one array: x0, y0, x1, y1, … */
export type Flat = Float64Array;

/**
 * Thin a line out to what can be seen.
 *
 * @param n how many points there are, sorted by x
 * @param x where a point stands, in pixels
 * @param y its value; the extremes of each column are kept
 */
export function decimate(n: number, x: (i: number) => number, y: (i: number) => number): Flat {
  if (n === 0) return new Float64Array(0);
  const columns = Math.max(1, Math.floor(x(n - 1)) - Math.floor(x(0)) + 1);
  if (n <= 2 * columns) return all(n, x, y);
  const out = new Float64Array(4 * columns);
  let used = 0;
  const keep = (i: number): void => {
    out[used++] = x(i);
    out[used++] = y(i);
  };
  let column = Math.floor(x(0));
  let low = 0;
  let high = 0;
  const close = (): void => {
    keep(Math.min(low, high));
    if (low !== high) keep(Math.max(low, high));
  };
  for (let i = 1; i < n; i++) {
    const here = Math.floor(x(i));
    if (here !== column) {
      close();
      column = here;
      low = high = i;
    } else if (y(i) < y(low)) low = i;
    else if (y(i) > y(high)) high = i;
  }
  close();
  return out.subarray(0, used);
}

function all(n: number, x: (i: number) => number, y: (i: number) => number): Flat {
  const out = new Float64Array(2 * n);
  for (let i = 0; i < n; i++) {
    out[2 * i] = x(i);
    out[2 * i + 1] = y(i);
  }
  return out;
}

/** The largest value of each pixel column, by column; sorted by x. */
export function columnMaxima(
  n: number,
  x: (i: number) => number,
  y: (i: number) => number
): Map<number, number> {
  const largest = new Map<number, number>();
  for (let i = 0; i < n; i++) {
    const column = Math.floor(x(i));
    const before = largest.get(column);
    const value = y(i);
    if (before === undefined || value > before) largest.set(column, value);
  }
  return largest;
}
