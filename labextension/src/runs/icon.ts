// The sign of the runs, as the shell's tabs draw one: in the colour of the text around it.

import { put, svg } from '../view/dom';

const SHAPE = 'M10 2.2A5.3 5.3 0 1 1 4 2.2M10 2.2V5M10 2.2h2.8';

/** Draws the icon into a tab. */
export const runsIcon = {
  render(host: HTMLElement): void {
    const path = svg('path', { d: SHAPE, fill: 'none', 'stroke-width': 1.5 });
    put(path, { style: 'stroke:var(--jp-ui-font-color2,#616161)', 'stroke-linecap': 'round' });
    const style = 'display:block;margin:0 auto';
    const shape = { viewBox: '0 0 14 14', width: 16, height: 16, 'aria-hidden': 'true', style };
    host.replaceChildren(svg('svg', shape, path));
  }
};
