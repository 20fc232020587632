// A piece of the notebook's page that is ours: a bar at a cell, a card under it, a row above all.

import { Widget } from '@lumino/widgets';
import { h } from '../view/dom';
import { followTheme } from '../view/theme';
import { STYLES } from './styles';

export class Strip extends Widget {
  private readonly root = h('div', { class: 'nba' });
  private readonly unfollow: () => void;
  private drawn = '';
  /** A box gives no more height than is asked for, and words take two lines in a narrow page. */
  private readonly height = new ResizeObserver(() => {
    this.node.style.minHeight = `${this.root.offsetHeight}px`;
    this.parent?.fit();
  });

  /** @param aligned whether it begins where cells' editors begin */
  constructor(aligned: boolean) {
    super();
    this.addClass('nbagent-strip');
    // Keys pressed in it are not the notebook's: Enter on a button would begin to edit the cell.
    this.node.setAttribute('data-lm-suppress-shortcuts', 'true');
    // Nor shall the notebook take the focus back to another cell that is the active one.
    this.node.addEventListener('keydown', event => event.stopPropagation());
    if (aligned) {
      const left = 'var(--jp-cell-collapser-width, 8px) + var(--jp-cell-prompt-width, 64px)';
      this.node.style.marginLeft = `calc(${left})`;
    }
    this.node.style.flex = 'none';
    const shadow = this.node.attachShadow({ mode: 'open' });
    shadow.append(h('style', {}, STYLES), this.root);
    this.unfollow = followTheme(this.root, this.node);
    if (!aligned) this.height.observe(this.root);
  }

  /** Draw it, unless what it shows is the same.
   *
   * The control that had the focus keeps it, or the first one that took its place.
   *
   * @param key stands for what it shows
   */
  draw(key: string, make: () => HTMLElement): void {
    if (key === this.drawn) return;
    this.drawn = key;
    const held = (this.node.shadowRoot?.activeElement as HTMLElement | null)?.dataset['act'];
    this.root.replaceChildren(make());
    if (held === undefined) return;
    const same = this.root.querySelector<HTMLElement>(`[data-act="${held}"]`);
    (same ?? this.root.querySelector('button'))?.focus({ preventScroll: true });
  }

  override dispose(): void {
    this.unfollow();
    this.height.disconnect();
    super.dispose();
  }
}
