// The icons that only the step view has; like those of the view they say nothing by themselves.

import { svg } from '../view/dom';

const PATHS = {
  step: 'M3 3l5 4-5 4zM11 3v8',
  play: 'M4 3l7 4-7 4z',
  fwd: 'M5 3l4 4-4 4',
  ff: 'M2.5 3l4 4-4 4zM7.5 3l4 4-4 4z',
  end: 'M2 3l4 4-4 4M7 3l4 4-4 4M12.5 3v8',
  copy: 'M4.5 5.5a1 1 0 0 1 1-1H11a1 1 0 0 1 1 1V11a1 1 0 0 1-1 1H5.5a1 1 0 0 1-1-1zM9.5 4.5V2H2v7.5h2.5',
  pen: 'M2 12l.7-3L9.5 2.2l2.3 2.3L5 11.3z',
  fork: 'M4.8 2.8a1.3 1.3 0 1 1-2.6 0 1.3 1.3 0 1 1 2.6 0M11.8 2.8a1.3 1.3 0 1 1-2.6 0 1.3 1.3 0 1 1 2.6 0M8.3 11.2a1.3 1.3 0 1 1-2.6 0 1.3 1.3 0 1 1 2.6 0M3.5 4.1c0 3 3.5 2.2 3.5 5.8M10.5 4.1c0 3-3.5 2.2-3.5 5.8'
} as const;

export function sign(name: keyof typeof PATHS, color = ''): SVGElement {
  const filled = name === 'play' ? ' f' : '';
  const shape = {
    class: `i${filled} ${color}`.trim(),
    viewBox: '0 0 14 14',
    'aria-hidden': 'true'
  };
  return svg('svg', shape, svg('path', { d: PATHS[name] }));
}
