// Prompts in notebooks: which editors follow their text, and where completions come from.

import type { NotebookPanel, NotebookTracker } from '../shell/notebook';
import { promptEditing } from './editing';
import type { CellWidget, Editor, Languages, NotebookContent } from './host';

export { complete, isOurs } from './completing';

/** Let every code cell of every notebook follow its text, from now on.
 *
 * @param tracker knows the page's notebooks
 * @param languages the page's, if it tells
 */
export function followPrompts(tracker: NotebookTracker, languages: Languages | null): void {
  const seen = new WeakSet<Editor>();
  const follow = (cell: CellWidget): void => {
    const { editor, model } = cell;
    if (!editor || model.type !== 'code' || seen.has(editor)) return;
    seen.add(editor);
    editor.injectExtension(promptEditing(model, languages));
  };
  const notebook = (panel: NotebookPanel): void => {
    const content = panel.content as unknown as NotebookContent;
    const cells = (): void => {
      // a cell that was never in sight has no editor yet
      for (const cell of content.widgets) void cell.ready.then(() => follow(cell));
    };
    const model = (): void => {
      content.model?.cells.changed.connect(cells);
      cells();
    };
    content.modelChanged.connect(model);
    model();
  };
  tracker.forEach(notebook);
  tracker.widgetAdded.connect((_sender, panel) => {
    notebook(panel);
  });
}
