// A tool call as a cell of the notebook: its code, and what it has already shown as its outputs, so
// that nothing runs a second time.

import { blockNode } from './blocks';
import type { Call } from './call';
import type { Desk } from './desk';
import { button, setText } from './dom';
import type { Block, Picture } from './types';
import { t } from '../words';

/** Code for a cell of the notebook, with outputs in nbformat's shape. */
export interface CodeCell {
  readonly source: string;
  readonly outputs?: readonly object[];
}
/** Puts code into new cells of the notebook, one below the other; one undo takes them away. */
export type NewCells = (cells: readonly CodeCell[]) => void;
type Pictures = ReadonlyMap<string, Picture>;
const CUT = /^… .* left out here …$/m;

const NO_VALUE =
  /^(?:\s|#|@|[)\]}]|(?:async|await|assert|class|def|del|for|from|global|if|elif|else|import|pass|print|raise|return|try|except|finally|while|with|display)\b)|[^=!<>]=[^=]|[;:\\,([{]\s*$/;

/** A call's outputs, as far as the trace has kept them. */
export function outputsOf({ outputs }: Call, pictures: Pictures): object[] {
  return outputs.flatMap(block => outputOf(block, pictures) ?? []);
}

function outputOf(block: Block, pictures: Pictures): object | null {
  switch (block.kind) {
    case 'text':
      return block.name === 'result' ? shown({ 'text/plain': block.text }) : stream(block);
    case 'table': {
      const html = new XMLSerializer().serializeToString(blockNode(block, pictures));
      const rows = [...block.head, ...block.rows].map(row => row.join('\t'));
      return shown({ 'text/html': html, 'text/plain': rows.join('\n') });
    }
    case 'image': {
      const picture = pictures.get(block.picture);
      return picture ? shown({ [picture.mime]: picture.data, 'text/plain': block.alt }) : null;
    }
    case 'error': {
      const { name: ename, message: evalue, traceback } = block;
      return { output_type: 'error', ename, evalue, traceback: traceback.split('\n') };
    }
    case 'source':
      return shown({ 'text/plain': block.text });
    case 'below':
      return null; // its data stands below the trace
  }
}

function stream({ name, text }: Block & { kind: 'text' }): object {
  return { output_type: 'stream', name: name === 'stderr' ? name : 'stdout', text };
}

function shown(data: Record<string, string>): object {
  return { output_type: 'display_data', metadata: {}, data };
}

/** Code that shows the whole of a table of which a trace shows the first rows; null if the code
 * that made it does not end with its value, on one line. */
export function showAll(code: string): string | null {
  const lines = code.trimEnd().split('\n');
  const value = lines.at(-1) ?? '';
  if (!value || NO_VALUE.test(value)) return null;
  return [
    'import pandas as pd',
    'with pd.option_context("display.max_rows", None, "display.max_columns", None):',
    `    display(${value})`
  ].join('\n');
}

/** Whether a call's code can become a cell: it is Python, and the trace has kept all of it. */
export function isCell({ isPython, code }: Call): boolean {
  return isPython && !CUT.test(code);
}

/** A button that puts code into cells.
 *
 * @param act does it; where the front end gives no way to the notebook it copies, and calls `copied`
 */
export function cellButton(
  words: string,
  act: (copied: () => void) => void
): HTMLButtonElement {
  const copied = (): void => setText(node, t('Copied: paste it into a new cell'));
  const node: HTMLButtonElement = button({}, () => act(copied), words);
  return node;
}

/** The button that puts all code of a run into cells: what ran well, in its order. */
export class AllCells {
  private readonly button = cellButton(t('All code as cells'), copied => this.put(copied));

  constructor(private readonly desk: Desk) {}

  /** Nothing where there is no code, or where older steps are here as lines only. */
  get nodes(): HTMLElement[] {
    return !this.desk.scene.view.lines.length && this.calls().length ? [this.button] : [];
  }

  private calls(): Call[] {
    const calls = this.desk.scene.view.steps.flatMap(step => step.calls);
    return calls.filter(call => isCell(call) && call.done && !call.isError && !call.stopped);
  }

  private put(copied: () => void): void {
    const { desk } = this;
    const calls = this.calls();
    const { pictures } = desk.scene.view;
    const cellOf = (call: Call): CodeCell => ({
      source: call.code,
      outputs: outputsOf(call, pictures)
    });
    if (desk.newCells) desk.newCells(calls.map(cellOf));
    else desk.copy(calls.map(({ code }) => code).join('\n\n'), t('Code'), copied);
  }
}
