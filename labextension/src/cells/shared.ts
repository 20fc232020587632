// What is used of the shared notebook, by the names of @jupyter/ydoc, whose notebook it is in
// JupyterLab and Notebook 7: what one page changes there, all pages have that share it.

/** A cell as nbformat writes it. */
export interface CellJson {
  readonly id?: string;
  readonly cell_type: string;
  readonly source?: string | string[];
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly outputs?: readonly object[];
  readonly execution_count?: number | null;
}

export interface Undoable {
  /** Several changes as one; `undoable` for the person who presses Ctrl+Z. */
  transact(change: () => void, undoable?: boolean): void;
  /** Not in the documented interface; without it a step of undo may hold what was typed before. */
  readonly undoManager?: { stopCapturing(): void } | null;
}

export interface SharedCell extends Undoable {
  readonly id: string;
  readonly cell_type: string;
  readonly isDisposed: boolean;
  getSource(): string;
  updateSource(start: number, end: number, text?: string): void;
  getMetadata(key: string): unknown;
  setMetadata(key: string, value: never): void;
  deleteMetadata(key: string): void;
  toJSON(): CellJson;
}

export interface SharedCodeCell extends SharedCell {
  execution_count: number | null;
  getOutputs(): readonly object[];
  setOutputs(outputs: never): void;
}

export interface SharedNotebook extends Undoable {
  /** Inside a transaction they are as they were before it. */
  readonly cells: readonly SharedCell[];
  /** Not there while a page that shares the notebook fetches it. */
  readonly metadata: object | undefined;
  readonly dirty: boolean;
  insertCell(index: number, cell: CellJson): SharedCell;
  deleteCell(index: number): void;
  setMetadata(key: string, value: never): void;
  deleteMetadata(key: string): void;
}

export function isCode(cell: SharedCell): cell is SharedCodeCell {
  return cell.cell_type === 'code';
}

/** Make a change that is one step of undo by itself. */
export function asOneStep(place: Undoable, change: () => void): void {
  place.undoManager?.stopCapturing();
  try {
    place.transact(change);
  } finally {
    place.undoManager?.stopCapturing();
  }
}
