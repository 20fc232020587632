// Differences between two texts line by line, found as Python's difflib finds them (no autojunk).

export type Opcode = [
  tag: 'equal' | 'replace' | 'delete' | 'insert',
  i: number,
  j: number,
  k: number,
  m: number
];
type Match = [a: number, b: number, size: number];

const DIFF_LINES = 60;

function indexed(b: readonly string[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  b.forEach((line, j) => {
    const known = places.get(line);
    if (known) {
      known.push(j);
    } else {
      places.set(line, [j]);
    }
  });
  return places;
}

function longestMatch(
  a: readonly string[],
  places: Map<string, number[]>,
  window: readonly [number, number, number, number]
): Match {
  const [aLow, aHigh, bLow, bHigh] = window;
  let best: Match = [aLow, bLow, 0];
  let lengths = new Map<number, number>();
  for (let i = aLow; i < aHigh; i++) {
    const next = new Map<number, number>();
    for (const j of places.get(a[i] ?? '') ?? []) {
      if (j < bLow || j >= bHigh) {
        continue;
      }
      const k = (lengths.get(j - 1) ?? 0) + 1;
      next.set(j, k);
      if (k > best[2]) {
        best = [i - k + 1, j - k + 1, k];
      }
    }
    lengths = next;
  }
  return best;
}

function matchingBlocks(a: readonly string[], b: readonly string[]): Match[] {
  const places = indexed(b);
  const queue: [number, number, number, number][] = [[0, a.length, 0, b.length]];
  const found: Match[] = [];
  for (let part = queue.pop(); part; part = queue.pop()) {
    const [aLow, aHigh, bLow, bHigh] = part;
    const [i, j, k] = longestMatch(a, places, part);
    if (k) {
      found.push([i, j, k]);
      if (aLow < i && bLow < j) {
        queue.push([aLow, i, bLow, j]);
      }
      if (i + k < aHigh && j + k < bHigh) {
        queue.push([i + k, aHigh, j + k, bHigh]);
      }
    }
  }
  found.sort((x, y) => x[0] - y[0] || x[1] - y[1]);
  return [...found, [a.length, b.length, 0]];
}

/** The share of lines that two texts have in common, 0 to 1. */
export function ratio(a: readonly string[], b: readonly string[]): number {
  const matches = matchingBlocks(a, b).reduce((sum, [, , k]) => sum + k, 0);
  return a.length + b.length ? (2 * matches) / (a.length + b.length) : 1;
}

/** How to turn `a` into `b`. */
export function opcodes(a: readonly string[], b: readonly string[]): Opcode[] {
  const codes: Opcode[] = [];
  let [i, j] = [0, 0];
  for (const [ai, bj, k] of matchingBlocks(a, b)) {
    if (i < ai && j < bj) {
      codes.push(['replace', i, ai, j, bj]);
    } else if (i < ai) {
      codes.push(['delete', i, ai, j, bj]);
    } else if (j < bj) {
      codes.push(['insert', i, ai, j, bj]);
    }
    [i, j] = [ai + k, bj + k];
    if (k) {
      codes.push(['equal', ai, i, bj, j]);
    }
  }
  return codes;
}

/** The lines of two texts, each behind its sign: `-` gone, `+` new, blank the same; bounded. */
export function lineDiff(before: readonly string[], after: readonly string[]): string {
  const rows: string[] = [];
  for (const [tag, i, j, k, m] of opcodes(before, after)) {
    const gone = before.slice(i, j);
    if (tag === 'equal') {
      rows.push(...gone.map(line => `  ${line}`));
    } else {
      rows.push(...gone.map(line => `- ${line}`), ...after.slice(k, m).map(line => `+ ${line}`));
    }
  }
  if (rows.length > DIFF_LINES) {
    const left = rows.length - DIFF_LINES;
    return [...rows.slice(0, DIFF_LINES), `… ${left} more lines`].join('\n');
  }
  return rows.join('\n');
}
