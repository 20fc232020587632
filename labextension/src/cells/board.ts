// One notebook in one page: shows what agents changed or propose there, and does what is answered.

import { button, setText } from '../view/dom';
import { t } from '../words';
import * as answers from './answers';
import { allBar, answeredBar, elsewhereBar, goneBar, markBar, whoOf } from './bars';
import type { App, CellsPanel, CellWidget } from './host';
import { goneOf, isTouched, markOf } from './marks';
import { hostOf, put, show, type Where, withGone } from './places';
import type { Proposals } from './proposals';
import type { Request } from './protocol';
import type { SharedNotebook } from './shared';
import { Strip } from './strip';

/** The last answer, which can be taken back. */
interface Answered {
  readonly words: string;
  readonly undo: answers.Undo;
  /** The cell at which it was given, or what now stands before its place; null above all cells. */
  readonly at: string | null;
}

/** Something of ours at a cell. */
export interface Piece {
  /** Names it for as long as it is there. */
  readonly name: string;
  readonly cell: CellWidget;
  readonly where: Where;
  /** Stands for what it shows. */
  readonly key: string;
  draw(): HTMLElement;
}

export class Board {
  private readonly strips = new Map<string, Strip>();
  private readonly offers = new Set<{ readonly run: string; readonly node: HTMLElement }>();
  private answered: Answered | null = null;
  private frame = 0;

  /** A run that changes cells of this notebook in another page, where nothing is shared. */
  private elsewhere: Pick<Request, 'run_id' | 'who'> | null = null;

  /** @param proposals what agents propose for this notebook */
  constructor(
    private readonly panel: CellsPanel,
    private readonly proposals: Proposals,
    private readonly app: App
  ) {
    panel.content.modelContentChanged.connect(this.request);
    proposals.changed = this.request;
    this.request();
  }

  dispose(): void {
    cancelAnimationFrame(this.frame);
    this.panel.content.modelContentChanged.disconnect(this.request);
    for (const strip of this.strips.values()) strip.dispose();
  }

  /** Put a button for a run into a place; the function that is returned ends it. */
  offerRevert(run: string, place: HTMLElement): () => void {
    const node = button({ hidden: true }, () => this.revert(run));
    const offer = { run, node };
    this.offers.add(offer);
    place.append(node);
    this.request();
    return () => {
      this.offers.delete(offer);
      node.remove();
    };
  }

  /** Tell that another page was asked to change cells: this one does not show it. */
  tellElsewhere({ run_id, who, ops, mode }: Request): void {
    if (mode !== 'apply' || ops.every(({ op }) => op === 'read')) return;
    this.elsewhere = { run_id, ...(who === undefined ? {} : { who }) };
    this.request();
  }

  private revert(run: string): void {
    const { notebook } = this;
    if (!notebook) return;
    const [{ reverted, kept }, undo] = answers.revertAll(notebook, run);
    const n = reverted.length;
    const done = n === 1 ? t('1 change reverted') : t('{n} changes reverted', { n });
    const words = kept.length
      ? t('{done}; {n} kept, as you changed them since', { done, n: kept.length })
      : done;
    this.answer({ words, undo, at: null });
  }

  private get notebook(): SharedNotebook | null {
    return this.panel.content.model?.sharedModel ?? null;
  }

  private answer(answered: Answered | null): void {
    this.answered = answered;
    this.update();
  }

