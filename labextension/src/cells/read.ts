// The notebook as an agent reads it: every cell as it is in the page now, outputs as bounded text.

import { markOf } from './marks';
import { isCode, type SharedCell, type SharedNotebook } from './shared';
import { hashOf } from './text';

const SOURCE_CHARS = 200_000;
const OUTPUTS = 20;
const OUTPUT_CHARS = 8_000;

interface Output {
  readonly output_type?: unknown;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly text?: unknown;
  readonly traceback?: unknown;
}

/** Read all cells. */
export function readCells(notebook: SharedNotebook, path: string): object {
  return { cells: notebook.cells.map(readCell), path, dirty: notebook.dirty };
}

function readCell(cell: SharedCell): object {
  const source = cell.getSource();
  const isLong = source.length > SOURCE_CHARS;
  return {
    id: cell.id,
    type: cell.cell_type,
    source: isLong ? source.slice(0, SOURCE_CHARS) : source,
    ...(isLong ? { cut: true } : {}),
    hash: hashOf(source),
    execution_count: isCode(cell) ? cell.execution_count : null,
    outputs: isCode(cell) ? cell.getOutputs().slice(0, OUTPUTS).map(readOutput) : [],
    has_mark: markOf(cell) !== null
  };
}

/** Pictures and the like are named, not carried. */
function readOutput(output: Output): object {
  switch (output.output_type) {
    case 'stream':
      return { ...output, text: cut(output.text) };
    case 'error':
      return { ...output, traceback: [cut(output.traceback, '\n')] };
    default: {
      const data = Object.entries(output.data ?? {}).map(([mime, value]) => [
        mime,
        mime === 'text/plain' ? cut(value) : ''
      ]);
      return { ...output, metadata: {}, data: Object.fromEntries(data) as object };
    }
  }
}

function cut(text: unknown, between = ''): string {
  const whole = Array.isArray(text) ? text.join(between) : typeof text === 'string' ? text : '';
  return whole.slice(0, OUTPUT_CHARS);
}
