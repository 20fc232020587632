// A tool call as a cell of the notebook: its code, and what it has already shown as its outputs, so
// that nothing runs a second time.

import { blockNode } from './blocks';
import type { Call } from './call';
import type { Desk } from './desk';
import { button, h, setText } from './dom';
import type { Step } from './steps';
import type { Block, Picture } from './types';
import { counted, t } from '../words';

/** Code for a cell of the notebook, with outputs in nbformat's shape. */
export interface CodeCell {
  readonly source: string;
  readonly outputs?: readonly object[];
}
/** Puts code into new cells of the notebook, one below the other; one undo takes them away. */
export type NewCells = (cells: readonly CodeCell[]) => void;
type Pictures = ReadonlyMap<string, Picture>;

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

/** A button that puts code into cells, with room for what has to be said of it.
 *
 * @param act does it; where the front end gives no way to the notebook it copies, and calls
 *   `copied`; what it returns is said
 */
export function cellButton(
  desk: Desk,
  words: string,
  act: (copied: () => void) => Promise<string> | undefined
): HTMLElement {
  const note = h('span', { class: 'm s' });
  const copied = (): void => setText(node, t('Copied: paste it into a new cell'));
  const say = (said: string): void => {
    setText(note, said);
    if (said) desk.say(said);
  };
  const press = (): void => {
    const asked = act(copied);
    if (asked) setText(note, t('Asking the kernel')); // never drawn where the code is here
    void asked?.then(say);
  };
  const node = button({}, press, words);
  return h('span', { class: 'row' }, node, note);
}

/** Put the code of calls into cells, each with what it has shown.
 *
 * @returns what to say of calls of which the trace has an excerpt, and nobody answers with the rest
 */
export async function putCalls(
  desk: Desk,
  calls: readonly (readonly [Step, Call])[],
  copied: () => void
): Promise<string> {
  const { pictures } = desk.scene.view;
  const asked = calls.map(async ([step, call]) => {
    const source = await desk.archive.code(step, call);
    return { source, outputs: outputsOf(call, pictures) };
  });
  const settled = await Promise.allSettled(asked);
  const cells = settled.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []));
  if (cells.length && desk.newCells) desk.newCells(cells);
  else if (cells.length) {
    desk.copy(cells.map(({ source }) => source).join('\n\n'), t('Code'), copied);
  }
  const n = calls.length - cells.length;
  const missed = { calls: counted(n, 'call') };
  return n ? t('{calls} left out: only an excerpt is here, and no kernel has the rest', missed) : '';
}

/** The button that puts all code of a run into cells: what ran well, in its order. */
export class AllCells {
  private readonly button: HTMLElement;

  constructor(private readonly desk: Desk) {
    this.button = cellButton(desk, t('All code as cells'), copied =>
      putCalls(desk, this.calls(), copied)
    );
  }

  /** Nothing where there is no code, or where older steps are here as lines only. */
  get nodes(): HTMLElement[] {
    return !this.desk.scene.view.lines.length && this.calls().length ? [this.button] : [];
  }

  private calls(): (readonly [Step, Call])[] {
    const { steps } = this.desk.scene.view;
    const calls = steps.flatMap(step => step.calls.map(call => [step, call] as const));
    return calls.filter(([, call]) => {
      return call.isPython && call.done && !call.isError && !call.stopped;
    });
  }
}