  /** Draw once in the next frame, however much comes before it. */
  private readonly request = (): void => {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.update();
    });
  };

  private update(): void {
    const { notebook, panel } = this;
    if (!notebook || panel.isDisposed) return;
    const there = new Map(panel.content.widgets.map(cell => [cell.model.id, cell]));
    const pieces = [
      ...this.atCells(notebook, there),
      ...this.between(notebook, there),
      ...this.proposals.pieces(notebook, there)
    ];
    this.drawOffers(notebook);
    const rows = this.rows(notebook);
    const names = new Set([...pieces, ...rows].map(({ name }) => name));
    for (const [name, strip] of this.strips) {
      if (names.has(name) && !strip.isDisposed) continue;
      strip.dispose();
      this.strips.delete(name);
    }
    for (const piece of pieces) {
      const strip = this.strip(piece.name, true);
      strip.draw(piece.key, () => piece.draw());
      if (strip.parent !== piece.cell) void put(strip, piece.cell, piece.where);
    }
    for (const { name, key, draw } of rows) {
      const strip = this.strip(name, false);
      strip.draw(key, draw);
      if (!strip.parent) panel.contentHeader.addWidget(strip);
    }
  }

  private drawOffers(notebook: SharedNotebook): void {
    const all = this.offers.size ? answers.changesOf(notebook) : [];
    for (const { run, node } of this.offers) {
      const changes = all.find(each => each.run === run);
      const n = changes ? changes.cells.length + changes.gone.length : 0;
      node.hidden = n === 0;
      if (n) setText(node, n === 1 ? t('Revert 1 cell change') : t('Revert {n} cell changes', { n }));
    }
  }

  private strip(name: string, aligned: boolean): Strip {
    const strip = this.strips.get(name) ?? new Strip(aligned);
    this.strips.set(name, strip);
    return strip;
  }

  private atCells(notebook: SharedNotebook, there: ReadonlyMap<string, CellWidget>): Piece[] {
    return notebook.cells.flatMap(shared => {
      const { id } = shared;
      const [cell, mark] = [there.get(id), markOf(shared)];
      if (!cell || !mark) return [];
      const source = shared.getSource();
      const touched = isTouched(mark, source);
      const answer = (words: string, undo: answers.Undo): void =>
        this.answer({ words, undo, at: id });
      const acts = {
        accept: () => answer(t('Accepted'), answers.accept(notebook, id)),
        reject: () => {
          const before = notebook.cells[notebook.cells.indexOf(shared) - 1]?.id ?? null;
          const undo = answers.reject(notebook, id);
          if (mark.before === null) this.answer({ words: t('Cell removed'), undo, at: before });
          else answer(t('Put back as it was'), undo);
        }
      };
      const key = [mark.kind, mark.hash, mark.before, touched, source].join('\n');
      const draw = (): HTMLElement => markBar(mark, source, touched, acts);
      return [{ name: `mark:${id}`, cell, where: 'editor' as const, key, draw }];
    });
  }

  private between(notebook: SharedNotebook, there: ReadonlyMap<string, CellWidget>): Piece[] {
    const gone = goneOf(notebook);
    const ids = notebook.cells.map(({ id }) => id);
    const all = withGone(ids, gone);
    const pieces = gone.flatMap(each => {
      const { id } = each.cell;
      const host = hostOf(all, id, there);
      if (!host) return [];
      const answer = (words: string, undo: answers.Undo, at = host[0].model.id): void =>
        this.answer({ words, undo, at });
      const acts = {
        restore: () => answer(t('Put back'), answers.restore(notebook, each), id),
        keep: () => answer(t('Left deleted'), answers.keepDeleted(notebook, each))
      };
      const draw = (): HTMLElement => goneBar(each, acts);
      return [{ name: `gone:${id}`, cell: host[0], where: host[1], key: id, draw }];
    });
    pieces.sort((a, b) => all.indexOf(a.key) - all.indexOf(b.key));
    const at = this.answered?.at;
    const host = typeof at === 'string' ? there.get(at) : undefined;
    return host ? [...pieces, { ...this.answeredPiece(), cell: host, where: 'end' }] : pieces;
  }

  private answeredPiece(): { name: string; key: string; draw: () => HTMLElement } {
    const { words = '', undo = () => undefined, at = null } = this.answered ?? {};
    const close = (): void => this.answer(null);
    const back = (): void => {
      undo();
      close();
    };
    const key = `${words}${String(at)}`;
    return { name: `answered:${String(at)}`, key, draw: () => answeredBar(words, back, close) };
  }

  /** The rows above the notebook: a run that changed more than one cell, and what was answered. */
  private rows(notebook: SharedNotebook): Pick<Piece, 'name' | 'key' | 'draw'>[] {
    const many = answers
      .changesOf(notebook)
      .filter(({ cells, gone }) => cells.length + gone.length > 1);
    const rows = many.map(all => {
      const { run, cells, gone } = all;
      const n = cells.length + gone.length;
      const acts = {
        accept: () => {
          const undo = answers.acceptAll(notebook, all);
          this.answer({ words: t('{n} changes accepted', { n }), undo, at: null });
        },
        revert: () => this.revert(run),
        go: (by: 1 | -1) => this.go(all, by)
      };
      return { name: `all:${run}`, key: `${run} ${n}`, draw: () => allBar(all, acts) };
    });
    if (this.answered && this.answered.at === null) rows.push(this.answeredPiece());
    return [...rows, ...this.elsewherePieces(notebook)];
  }

  /** Nothing any more once this page has the changes too. */
  private elsewherePieces(notebook: SharedNotebook): Pick<Piece, 'name' | 'key' | 'draw'>[] {
    const { elsewhere } = this;
    const isHere = answers.changesOf(notebook).some(({ run }) => run === elsewhere?.run_id);
    if (!elsewhere || isHere) return [];
    const close = (): void => {
      this.elsewhere = null;
      this.update();
    };
    const reload = (): void => void this.app.commands.execute('docmanager:reload');
    const draw = (): HTMLElement => elsewhereBar(whoOf(elsewhere), reload, close);
    return [{ name: 'elsewhere', key: whoOf(elsewhere), draw }];
  }

  private go({ cells, gone }: answers.Changes, by: 1 | -1): void {
    const { notebook, panel } = this;
    if (!notebook) return;
    const ids = notebook.cells.map(({ id }) => id);
    const all = withGone(ids, goneOf(notebook));
    const there = new Map(panel.content.widgets.map(cell => [cell.model.id, cell]));
    const hosts = gone.flatMap(({ cell }) => hostOf(all, cell.id, there)?.[0].model.id ?? []);
    const changed = [...cells.map(({ id }) => id), ...hosts];
    const places = [...new Set(changed.map(id => ids.indexOf(id)))].sort((a, b) => a - b);
    const now = panel.content.activeCellIndex;
    const next =
      by > 0
        ? (places.find(place => place > now) ?? places[0])
        : (places.filter(place => place < now).at(-1) ?? places.at(-1));
    if (next !== undefined) show(panel, next);
  }
}
