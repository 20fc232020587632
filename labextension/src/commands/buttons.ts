// The buttons in the toolbars of cells and notebooks. Each stands only where it can do something.

import { LabIcon, ToolbarButton } from '@jupyterlab/ui-components';
import type { Widget } from '@lumino/widgets';
import { isLive, type RunsStore } from '../runs/store';
import { canFix } from './cells';
import { belongs } from './here';
import type { App, Cell, Panel } from './host';
import { commandWords, idOf } from './table';

const SVG = 'xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16"';
/** An open ring, as a run's state is drawn while it goes on. */
const ASK = new LabIcon({
  name: 'nbagent:ask',
  svgstr: `<svg ${SVG}><path class="nbagent-ring" fill="none" d="M5 3.3a5.5 5.5 0 1 0 6 0"/></svg>`
});
const STOP = new LabIcon({
  name: 'nbagent:stop',
  svgstr: `<svg ${SVG}><rect class="nbagent-square" x="4" y="4" width="8" height="8" rx="1"/></svg>`
});
const STYLES = `
.nbagent-ring { stroke: var(--jp-brand-color1, #1976d2); stroke-width: 1.8; stroke-linecap: round; }
.nbagent-square { fill: var(--jp-error-color1, #cf222e); }
.nbagent-fix .jp-ToolbarButtonComponent-label {
  color: var(--jp-content-link-color, var(--jp-brand-color1, #1976d2));
  font-weight: 600;
  margin-inline-start: 4px;
}`;

/** Give the page the looks of the buttons. */
export function addStyles(page: Document): void {
  const style = page.createElement('style');
  style.textContent = STYLES;
  page.head.append(style);
}

/** “Fix with Kimi”, on a cell that failed. */
export function fixButton(app: App, cell: Cell): Widget {
  const { label, caption } = commandWords().fix;
  const button = new ToolbarButton({
    label,
    icon: ASK,
    tooltip: caption,
    className: 'nbagent-fix',
    onClick: () => void app.commands.execute(idOf('fix'))
  });
  const update = (): void => button.setHidden(!canFix(cell));
  const { outputs } = cell.model;
  outputs?.changed.connect(update);
  button.disposed.connect(() => outputs?.changed.disconnect(update));
  update();
  return button;
}

/** “Stop Kimi”, in a notebook while a run of it goes on. */
export function stopButton(app: App, panel: Panel, store: RunsStore): Widget {
  const { label, caption } = commandWords().stop;
  const button = new ToolbarButton({
    label,
    icon: STOP,
    tooltip: caption,
    className: 'nbagent-stop',
    onClick: () => void app.commands.execute(idOf('stop'), { notebook: panel.id })
  });
  const update = (): void => {
    button.setHidden(!store.rows.some(row => isLive(row) && belongs(row, panel)));
  };
  store.changed.connect(update);
  button.disposed.connect(() => store.changed.disconnect(update));
  update();
  return button;
}
