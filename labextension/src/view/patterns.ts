// The fills of phase bars: a pattern beside the colour, so that no phase is told by colour alone.

import { svg } from './dom';

const VARIABLES: Record<string, string> = {
  args: '--nba-args',
  answer: '--nba-answer',
  tool: '--nba-tool',
  retry: '--nba-error'
};

function pattern(name: string, size: number, turn: number, ...shapes: SVGElement[]): SVGElement {
  const turned = turn ? { patternTransform: `rotate(${turn})` } : {};
  const shape = {
    id: `nb-${name}`,
    width: size,
    height: size,
    patternUnits: 'userSpaceOnUse',
    ...turned
  };
  return svg('pattern', shape, ...shapes);
}

function ink(name: string, width: number, height: number): SVGElement {
  return svg('rect', { width, height, style: `fill:var(${VARIABLES[name] ?? ''})` });
}

/** The patterns as one hidden picture; its ids hold within the view's shadow root. */
export function patterns(): SVGElement {
  const dot = svg('circle', { cx: 2.5, cy: 2.5, r: 1.1, style: 'fill:var(--nba-bg)' });
  const defs = svg(
    'defs',
    {},
    pattern('args', 4, 0, ink('args', 2.8, 4)),
    pattern('answer', 4, 0, ink('answer', 4, 3)),
    pattern('tool', 5, 0, ink('tool', 5, 5), dot),
    pattern('retry', 5, -45, ink('retry', 3.6, 5))
  );
  return svg(
    'svg',
    { width: 0, height: 0, style: 'position:absolute', 'aria-hidden': 'true' },
    defs
  );
}
