// What agents propose for a notebook, and what becomes of it when the person chooses.

import { newId } from '../shell/link';
import { card, type CardActs, type How, type Proposal } from './card';
import type { Piece } from './board';
import type { App, CellsPanel, CellWidget } from './host';
import { hostOf, show } from './places';
import type { Proposed } from './protocol';
import { toldBy } from './told';
import { asOneStep, isCode, type SharedCell, type SharedNotebook } from './shared';
import { hashOf, rewrite } from './text';

interface Open extends Proposal {
  readonly name: string;
}

const callOf = ({ run_id, tool_call_id }: Proposed): string => `${run_id} ${tool_call_id}`;

export class Proposals {
  /** Called when there is another one, or one less. */
  changed: () => void = () => undefined;
  private open: Open[] = [];
  /** The calls that the kernel has told to be undecided. */
  private told = new Set<string>();
  /** Those that were decided here: the kernel's word may have been on the way meanwhile. */
  private readonly decided = new Set<string>();

  /** @param chosen tells the kernel how the person chose */
  constructor(
    private readonly panel: CellsPanel,
    private readonly app: App,
    private readonly chosen: (proposal: Proposal, how: How) => void
  ) {}

  /** Show what a request proposes; the same call's earlier words give way. */
  add(request: Proposed): void {
    const call = callOf(request);
    this.open = this.open.filter(old => callOf(old.request) !== call);
    for (const op of request.ops) {
      if (op.op !== 'edit' && op.op !== 'insert' && op.op !== 'delete') continue;
      this.open.push({ request, op, name: `card:${newId()}` });
    }
    this.changed();
  }

  /** Show what the kernel knows to be undecided. What it told of before, and does not any more, was
   * decided in another page. */
  offer(undecided: readonly Proposed[]): void {
    const now = new Set(undecided.map(callOf));
    const isOver = (call: string): boolean => this.told.has(call) && !now.has(call);
    this.open = this.open.filter(({ request }) => !isOver(callOf(request)));
    this.told = now;
    const here = new Set([...this.decided, ...this.open.map(({ request }) => callOf(request))]);
    for (const proposed of undecided) if (!here.has(callOf(proposed))) this.add(proposed);
    this.changed();
  }

  /** The cards as they are to be drawn. */
  pieces(notebook: SharedNotebook, there: ReadonlyMap<string, CellWidget>): Piece[] {
    const runs = new Set<string>();
    const ids = notebook.cells.map(({ id }) => id);
    return this.open.flatMap(proposal => {
      const { op, name } = proposal;
      const after = op.op === 'insert' ? (op.after === 'end' ? ids.at(-1) : op.after) : op.id;
      const host = hostOf(ids, after ?? '', there);
      if (!host) return [];
      const cell = op.op === 'insert' ? null : subject(notebook, op);
      const source = cell?.getSource() ?? null;
      const type = op.op === 'insert' ? op.type : notebook.cells.find(({ id }) => id === op.id);
      const isCodeCell = type === 'code' || (typeof type === 'object' && isCode(type));
      const { run_id } = proposal.request;
      const all = toldBy(notebook, run_id);
      const told = runs.has(run_id) ? { ...all, why: '', facts: '' } : all; // once is enough
      runs.add(run_id);
      const acts = this.acts(proposal, notebook, isCodeCell, told.at);
      const key = JSON.stringify([source, told]);
      const draw = (): HTMLElement => card(proposal, told, source, isCodeCell, acts);
      return [{ name, cell: host[0], where: host[1], key, draw }];
    });
  }

  private acts(
    proposal: Open,
    notebook: SharedNotebook,
    isCodeCell: boolean,
    trace: number
  ): CardActs {
    const { op } = proposal;
    const type = isCodeCell ? 'code' : 'markdown';
    const put = (after: string | null, source: string, runs: boolean): void => {
      this.choose(proposal, 'inserted');
      const at = after === 'end' ? notebook.cells.length : placeAfter(notebook, after);
      asOneStep(notebook, () => notebook.insertCell(at, { cell_type: type, source }));
      this.go(at, runs);
    };
    return {
      take: runs => {
        if (op.op === 'insert') put(op.after, op.source, runs);
        else this.change(proposal, subject(notebook, op), notebook, runs);
      },
      below: () => {
        if (op.op === 'edit') put(op.id, op.source, false);
      },
      trace: trace < 0 ? null : () => this.goToTrace(trace),
      close: () => this.choose(proposal, 'dismissed')
    };
  }

  private change(
    proposal: Open,
    cell: SharedCell | null,
    notebook: SharedNotebook,
    runs: boolean
  ): void {
    const { op } = proposal;
    if (!cell) return;
    const at = notebook.cells.indexOf(cell);
    this.choose(proposal, 'replaced');
    if (op.op === 'edit') asOneStep(cell, () => rewrite(cell, op.source));
    else asOneStep(notebook, () => notebook.deleteCell(at));
    this.go(Math.min(at, notebook.cells.length - 1), runs);
  }

  /** The person chose: the card goes, and so does the focus, to the notebook. */
  private choose(proposal: Open, how: How): void {
    this.open = this.open.filter(other => other !== proposal);
    this.decided.add(callOf(proposal.request));
    this.chosen(proposal, how);
    this.panel.content.node.focus({ preventScroll: true });
    this.changed();
  }

  private goToTrace(at: number): void {
    show(this.panel, at);
    this.panel.content.widgets[at]?.node.focus({ preventScroll: true });
  }

  private go(at: number, runs: boolean): void {
    show(this.panel, at);
    if (runs) void this.app.commands.execute('notebook:run-cell');
  }
}

/** The cell that a proposal is about, as long as it is as it was. */
function subject(
  notebook: SharedNotebook,
  { id, expected }: { id: string; expected: string }
): SharedCell | null {
  const cell = notebook.cells.find(each => each.id === id);
  return cell && hashOf(cell.getSource()) === expected ? cell : null;
}

function placeAfter(notebook: SharedNotebook, id: string | null): number {
  return id === null ? 0 : notebook.cells.findIndex(cell => cell.id === id) + 1;
}
