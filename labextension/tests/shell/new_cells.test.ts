// Code becomes cells of a real shared notebook, and one undo takes it away again.

import { YNotebook } from '@jupyter/ydoc';
import { describe, expect, it } from 'vitest';

import { insertCode } from '../../src/shell/new_cells';
import type { NotebookModel } from '../../src/shell/notebook';
import { ids, sources } from '../cells/notebooks';

const CODE = ['a = 1', 'b = 2', 'c = 3'].map(source => ({ source }));

/** A notebook in which a person has just written a cell; `isWide` as one undo for all of it. */
function written(isWide: boolean): YNotebook {
  const made = new YNotebook({ disableDocumentWideUndoRedo: !isWide });
  made.insertCell(0, { cell_type: 'code', source: 'mine' });
  return made;
}

const model = (of: YNotebook): NotebookModel => ({ sharedModel: of }) as unknown as NotebookModel;

describe.each([true, false])('code as cells, undo for the whole notebook: %s', isWide => {
  it('comes in its order, and goes with one undo', () => {
    const notebook = written(isWide);
    insertCode(model(notebook), 1, CODE);
    expect(sources(notebook)).toEqual(['mine', 'a = 1', 'b = 2', 'c = 3']);
    expect(new Set(ids(notebook)).size).toBe(4);
    notebook.undo();
    expect(sources(notebook)).toEqual(['mine']);
    notebook.redo();
    expect(sources(notebook)).toEqual(['mine', 'a = 1', 'b = 2', 'c = 3']);
  });

  it('is a step of its own: without that, what a person has written goes too', () => {
    const notebook = written(isWide);
    CODE.forEach(({ source }, i) => notebook.insertCell(i + 1, { cell_type: 'code', source }));
    notebook.undo();
    expect(sources(notebook)).toEqual([]);
  });

  it('is not joined by what is done next', () => {
    const notebook = written(isWide);
    insertCode(model(notebook), 1, CODE);
    notebook.deleteCell(0);
    notebook.undo();
    expect(sources(notebook)).toEqual(['mine', 'a = 1', 'b = 2', 'c = 3']);
  });

  it('keeps its outputs, and the trust of the trace', () => {
    const notebook = written(isWide);
    const outputs = [{ output_type: 'stream', name: 'stdout', text: 'one\n' }];
    insertCode(model(notebook), 0, [{ source: 'print("one")', outputs }]);
    const cell = notebook.cells[0]?.toJSON();
    expect(cell).toMatchObject({ cell_type: 'code', outputs, metadata: { trusted: true } });
  });
});
